package ingest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// rememberRows gets ready to know the rows of a database again. Under another
// reading no row is known, but what has vanished still shows.
func (in *intake) rememberRows(ctx context.Context, u Unit, fresh bool, batch int64) (err error) {
	in.vanishing = ""
	c := in.checker.contract
	path, err := in.Ledger.KnownRows(ctx, in.cfg.Name, u.Name)
	if err != nil {
		return err
	}
	if fresh && in.cfg.SQL.ReconcileDeletes {
		in.vanishing = path
	}
	if fresh {
		path = ""
	}
	in.known, err = newKnown(in.Dir, path, batch, c, in.cfg, in.Keys.Pseudonym)
	if err != nil {
		return &Error{
			Source: in.cfg.Name, Unit: u.Name, Err: err,
			Try: "bring the folder known back from its backup, or read the source from its beginning: zhicang run --reload " + in.cfg.Name,
		}
	}
	if in.cfg.SQL.ReconcileDeletes && len(in.known.key) == 0 {
		return &Error{
			Source: in.cfg.Name, Setting: "reconcile_deletes", Err: fmt.Errorf("needs the key of %s (%s) to come from the source", c.Table, strings.Join(c.Key, ", ")),
			Try: "map it under columns:, or leave reconcile_deletes out",
		}
	}
	return nil
}

// A KeySource can tell which rows it has without reading them: databases.
type KeySource interface {
	// Keys delivers the fields of every row that a unit has now.
	Keys(ctx context.Context, u Unit, fields []string, yield func(Batch) error) error
}

// meetKeys asks the source which of its rows are still there, where a reading
// does not show it.
func (in *intake) meetKeys(ctx context.Context, u Unit) error {
	k := in.known
	if k.whole || !in.cfg.SQL.ReconcileDeletes {
		return nil
	}
	source, ok := in.source.(KeySource)
	if !ok {
		return &Error{Source: in.cfg.Name, Setting: "reconcile_deletes", Err: errors.New("the source cannot list its keys"), Try: "write mode: snapshot"}
	}
	return in.readError(u, source.Keys(ctx, u, k.fields, func(b Batch) error {
		k.present(b)
		return nil
	}))
}

// settleKnown writes what is known after the reading, and lands tombstones for
// what has vanished.
func (in *intake) settleKnown(ctx context.Context, u Unit, w *batchWriter) error {
	k := in.known
	if k == nil {
		return nil
	}
	defer k.fresh.clear(false)
	old := k.old
	if in.vanishing != "" { // all is read anew: a key that is there is among it
		old = knownIndex{path: in.vanishing}
	} else if err := in.meetKeys(ctx, u); err != nil {
		return err
	}
	vanished, keys, err := k.fresh.merge(&old)
	if err != nil {
		return in.writeError(u, fmt.Errorf("known rows: %w", err))
	}
	w.batch.Known = k.fresh.path
	if !in.cfg.SQL.ReconcileDeletes || len(vanished) == 0 {
		return nil
	}
	limit := in.cfg.MaxBadShare
	if limit == 0 {
		limit = defaultMaxBadShare
	}
	if len(vanished) >= fewHeld && float64(len(vanished)) > limit*float64(keys) {
		return &Error{
			Source: in.cfg.Name, Unit: u.Name,
			Err: fmt.Errorf("%d of the %d rows that the source had have vanished from it; nothing was landed", len(vanished), keys),
			Try: "if the department is just filling its table anew, run again later; if the rows really are deleted, raise max_bad_share for this run",
		}
	}
	if err := w.bury(ctx, in.Loader, vanished); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return in.writeError(u, err)
	}
	return nil
}

// forget removes what a reading that comes to nothing wrote of known rows.
func (in *intake) forget() {
	if in.known != nil {
		in.known.fresh.clear(true)
	}
}

// removeOldKnown removes the file that the committed one has replaced; what it
// leaves behind, the next Sweep takes.
func (in *intake) removeOldKnown() {
	if in.known == nil {
		return
	}
	for _, old := range []string{in.known.old.path, in.vanishing} {
		if old != "" {
			os.Remove(filepath.Join(in.Dir, filepath.FromSlash(old)))
		}
	}
}
