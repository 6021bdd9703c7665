// Package metrics shows how the house stands to Prometheus. Every figure is
// read from the ledger when it is asked for, so that it is right whichever
// process made the runs.
package metrics

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"zhicang/ledger"
)

// maxRuns is how far back runs are counted.
const maxRuns = 10_000

// Handler answers /metrics.
func Handler(l *ledger.Ledger, log *slog.Logger) http.Handler {
	reg := prometheus.NewRegistry()
	reg.MustRegister(&collector{ledger: l})
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelError)})
}

// collector reads the ledger at every scrape.
type collector struct{ ledger *ledger.Ledger }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("zhicang_"+name, help, labels, nil)
}

// Describe says nothing beforehand: which sources there are changes.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// scrapeTime bounds one scrape.
const scrapeTime = 10 * time.Second

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTime)
	defer cancel()
	for _, part := range []func(context.Context, chan<- prometheus.Metric) error{c.runs, c.sources, c.publications, c.schedules} {
		if err := part(ctx, out); err != nil {
			out <- prometheus.NewInvalidMetric(desc("ledger", "The ledger could not be read."), err)
		}
	}
}

func gauge(out chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

// seconds is a moment of the ledger as Unix seconds; ok is false for none.
func seconds(stamp string) (float64, bool) {
	t, err := time.Parse(time.RFC3339, stamp)
	return float64(t.UnixMilli()) / 1000, err == nil
}

func (c *collector) runs(ctx context.Context, out chan<- prometheus.Metric) error {
	list, err := c.ledger.Runs(ctx, maxRuns)
	if err != nil {
		return err
	}
	counts, newest := map[string]int{"ok": 0, "partial": 0, "failed": 0, "interrupted": 0}, map[string]string{}
	var last *ledger.Run
	for i, r := range list {
		result := r.Result
		if r.Finished == "" {
			result = "interrupted"
			if i == 0 {
				result = "running"
			}
		} else if last == nil {
			last = &list[i]
		}
		counts[result]++
		if newest[result] == "" {
			newest[result] = r.Started
		}
	}
	total := desc("runs", "Runs in the ledger by result, the newest 10,000.", "result")
	for result, n := range counts {
		gauge(out, total, float64(n), result)
	}
	at := desc("run_last_started_seconds", "When the newest run of each result began, Unix time.", "result")
	for result, stamp := range newest {
		if v, ok := seconds(stamp); ok {
			gauge(out, at, v, result)
		}
	}
	if last != nil {
		begin, ok1 := seconds(last.Started)
		end, ok2 := seconds(last.Finished)
		if ok1 && ok2 {
			gauge(out, desc("run_last_duration_seconds", "How long the newest finished run took."), end-begin)
		}
	}
	return nil
}

func (c *collector) sources(ctx context.Context, out chan<- prometheus.Metric) error {
	list, err := c.ledger.SourceReports(ctx)
	if err != nil {
		return err
	}
	labels := []string{"source", "table"}
	landed := desc("source_rows_landed", "Rows in the lake that came from a source.", labels...)
	held := desc("source_rows_held", "Rows in quarantine, of the newest reading of each unit.", labels...)
	loaded := desc("source_last_loaded_seconds", "When a source was last read without an error, Unix time.", labels...)
	landing := desc("source_last_landed_seconds", "When something of a source last landed, Unix time.", labels...)
	up := desc("source_up", "1 when the newest run that read a source could, else 0.", labels...)
	for _, s := range list {
		gauge(out, landed, float64(s.Landed), s.Source, s.Table)
		gauge(out, held, float64(s.Held), s.Source, s.Table)
		if v, ok := seconds(s.Checked); ok {
			gauge(out, loaded, v, s.Source, s.Table)
		}
		if v, ok := seconds(s.Landing); ok {
			gauge(out, landing, v, s.Source, s.Table)
		}
		ok := 1.0
		if s.State == "failed" {
			ok = 0
		}
		gauge(out, up, ok, s.Source, s.Table)
	}
	return nil
}

func (c *collector) publications(ctx context.Context, out chan<- prometheus.Metric) error {
	p, ok, err := c.ledger.LatestPublication(ctx)
	if err != nil || !ok {
		return err
	}
	if v, ok := seconds(p.Created); ok {
		gauge(out, desc("publication_created_seconds", "When the newest publication was made, Unix time."), v)
	}
	gauge(out, desc("publication_id", "Number of the newest publication."), float64(p.ID))
	return nil
}

func (c *collector) schedules(ctx context.Context, out chan<- prometheus.Metric) error {
	open, err := c.ledger.OpenDues(ctx)
	if err != nil {
		return err
	}
	waiting := map[string]int{}
	for _, d := range open {
		waiting[d.Schedule]++
	}
	dues := desc("schedule_waiting", "Due runs of a schedule that are not settled.", "schedule")
	for name, n := range waiting {
		gauge(out, dues, float64(n), name)
	}
	conditions, err := c.ledger.Conditions(ctx)
	if err != nil {
		return err
	}
	level := desc("condition", "How a subject stands: 0 ok, 1 warn, 2 error.", "subject")
	values := map[string]float64{"ok": 0, "warn": 1, "error": 2}
	for _, c := range conditions {
		gauge(out, level, values[c.State], c.Subject)
	}
	return nil
}
