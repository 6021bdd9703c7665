package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"zhicang/privacy"
)

func revealCommand(e *env) *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use:   "reveal PSEUDONYM | BATCH/SEQ | TABLE/SYSTEM/KEY",
		Short: "show who a pseudonym is, a held row, or the original of a row; needs the vault key and a reason, and is recorded",
		Args:  exactArgs(1, "a pseudonym, the id of a held row, or table/system/key of a row"),
		RunE: func(c *cobra.Command, args []string) error {
			if strings.TrimSpace(reason) == "" {
				return usageError{errors.New("reveal needs --reason: it is written into the audit log")}
			}
			return e.use(c.Context(), e.openWithLedger, func(a *app) error {
				return a.reveal(c.Context(), args[0], reason)
			})
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "why; it is written into the audit log")
	return c
}

var pseudonymRE = regexp.MustCompile(`^p[a-z2-7]{26}$`)

var heldRE = regexp.MustCompile(`^\d+/\d+$`)

func (a *app) reveal(ctx context.Context, what, reason string) error {
	kind := privacy.KindPerson
	switch {
	case heldRE.MatchString(what):
		kind = privacy.KindHeld
	case strings.Contains(what, "/"):
		kind = privacy.KindValue
	case !pseudonymRE.MatchString(what):
		// Whatever it is, it may be somebody's number: it is not repeated, and
		// not written down.
		return usageError{errors.New("that is no pseudonym, no id of a held row and no TABLE/SYSTEM/KEY")}
	}
	vault, err := a.openVault(ctx)
	if err != nil {
		return err
	}
	found, err := vault.Lookup(ctx, kind, what)
	if err != nil {
		return err
	}
	// It is recorded before it is shown, and also when nothing was found: who
	// tried matters as well.
	if _, err := a.audit().Append(ctx, privacy.Entry{Who: operator(), Action: "reveal", Object: what, Reason: reason, Rows: int64(len(found))}); err != nil {
		return err
	}
	if len(found) == 0 {
		return fmt.Errorf("the vault has nothing under %s", what)
	}
	seen := map[string]bool{}
	for _, r := range found {
		line := r.Value
		if r.Column != "" {
			line = r.Column + ": " + r.Value
		}
		if !seen[line] {
			seen[line] = true
			fmt.Fprintln(a.out, line)
		}
	}
	return nil
}

// openVault opens every segment that the ledger knows.
func (a *app) openVault(ctx context.Context) (*privacy.Vault, error) {
	keys, err := privacy.LoadKeys(a.cfg.path(a.cfg.KeysDir))
	if err != nil {
		return nil, err
	}
	batches, err := a.ledger.Batches(ctx, 0)
	if err != nil {
		return nil, err
	}
	var segments []string
	for _, b := range batches {
		segments = append(segments, b.Vault...)
	}
	return privacy.OpenVault(os.DirFS(a.dir), keys.Vault, segments)
}

// operator is who runs this process, for the audit log.
func operator() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return fmt.Sprintf("uid %d", os.Getuid())
}

func keysCommand(e *env) *cobra.Command {
	c := &cobra.Command{Use: "keys", Short: "make the site's keys, or show their fingerprints"}
	c.AddCommand(&cobra.Command{
		Use:   "create",
		Short: "make the pseudonym key and the vault key; existing ones are never overwritten",
		Args:  exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := ReadConfig(e.config)
			if err != nil {
				return err
			}
			keys, err := privacy.CreateKeys(cfg.path(cfg.KeysDir))
			if err != nil {
				return err
			}
			printKeys(e, keys)
			return nil
		},
	}, &cobra.Command{
		Use:   "show",
		Short: "show the fingerprints of the keys, never the keys",
		Args:  exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := ReadConfig(e.config)
			if err != nil {
				return err
			}
			keys, err := privacy.LoadKeys(cfg.path(cfg.KeysDir))
			if err != nil {
				return err
			}
			printKeys(e, keys)
			return nil
		},
	})
	return c
}

func printKeys(e *env, keys privacy.Keys) {
	fmt.Fprintf(e.out, "pseudonym key  %s\nvault key      %s\n", keys.Pseudonym.Fingerprint(), keys.Vault.Fingerprint())
}
