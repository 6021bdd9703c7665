package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"zhicang/ingest"
	"zhicang/ingest/sqldb"
	"zhicang/ledger"
	"zhicang/privacy"
	"zhicang/serve/account"
	"zhicang/warehouse"
)

// finding is what the doctor found in one place.
type finding struct {
	Area  string `json:"area"`
	State string `json:"state"` // ok, warn, fail
	What  string `json:"what"`
	Try   string `json:"try,omitempty"`
}

// States of a finding.
const (
	healthy = "ok"
	doubt   = "warn"
	sick    = "fail"
)

func doctorCommand(e *env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "check config, folders, keys, disk, clock, sources and schedules, and say what to do; changes nothing",
		Args:  exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			found := e.examine(c.Context())
			if asJSON {
				if err := printJSON(e.out, found); err != nil {
					return err
				}
			} else {
				printFindings(e, found)
			}
			if slices.ContainsFunc(found, func(f finding) bool { return f.State == sick }) {
				return errReported
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the findings as JSON")
	return c
}

func printFindings(e *env, found []finding) {
	var rows [][]string
	for _, f := range found {
		rows = append(rows, []string{f.State, f.Area, f.What})
		if f.Try != "" {
			rows = append(rows, []string{"", "", "Try: " + f.Try})
		}
	}
	printTable(e.out, []string{"", "what", "found"}, rows)
}

// doctor gathers findings about one site.
type doctor struct {
	*app
	found []finding
}

func (d *doctor) say(state, area, try, format string, args ...any) {
	d.found = append(d.found, finding{Area: area, State: state, What: fmt.Sprintf(format, args...), Try: try})
}

// fault says what an error says, with its hint where it has one.
func (d *doctor) fault(state, area string, err error, try string) {
	var h hinter
	if errors.As(err, &h) && h.Hint() != "" {
		try = h.Hint()
	}
	d.say(state, area, try, "%s", strings.ReplaceAll(err.Error(), "\n", " "))
}

// examine looks at everything that can be looked at. What does not open ends
// the look at what lies behind it.
func (e *env) examine(ctx context.Context) []finding {
	d := &doctor{}
	a, err := e.open(ctx)
	if err != nil {
		d.fault(sick, "config", err, "mend the config")
		return d.found
	}
	d.app = a
	d.say(healthy, "config", "", "%s: %d sources, %d schedules, %d contracts", filepath.Base(e.config), len(a.cfg.Sources), len(a.cfg.Schedules), len(a.catalog.Tables()))
	d.folder()
	d.disk()
	d.holder()
	if d.openTheLedger(ctx) {
		defer a.Close()
		d.clock(ctx)
		d.keys(ctx)
		d.lake(ctx)
	}
	d.published(ctx)
	for _, s := range a.cfg.Sources {
		d.source(ctx, s)
	}
	d.schedules()
	d.serving()
	return d.found
}

// folder looks at who may read and write the data folder.
func (d *doctor) folder() {
	const area = "data folder"
	info, err := os.Stat(d.dir)
	if errors.Is(err, fs.ErrNotExist) {
		d.say(doubt, area, "the first run makes it", "%s is not there yet", d.dir)
		return
	}
	if err != nil {
		d.fault(sick, area, err, "look at the folder's path")
		return
	}
	if open := info.Mode().Perm() & 0o077; open != 0 {
		d.say(doubt, area, fmt.Sprintf("chmod 700 %s", d.dir), "others on this machine may enter it (%s)", info.Mode().Perm())
	}
	probe, err := os.CreateTemp(d.dir, ".doctor-*")
	if err != nil {
		d.fault(sick, area, err, "run as the user that owns the folder, or give it to this user")
		return
	}
	err = errors.Join(probe.Close(), os.Remove(probe.Name()))
	if err != nil {
		d.fault(sick, area, err, "look at the folder's disk")
		return
	}
	d.say(healthy, area, "", "%s can be written", d.dir)
}

// Free space from which on a run is likely to fail, or soon will.
const (
	fewBytes  = 5 << 30
	noBytes   = 500 << 20
	gigabytes = 1 << 30
)

func (d *doctor) disk() {
	dir := d.dir
	if _, err := os.Stat(dir); err != nil {
		dir = d.cfg.dir
	}
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		d.fault(doubt, "disk", err, "look at the disk by hand")
		return
	}
	free := int64(s.Bavail) * int64(s.Bsize)
	state, try := healthy, ""
	switch {
	case free < noBytes:
		state, try = sick, "free some space: a run needs room for a new publication and for sorting"
	case free < fewBytes:
		state, try = doubt, "free some space before it runs out"
	}
	d.say(state, "disk", try, "%.1f GB free", float64(free)/gigabytes)
}

// holder says who writes the data folder, if anybody does.
func (d *doctor) holder() {
	holder, err := ledger.Holder(d.dir)
	switch {
	case err != nil:
		d.fault(sick, "lock", err, "look at the data folder's permissions")
	case holder != "":
		d.say(healthy, "lock", "", "in use by %s", holder)
	}
}

func (d *doctor) openTheLedger(ctx context.Context) bool {
	if _, err := os.Stat(filepath.Join(d.dir, "ledger.sqlite")); errors.Is(err, fs.ErrNotExist) {
		if err := d.checkLakeWithoutLedger(); err != nil {
			d.fault(sick, "ledger", err, "")
		}
		return false // nothing has run yet
	}
	if err := d.openLedger(ctx); err != nil {
		d.fault(sick, "ledger", err, "")
		return false
	}
	return true
}

// checkLakeWithoutLedger tells a ledger that was lost from one that is not there
// yet.
func (d *doctor) checkLakeWithoutLedger() error {
	files, err := filepath.Glob(filepath.Join(d.dir, "lake", "*", "*", "*", "*.parquet"))
	if err != nil || len(files) == 0 {
		return err
	}
	return fmt.Errorf("it is gone, and %d files of the lake are there; bring ledger.sqlite back from its backup", len(files))
}

// clock holds the machine's clock against the ledger's newest moment.
func (d *doctor) clock(ctx context.Context) {
	runs, err := d.ledger.Runs(ctx, 1)
	if err != nil {
		d.fault(sick, "ledger", err, "")
		return
	}
	now := d.now().In(d.cfg.location())
	if len(runs) > 0 {
		if last := d.parsed(time.RFC3339, runs[0].Started); last.After(now.Add(time.Minute)) {
			d.say(sick, "clock", "set the clock (timedatectl), and keep it by NTP", "the machine says %s, and the last run began later, at %s", now.Format(time.DateTime), last.Format(time.DateTime))
			return
		}
	}
	d.say(healthy, "clock", "", "%s in %s", now.Format(time.DateTime), d.cfg.Timezone)
}

// keys looks at the two keys: there, the right ones, read by nobody else.
func (d *doctor) keys(ctx context.Context) {
	const area = "keys"
	dir := d.cfg.path(d.cfg.KeysDir)
	keys, err := privacy.LoadKeys(dir)
	known, factErr := d.ledger.Fact(ctx, "pseudonym_key")
	if factErr != nil {
		d.fault(sick, "ledger", factErr, "")
		return
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) && known == "":
		d.say(doubt, area, "the first load makes them; then back them up apart from the data", "there are none yet in %s", dir)
		return
	case err != nil:
		d.fault(sick, area, err, "put the keys back from their backup: without them the vault can't be read, and people get new pseudonyms")
		return
	case known != "" && known != keys.Pseudonym.Fingerprint():
		d.say(sick, area, "put the right keys back from their backup", "they are not the ones that the lake was loaded with")
		return
	}
	if rel, err := filepath.Rel(d.dir, dir); err == nil && !strings.HasPrefix(rel, "..") {
		d.say(doubt, area, "set keys_dir to a folder that is backed up elsewhere", "they lie within the data folder: who takes one takes both")
		return
	}
	d.say(healthy, area, "", "they are the ones that the lake was loaded with")
}

// lake looks for files that the ledger names and that are gone.
func (d *doctor) lake(ctx context.Context) {
	known, err := d.ledger.KnownPaths(ctx)
	if err != nil {
		d.fault(sick, "ledger", err, "")
		return
	}
	var gone []string
	for p := range known {
		if _, err := os.Stat(filepath.Join(d.dir, filepath.FromSlash(p))); err != nil {
			gone = append(gone, p)
		}
	}
	if len(gone) > 0 {
		d.say(sick, "lake", "bring them back from a backup: the lake is the source of truth", "%d of %d files are gone, such as %s", len(gone), len(known), slices.Min(gone))
		return
	}
	d.say(healthy, "lake", "", "all %d files are there", len(known))
}

func (d *doctor) published(ctx context.Context) {
	path, err := d.shelf().Current()
	if errors.Is(err, warehouse.ErrNothingPublished) {
		d.say(doubt, "publication", "zhicang run", "%s", err)
		return
	}
	if err != nil {
		d.fault(sick, "publication", err, "zhicang run")
		return
	}
	if !d.shelf().Readable(ctx) {
		d.say(sick, "publication", "zhicang run makes it anew; zhicang publish --rollback goes back to the one before", "%s can't be read", filepath.Base(path))
		return
	}
	d.say(healthy, "publication", "", "%s can be read", filepath.Base(path))
}

// probeTime bounds the look at one source.
const probeTime = 20 * time.Second

// errEnough ends a reading that was only to see whether it can be done.
var errEnough = errors.New("enough")

// source reads the beginning of the newest unit of a source, as a load would:
// that shows addresses, credentials, permissions, encodings and columns. What
// is read is thrown away.
func (d *doctor) source(ctx context.Context, cfg ingest.Config) {
	area := "source " + cfg.Name
	mapping := ingest.Loader{Catalog: d.catalog, Regions: d.regions, Location: d.cfg.location(), Now: d.now}
	if err := mapping.CheckMapping(cfg); err != nil {
		d.fault(sick, area, err, "mend the mapping")
		return
	}
	src, err := d.app.source(cfg)
	if err != nil {
		d.fault(sick, area, err, "")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	if db, ok := src.(*sqldb.Source); ok && !d.database(ctx, area, db) {
		return
	}
	units, err := src.Units(ctx)
	if err != nil {
		d.fault(sick, area, err, "")
		return
	}
	if len(units) == 0 {
		d.say(doubt, area, "look at path, and whether the department has delivered", "there is nothing to read")
		return
	}
	rows := int64(0)
	last := units[len(units)-1]
	_, err = src.Read(ctx, last, "", func(b ingest.Batch) error {
		rows += b.Record.NumRows()
		return errEnough
	})
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		d.say(sick, area, "look at the way to it: address, firewall, the department's server", "no answer within %s", probeTime)
	case err != nil && !errors.Is(err, errEnough):
		d.fault(sick, area, err, "")
	case rows == 0:
		d.say(doubt, area, "look at the file, or ask the department", "%s can be read and holds no rows", last.Name)
	default:
		d.say(healthy, area, "", "%d to read; %s begins with %d good rows", len(units), last.Name, rows)
	}
}

// schedules looks at whether somebody makes the runs, and whether the calendar
// knows the days.
func (d *doctor) schedules() {
	if len(d.cfg.Schedules) == 0 {
		d.say(doubt, "schedules", "add schedules to the config, or run zhicang from cron", "there are none: nothing runs by itself")
		return
	}
	holder, err := ledger.Holder(filepath.Join(d.dir, "schedule"))
	switch {
	case err != nil:
		d.fault(sick, "schedules", err, "look at the data folder's permissions")
	case holder != "":
		d.say(healthy, "schedules", "", "made by %s", holder)
	default:
		d.say(doubt, "schedules", "start `zhicang schedule`, or the service that does", "nobody makes the runs")
	}
	calendar, err := d.calendar()
	if err != nil {
		d.fault(sick, "calendar", err, "")
		return
	}
	// The notice for a year comes out late in the year before.
	if _, err := calendar.Works(d.now().In(d.cfg.location()).AddDate(0, 0, 14)); err != nil {
		d.fault(doubt, "calendar", err, "add the State Council's notice to workdays.csv in the site's folder")
	}
}

// soonExpired is how long before its end a certificate is worth a word.
const soonExpired = 21 * 24 * time.Hour

// serving looks at who may read, and at the certificate.
func (d *doctor) serving() {
	cfg := d.cfg.Serve
	if len(cfg.Accounts) == 0 {
		d.say(doubt, "accounts", "add serve.accounts: `zhicang account verifier` makes what stands for a password", "there are none: nobody can read boards")
		return
	}
	if _, err := account.Open(cfg.Accounts, account.Options{Dir: d.cfg.dir, Regions: d.regions, Domains: d.domains(), Now: d.now}); err != nil {
		d.fault(sick, "accounts", err, "")
	} else {
		d.say(healthy, "accounts", "", "%d may read", len(cfg.Accounts))
	}
	if cfg.TLS.Cert == "" {
		return
	}
	c, err := loadCertificate(d.cfg.path(cfg.TLS.Cert), d.cfg.path(cfg.TLS.Key), d.now, d.logger())
	if err != nil {
		d.fault(sick, "certificate", err, "")
		return
	}
	end := c.expires()
	state, try := healthy, ""
	if end.Sub(d.now()) < soonExpired {
		state, try = doubt, "renew it; zhicang reads the new one by itself"
	}
	d.say(state, "certificate", try, "good until %s", end.In(d.cfg.location()).Format(time.DateOnly))
}
