package cli

import (
	"context"
	"fmt"
	"time"

	"zhicang/jobs/lineage"
	"zhicang/transform"
)

// emitLineage tells of a run where the config wants it told. That it could not
// be told is said, and keeps nothing from going on.
func (a *app) emitLineage(ctx context.Context, g *transform.Graph, started time.Time, rep *runReport) {
	if !a.cfg.Lineage.Enabled() {
		return
	}
	r := lineage.Run{ID: rep.Run, Started: started, Finished: a.now(), Failed: rep.Result == "failed"}
	for _, s := range rep.Sources {
		if s.State == transform.Skipped {
			continue
		}
		step := lineage.Step{Job: "load:" + s.Source, Inputs: []string{"source:" + s.Source}, Started: s.started, Seconds: s.Seconds, Rows: s.Landed}
		for _, c := range a.cfg.Sources {
			if c.Name == s.Source {
				step.Output = c.Table
			}
		}
		if s.State == transform.Failed {
			step.Err = "the source could not be read as a whole"
		}
		r.Steps = append(r.Steps, step)
	}
	for _, t := range rep.Tables {
		if t.State == transform.Skipped {
			continue
		}
		step := lineage.Step{Job: t.Table, Output: t.Table, Started: t.Started, Seconds: t.Seconds, Rows: t.Rows}
		if n, ok := g.Node(t.Table); ok {
			step.Inputs = n.Upstreams
		}
		if t.State == transform.Failed {
			step.Err = t.Reason
		}
		r.Steps = append(r.Steps, step)
	}
	if err := lineage.Emit(context.WithoutCancel(ctx), a.cfg.Lineage, a.cfg.dir, lineage.Events(a.cfg.Lineage.Namespace, r)); err != nil {
		fmt.Fprintf(a.err, "zhicang: %v\n", err)
	}
}
