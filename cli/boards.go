package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zhicang/dashboards"
	"zhicang/dashboards/grafana"
	"zhicang/models"
	"zhicang/warehouse"
)

func boardsCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "boards",
		Short: "draw the boards for Grafana, bring them there, check what they ask",
		Args:  exactArgs(0, "one of export, push, check"),
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(boardsExportCommand(e), boardsPushCommand(e), boardsCheckCommand(e))
	return c
}

// boards reads the boards and alerts, the site's own laid over the embedded
// ones.
func (a *app) boards(ctx context.Context) ([]*dashboards.Board, []dashboards.Alert, error) {
	if err := a.inherit(ctx); err != nil {
		return nil, nil, err
	}
	boards, err := dashboards.Load(a.boardFS(), a.catalog)
	if err != nil {
		return nil, nil, err
	}
	alertFS := dashboards.AlertFS()
	if a.cfg.Site != "" {
		alertFS = overlayDir(os.DirFS(a.cfg.path(a.cfg.Site)), "alerts", alertFS)
	}
	alerts, err := dashboards.LoadAlerts(alertFS, a.catalog)
	return boards, alerts, err
}

// boardFS holds the boards, the site's own laid over the embedded ones.
func (a *app) boardFS() fs.FS {
	if a.cfg.Site == "" {
		return dashboards.FS()
	}
	return overlayDir(os.DirFS(a.cfg.path(a.cfg.Site)), "boards", dashboards.FS())
}

func overlayDir(site fs.FS, dir string, lower fs.FS) fs.FS {
	if _, err := fs.Stat(site, dir); err != nil {
		return lower
	}
	return models.Overlay(sub(site, dir), lower)
}

// inherit gives the contracts the titles that they take from upstream tables.
// The parser alone is needed, so an engine in memory serves.
func (a *app) inherit(ctx context.Context) (err error) {
	if a.engine == nil {
		if a.engine, err = warehouse.Open(ctx, warehouse.Options{}); err != nil {
			return err
		}
	}
	_, err = a.graph(ctx, time.Time{})
	return err
}

func boardsExportCommand(e *env) *cobra.Command {
	var dir, mount string
	c := &cobra.Command{
		Use:   "export --dir DIR",
		Short: "write the files that a Grafana reads at its start: data source, folders, boards, alert rules",
		Args:  exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			if dir == "" {
				return usageError{errors.New("--dir: name the folder to write to")}
			}
			return e.use(c.Context(), e.open, func(a *app) error {
				boards, alerts, err := a.boards(c.Context())
				if err != nil {
					return err
				}
				files, err := grafana.Provision(boards, alerts, mount)
				if err != nil {
					return err
				}
				if err := grafana.Write(dir, files); err != nil {
					return err
				}
				fmt.Fprintf(a.out, "wrote %d files for %d boards to %s\n", len(files), len(boards), dir)
				fmt.Fprintln(a.out, "Grafana's environment needs ZHICANG_PG (host:port), ZHICANG_USER, ZHICANG_PASSWORD, ZHICANG_SSLMODE (disable, require, verify-full)")
				return nil
			})
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "the folder to write to")
	c.Flags().StringVar(&mount, "mount", grafana.Mount, "where Grafana will see that folder")
	return c
}

func boardsPushCommand(e *env) *cobra.Command {
	var address, tokenFile, passwordFile string
	var ds grafana.Datasource
	var noAlerts bool
	c := &cobra.Command{
		Use:   "push --url URL",
		Short: "bring data source, folders, boards and alert rules to a running Grafana",
		Args:  exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			token, err := secret(tokenFile, "GRAFANA_TOKEN")
			if err != nil {
				return err
			}
			if ds.Password, err = secret(passwordFile, "ZHICANG_PASSWORD"); err != nil {
				return err
			}
			if ds.Address != "" && (ds.User == "" || ds.Password == "") {
				return usageError{errors.New("--pg: give also --pg-user, and the password with --pg-password-file or ZHICANG_PASSWORD")}
			}
			client, err := grafana.NewClient(address, token, &http.Client{Timeout: time.Minute})
			if err != nil {
				return err
			}
			return e.use(c.Context(), e.open, func(a *app) error {
				boards, alerts, err := a.boards(c.Context())
				if err != nil {
					return err
				}
				if noAlerts {
					alerts = nil
				}
				done, err := client.Push(c.Context(), grafana.Push{Boards: boards, Alerts: alerts, Datasource: ds})
				for _, at := range done.Boards {
					fmt.Fprintf(a.out, "board  http://%s%s\n", client.Host(), at)
				}
				for _, title := range done.Alerts {
					fmt.Fprintf(a.out, "alert  %s\n", title)
				}
				return err
			})
		},
	}
	f := c.Flags()
	f.StringVar(&address, "url", os.Getenv("GRAFANA_URL"), "Grafana's address, with user:password@ in it or a token beside it (default: GRAFANA_URL)")
	f.StringVar(&tokenFile, "token-file", "", "the file of a service account's token (default: GRAFANA_TOKEN)")
	f.StringVar(&ds.Address, "pg", "", "host:port of zhicang serve, as Grafana sees it; without it the data source is left as it is")
	f.StringVar(&ds.User, "pg-user", "", "the account that Grafana reads with")
	f.StringVar(&passwordFile, "pg-password-file", "", "the file of its password (default: ZHICANG_PASSWORD)")
	f.StringVar(&ds.TLS, "pg-tls", "disable", "disable, require, verify-ca or verify-full")
	f.StringVar(&ds.UID, "datasource", grafana.DatasourceUID, "the UID of the data source")
	f.BoolVar(&noAlerts, "no-alerts", false, "leave the alert rules as they are")
	return c
}

// secret reads a secret from a file, or else from the environment.
func secret(file, variable string) (string, error) {
	if file == "" {
		return os.Getenv(variable), nil
	}
	data, err := os.ReadFile(file)
	return strings.TrimSpace(string(data)), err
}

func boardsCheckCommand(e *env) *cobra.Command {
	var door pgDoor
	var passwordFile string
	var slow time.Duration
	var asJSON bool
	c := &cobra.Command{
		Use:   "check [BOARD...]",
		Short: "ask every query of the boards over the PostgreSQL protocol; say which fail, are empty or slow",
		RunE: func(c *cobra.Command, args []string) (err error) {
			if door.password, err = secret(passwordFile, "ZHICANG_PASSWORD"); err != nil {
				return err
			}
			return e.use(c.Context(), e.open, func(a *app) error {
				findings, err := a.checkBoards(c.Context(), args, door, slow)
				if err != nil {
					return err
				}
				return a.printFindings(findings, asJSON)
			})
		},
	}
	f := c.Flags()
	f.StringVar(&door.address, "pg", "", "host:port of a running zhicang serve; without it one is started for the check")
	f.StringVar(&door.user, "pg-user", "", "the account to ask with")
	f.StringVar(&passwordFile, "pg-password-file", "", "the file of its password (default: ZHICANG_PASSWORD)")
	f.StringVar(&door.tls, "pg-tls", "disable", "disable, require, verify-ca or verify-full")
	f.DurationVar(&slow, "slow", time.Second, "above it a query is slow")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (a *app) checkBoards(ctx context.Context, asked []string, door pgDoor, slow time.Duration) ([]dashboards.Finding, error) {
	if err := a.inherit(ctx); err != nil {
		return nil, err
	}
	boards, broken, err := dashboards.LoadEach(a.boardFS(), a.catalog)
	if err != nil {
		return nil, err
	}
	only := asked
	var findings []dashboards.Finding
	for _, b := range broken {
		if len(only) == 0 || slices.Contains(only, b.UID) {
			findings = append(findings, b.Finding())
		}
		only = slices.DeleteFunc(slices.Clone(only), func(uid string) bool { return uid == b.UID })
	}
	if len(only) == 0 && len(findings) > 0 && len(asked) > 0 {
		return findings, nil
	}
	chosen, err := chooseBoards(boards, only)
	if err != nil {
		return nil, err
	}
	if door.address == "" {
		closeDoor, err := a.openDoor(ctx, &door)
		if err != nil {
			return nil, err
		}
		defer closeDoor()
	}
	conn, err := door.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	checker := dashboards.Checker{Ask: askOver(conn), Slow: slow, Now: a.now}
	for _, b := range chosen {
		findings = append(findings, checker.Check(ctx, b)...)
	}
	return findings, nil
}

func chooseBoards(boards []*dashboards.Board, only []string) ([]*dashboards.Board, error) {
	if len(only) == 0 {
		return boards, nil
	}
	byUID, uids := map[string]*dashboards.Board{}, []string{}
	for _, b := range boards {
		byUID[b.UID], uids = b, append(uids, b.UID)
	}
	var chosen []*dashboards.Board
	for _, uid := range only {
		b, ok := byUID[uid]
		if !ok {
			try := "there are " + strings.Join(uids, ", ")
			if near := models.Nearest(uid, uids); near != "" {
				try = fmt.Sprintf("did you mean %s?", near)
			}
			return nil, &models.FileError{File: "boards check", Msg: "there is no board " + uid, Try: try}
		}
		chosen = append(chosen, b)
	}
	return chosen, nil
}

// printFindings prints a line a query; one that fails fails the command.
func (a *app) printFindings(findings []dashboards.Finding, asJSON bool) error {
	failing := 0
	var rows [][]string
	for _, f := range findings {
		if f.State == dashboards.Failing {
			failing++
		}
		rows = append(rows, []string{f.State, fmt.Sprintf("%d ms", f.Millis), fmt.Sprint(f.Rows), f.Board, f.Panel, f.Title})
	}
	if asJSON {
		enc := json.NewEncoder(a.out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(findings); err != nil {
			return err
		}
	} else {
		printTable(a.out, []string{"state", "took", "rows", "board", "panel", "title"}, rows)
	}
	for _, f := range findings {
		if f.State == dashboards.Failing {
			printError(a.err, &models.FileError{File: f.Board, Msg: f.Title + " (" + f.Panel + "): " + f.Error, Try: f.Try})
		}
	}
	if failing > 0 {
		return errReported
	}
	return nil
}
