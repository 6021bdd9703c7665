package cli

import (
	"context"
	"fmt"
	"slices"

	"zhicang/ingest"
	"zhicang/ledger"
)

// warnOfRenamed tells of sources that look like others under a new name. Ids are
// trusted within a system, which is the source's name where its config says
// nothing: what was loaded under the old name would count a second time.
func (a *app) warnOfRenamed(ctx context.Context) error {
	known, err := a.ledger.Sources(ctx)
	if err != nil {
		return err
	}
	for _, c := range a.cfg.Sources {
		if c.System != "" || slices.ContainsFunc(known, func(s ledger.SourceHealth) bool { return s.Source == c.Name }) {
			continue
		}
		for _, old := range known {
			gone := !slices.ContainsFunc(a.cfg.Sources, func(s ingest.Config) bool { return s.Name == old.Source || s.System == old.Source })
			if gone && old.Table == c.Table {
				fmt.Fprintf(a.err, "source %[1]s is new, and %[2]s is gone, which delivered to %[3]s as well: what both deliver will count twice\n"+
					"Try: system: %[2]s under %[1]s, if it is the same source or its successor; system: %[1]s if the ids of both have nothing to do with each other\n", c.Name, old.Source, c.Table)
			}
		}
	}
	return nil
}
