package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zhicang/desk"
	"zhicang/ingest"
	"zhicang/models"
	"zhicang/privacy"
)

func reviewCommand(e *env) *cobra.Command {
	c := &cobra.Command{Use: "review", Short: "hand flags out to be looked at, and take the decisions back"}
	c.AddCommand(reviewExportCommand(e), reviewImportCommand(e))
	return c
}

// reviewExport is what to hand out.
type reviewExport struct{ out, reason, rule, region string }

func reviewExportCommand(e *env) *cobra.Command {
	var x reviewExport
	c := &cobra.Command{
		Use:   "export --out list.xlsx --reason WHY",
		Short: "write the current list as a workbook to fill in, with pseudonyms alone; it is recorded",
		Args:  exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case x.out == "":
				return usageError{errors.New("review export needs --out: the workbook to write")}
			case strings.TrimSpace(x.reason) == "":
				return usageError{errors.New("review export needs --reason: it is written into the audit log")}
			}
			return e.use(c.Context(), e.open, func(a *app) error { return a.exportFlags(c.Context(), x) })
		},
	}
	c.Flags().StringVar(&x.out, "out", "", "the workbook to write; an existing file is left alone")
	c.Flags().StringVar(&x.reason, "reason", "", "why; it is written into the audit log")
	c.Flags().StringVar(&x.rule, "rule", "", "only the flags of this rule")
	c.Flags().StringVar(&x.region, "region", "", "only the flags of this region and those in it")
	return c
}

func reviewImportCommand(e *env) *cobra.Command {
	var remarks string
	c := &cobra.Command{
		Use:   "import FILE.xlsx",
		Short: "check the decisions of a workbook that was filled in, and land those that are good; the next run takes them in",
		Args:  exactArgs(1, "one workbook"),
		RunE: func(c *cobra.Command, args []string) error {
			return e.use(c.Context(), e.writing("review import"), func(a *app) error {
				return a.importReview(c.Context(), args[0], remarks)
			})
		},
	}
	c.Flags().StringVar(&remarks, "remarks", "", "where to write the copy that says why rows come back (default: FILE-退回.xlsx)")
	return c
}

const flagQuery = `SELECT f.flag_id, f.title, coalesce(f.person_key, ''), coalesce(f.household_key, ''), coalesce(g.region_name, f.region_code),
	CAST(f.value AS VARCHAR), CAST(f.threshold AS VARCHAR), f.evidence, f.evidence_digest, CAST(f.first_seen AS VARCHAR), f.state, f.department,
	f.decision, coalesce(CAST(f.decided_on AS VARCHAR), ''), coalesce(f.previous_decision, '')
	FROM ads.assist_risk_flag AS f
	CROSS JOIN dim.run AS r
	LEFT JOIN dim.region AS g ON g.region_code = f.region_code AND r.as_of >= g.valid_from AND r.as_of < g.valid_to`

// flags reads flags from the published file.
func (a *app) flags(ctx context.Context, where string, args ...any) (list []desk.Flag, err error) {
	pub, err := a.published(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, pub.Close()) }()
	rows, err := pub.Query(ctx, flagQuery+" "+where+" ORDER BY f.region_code, f.rule_id, f.flag_id", args...)
	if err != nil {
		return nil, queryError(err)
	}
	defer rows.Close()
	for rows.Next() {
		var f desk.Flag
		if err := rows.Scan(&f.ID, &f.Title, &f.Person, &f.Household, &f.Region, &f.Value, &f.Threshold, &f.Evidence, &f.Digest, &f.FirstSeen,
			&f.State, &f.Department, &f.Decision, &f.DecidedOn, &f.Previous); err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, rows.Err()
}

// exportFlags hands out the current list. It is recorded before it is written:
// what left the house without a line in the log can't be mended.
func (a *app) exportFlags(ctx context.Context, x reviewExport) error {
	list, err := a.flags(ctx, `JOIN ads.assist_risk_list AS l ON l.flag_id = f.flag_id
		WHERE (? = '' OR f.rule_id = ?)
			AND (? = '' OR f.region_code IN (SELECT region_code FROM dim.region_ancestor WHERE ancestor_code = ?))`, x.rule, x.rule, x.region, x.region)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return &models.FileError{File: "review export", Msg: "no flag is on the list of this rule and region", Try: "zhicang query \"SELECT rule_id, region_code, count(*) FROM ads.assist_risk_list GROUP BY 1, 2\""}
	}
	var book bytes.Buffer
	made := fmt.Sprintf("风险线索处置表(%d条,%s导出)。命中只是复核的理由;只填有底色的五列,说明见第二页", len(list), a.now().In(a.cfg.location()).Format("2006年1月2日"))
	if err := desk.Write(&book, list, made); err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	if _, err := os.Stat(x.out); err == nil {
		return existsError(x.out)
	}
	object := "ads.assist_risk_list"
	for _, part := range []string{x.rule, x.region} {
		if part != "" {
			object += " " + part
		}
	}
	if _, err := a.audit().Append(ctx, privacy.Entry{Who: operator(), Action: "export", Object: object, Reason: x.reason, Rows: int64(len(list))}); err != nil {
		return err
	}
	if err := writeNew(x.out, book.Bytes()); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%d flags written to %s\n", len(list), x.out)
	return nil
}

func (a *app) audit() *privacy.AuditLog {
	return privacy.OpenAudit(filepath.Join(a.dir, "audit.jsonl"), a.now)
}

func existsError(path string) error {
	return &models.FileError{File: path, Msg: "is there already", Try: "name another file: this one may hold decisions"}
}

// writeNew writes a file that is not there yet, for its owner alone.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return existsError(path)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// importReview lands the good rows of a workbook and gives back the others.
func (a *app) importReview(ctx context.Context, path, remarks string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	book, err := desk.Read(bytes.NewReader(data))
	if err != nil {
		return &models.FileError{File: filepath.Base(path), Msg: err.Error(), Try: "bring back the workbook that `zhicang review export` wrote, with its sheets and headers as they were"}
	}
	defer book.Close()
	flags, err := a.flags(ctx, "")
	if err != nil {
		return err
	}
	known := make(map[string]desk.Flag, len(flags))
	for _, f := range flags {
		known[f.ID] = f
	}
	now := a.now().In(a.cfg.location())
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	good, faults := book.Check(known, today)
	if remarks == "" {
		remarks = strings.TrimSuffix(path, filepath.Ext(path)) + "-退回.xlsx"
	}
	if _, err := os.Stat(remarks); len(faults) > 0 && err == nil {
		return existsError(remarks) // before anything is landed
	}
	landed, err := a.landDecisions(ctx, data, good)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%d rows filled in: %d decisions landed, %d rows come back\n", book.Len(), landed, book.Len()-len(good))
	if landed < int64(len(good)) {
		fmt.Fprintf(a.out, "%d decisions had been landed before\n", int64(len(good))-landed)
	}
	if landed > 0 {
		fmt.Fprintln(a.out, "the next `zhicang run` takes them in")
	}
	if len(faults) == 0 {
		return nil
	}
	return a.giveBack(book, faults, remarks)
}

// landDecisions lands decisions as what they are, records of one more source,
// in a run of its own. A workbook that was landed before is left alone.
func (a *app) landDecisions(ctx context.Context, workbook []byte, good []desk.Decision) (landed int64, err error) {
	sum := sha256.Sum256(workbook)
	src := &desk.Source{Import: "workbook " + hex.EncodeToString(sum[:6]), Decisions: good}
	if _, seen, err := a.ledger.Unit(ctx, desk.SourceName, src.Import); err != nil || seen || len(good) == 0 {
		return 0, err
	}
	run, err := a.ledger.BeginRun(ctx, "review", a.now().In(a.cfg.location()).Format(time.DateOnly))
	if err != nil {
		return 0, err
	}
	landed, err = a.recordAndLand(ctx, run, src)
	result, message := "ok", ""
	if err != nil {
		result, message = "failed", err.Error()
	}
	return landed, errors.Join(err, a.ledger.FinishRun(context.WithoutCancel(ctx), run, result, message))
}

// recordAndLand writes decisions into the audit log before they land: an import
// that fails in between is repeated.
func (a *app) recordAndLand(ctx context.Context, run int64, src *desk.Source) (int64, error) {
	if err := a.checkLedger(ctx); err != nil {
		return 0, err
	}
	loader, err := a.loader(ctx)
	if err != nil {
		return 0, err
	}
	scrubber := privacy.NewScrubber()
	for _, d := range src.Decisions {
		reason, _ := scrubber.Scrub(d.Reason, d.Reviewer)
		if _, err := a.audit().Append(ctx, privacy.Entry{Who: operator(), Action: "decide " + d.Decision, Object: d.Flag, Reason: reason, Rows: 1}); err != nil {
			return 0, err
		}
	}
	rep, err := loader.Load(ctx, run, desk.SourceConfig(), src)
	if err = errors.Join(append(rep.Failures, err)...); err == nil && rep.Held > 0 {
		err = &ingest.Error{Source: desk.SourceName, Unit: src.Import, Err: fmt.Errorf("%d decisions break the contract of %s", rep.Held, desk.Table), Try: "zhicang quarantine list"}
	}
	return rep.Landed, err
}

// giveBack says which rows were not taken, and why.
func (a *app) giveBack(book *desk.Book, faults []desk.Fault, remarks string) error {
	for _, f := range faults {
		fmt.Fprintf(a.err, "%s\n", f)
	}
	var copied bytes.Buffer
	if err := book.Remark(&copied, faults); err != nil {
		return fmt.Errorf("write remarks: %w", err)
	}
	if err := writeNew(remarks, copied.Bytes()); err != nil {
		return err
	}
	fmt.Fprintf(a.err, "zhicang: rows come back; %s says why\n", remarks)
	return errReported
}
