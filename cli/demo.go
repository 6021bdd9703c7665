package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"zhicang/demo"
	"zhicang/models"
	"zhicang/warehouse"
)

type demoFlags struct {
	dir      string
	seed     uint64
	messages int
	noServe  bool
}

func demoCommand(e *env) *cobra.Command {
	var f demoFlags
	c := &cobra.Command{
		Use:   "demo",
		Short: "make a fictional county, load it, and show its hot issues, alerts and risk list",
		Args:  exactArgs(0, "no arguments"),
		RunE:  func(c *cobra.Command, _ []string) error { return e.demo(c.Context(), f) },
	}
	c.Flags().StringVar(&f.dir, "dir", "demo-data", "folder to make the county in; an earlier demo in it is replaced")
	c.Flags().Uint64Var(&f.seed, "seed", 1, "another seed, another county")
	c.Flags().IntVar(&f.messages, "messages", demo.DefaultMessages, "messages in the year")
	c.Flags().BoolVar(&f.noServe, "no-serve", false, "end when the hot issues are printed, and open no pages")
	return c
}

func (e *env) demo(ctx context.Context, f demoFlags) (err error) {
	if err := clearDemo(f.dir); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("demo API: %w", err)
	}
	pages, postgres := freeAddress(demo.DefaultHTTP), freeAddress(demo.DefaultPostgres)
	county, err := demo.Write(ctx, f.dir, demo.Options{
		Seed: f.seed, Messages: f.messages, APIURL: "http://" + listener.Addr().String(), HTTP: pages, Postgres: postgres,
		Deputies: true, Industry: true, Assist: true,
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{Handler: county.API(), ReadHeaderTimeout: 5 * time.Second}
	go server.Serve(listener)
	defer func() { err = errors.Join(err, server.Close()) }()
	fmt.Fprintf(e.out, "云溪县(虚构)的一年留言已写入 %s,开始装载与计算\n\n", f.dir)

	e.config = filepath.Join(f.dir, "zhicang.yaml")
	a, err := e.openToWrite(ctx, "demo")
	if err != nil {
		return err
	}
	rep, err := a.run(ctx, runFlags{asOf: fmt.Sprintf("%d-12-31", county.Truth().Year)})
	if err != nil {
		return errors.Join(err, a.Close())
	}
	if reportErr := e.report(rep, false); reportErr != nil {
		return errors.Join(reportErr, a.Close())
	}
	if err := errors.Join(a.showDemo(ctx, f.noServe), a.Close()); err != nil || f.noServe {
		return err
	}
	return e.use(ctx, e.open, func(a *app) error {
		fmt.Fprintf(e.out, "\n看板 http://%s  账号 %s  口令 %s  (Ctrl-C 结束)\n", a.cfg.Serve.HTTP, demo.Account, demo.Password)
		return a.serve(ctx)
	})
}

// freeAddress is an address of this machine, or one with a free port where
// another program has it.
func freeAddress(address string) string {
	ln, err := net.Listen("tcp", address)
	if err != nil {
		if ln, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return address // serve will say what is wrong
		}
	}
	defer ln.Close()
	return ln.Addr().String()
}

// clearDemo removes an earlier demo, and nothing else.
func clearDemo(dir string) error {
	entries, err := os.ReadDir(dir)
	if os.IsNotExist(err) || (err == nil && len(entries) == 0) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, "truth.json")); err != nil {
		return &models.FileError{File: dir, Msg: "is not empty and holds no demo", Try: "name a new folder with --dir"}
	}
	return os.RemoveAll(dir)
}

// showDemo prints what an analyst would look at first.
func (a *app) showDemo(ctx context.Context, last bool) error {
	pub, err := a.published(ctx)
	if err != nil {
		return err
	}
	defer pub.Close()
	w := a.out
	fmt.Fprintf(w, "\n十二月热点问题(全县)\n\n")
	if err := a.query(ctx, pub, `SELECT rank AS 排名, heat AS 热度, people AS 人数, opinions AS 意见数, badge AS 标签, place_or_people AS "地点/人群", title AS 问题, issue_id AS 问题ID
		FROM ads.congress_hot_issue
		WHERE period = 'month' AND period_start = (SELECT max(period_start) FROM ads.congress_hot_issue WHERE period = 'month')
			AND region_code = (SELECT region_code FROM dim.run)
		ORDER BY rank LIMIT 10`, "table"); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n十二月产业预警(全县,解除的不计)\n\n")
	if err := a.query(ctx, pub, `SELECT category AS 类别, kind AS 预警, count(*) AS 条数
		FROM ads.industry_alert WHERE state <> '解除' AND month = (SELECT date_trunc('month', as_of) FROM dim.run)
		GROUP BY category, kind ORDER BY 条数 DESC, kind`, "table"); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n风险名单(全县,假名;线索供人复核)\n\n")
	if err := a.query(ctx, pub, `SELECT title AS 规则, count(*) AS 线索, count_if(decision = '待处理') AS 待处理
		FROM ads.assist_risk_list GROUP BY title ORDER BY 线索 DESC, 规则 LIMIT 8`, "table"); err != nil {
		return err
	}
	sums, err := a.ledger.QuarantineSums(ctx)
	if err != nil {
		return err
	}
	printQuarantineSums(w, sums)
	top, err := a.topIssue(ctx, pub)
	if err != nil {
		return err
	}
	a.printNext(w, top, last)
	return nil
}

// topIssue returns the id of the newest month's first issue.
func (a *app) topIssue(ctx context.Context, pub *warehouse.Published) (id string, err error) {
	rows, err := pub.Query(ctx, `SELECT issue_id FROM ads.congress_hot_issue WHERE period = 'month'
		AND region_code = (SELECT region_code FROM dim.run) ORDER BY period_start DESC, rank LIMIT 1`)
	if err != nil {
		return "", queryError(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&id); err != nil {
			return "", err
		}
	}
	return id, rows.Err()
}

func (a *app) printNext(w io.Writer, issue string, last bool) {
	fmt.Fprintf(w, `
Where to look next (z is %[1]s -c %[2]s):
  z status                        how sources, quarantine and publications stand
  z explain %[4]s         the first issue: its months, its messages
  z explain ads.congress_hot_issue
  z query "SELECT * FROM ads.congress_hot_issue WHERE period = 'month' AND rank <= 10 ORDER BY period_start, region_code, rank"
  z quarantine list               which rows were held back; z quarantine show 1/1 for one
  z serve                         the boards in a browser, the tables for PostgreSQL clients
  %[3]s      what was planted, to hold it against what was found
`, os.Args[0], a.config, filepath.ToSlash(filepath.Join(filepath.Dir(a.config), "truth.json")), issue)
	if last {
		fmt.Fprintln(w, "The demo's API ends with this command: a further run says that it can't reach the source station.")
	}
}
