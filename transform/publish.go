package transform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"zhicang/ledger"
	"zhicang/models"
	"zhicang/warehouse"
)

// PublishResult is what a run did about publishing.
type PublishResult struct {
	State  string `json:"state"`
	Reason string `json:"reason"`
	File   string `json:"file,omitempty"`
	Err    error  `json:"-"`
}

// publishIfWhole publishes when every table is up to date and something in
// them differs from the newest publication.
func (r *Runner) publishIfWhole(ctx context.Context, run int64, b *builder, res Result, partial bool) PublishResult {
	skip := func(reason string) PublishResult { return PublishResult{State: Skipped, Reason: reason} }
	switch {
	case res.Count(Failed) > 0:
		return skip("tables failed; readers keep the last publication")
	case partial:
		return skip("only some tables were brought up to date")
	}
	digest, tables := r.publishable(b)
	if latest, ok, err := r.Ledger.LatestPublication(ctx); err != nil {
		return PublishResult{State: Failed, Reason: err.Error(), Err: err}
	} else if ok && latest.Digest == digest {
		if latest.State == ledger.Withdrawn {
			return skip("the same rows were rolled back by hand; `zhicang publish` publishes them all the same")
		}
		if r.Shelf.Readable(ctx) {
			return skip("nothing changed since publication " + fmt.Sprint(latest.ID))
		}
		r.Log.Warn("the current publication can't be read; it is published anew", "publication", latest.ID)
	}
	pub := r.Publish(ctx, run, digest, tables)
	if pub.Err != nil {
		pub.State, pub.Reason = Failed, pub.Err.Error()
	}
	return pub
}

// publishable lists the tables that go into the published file, and digests
// their content: equal digests, equal rows.
func (r *Runner) publishable(b *builder) (digest string, tables []*models.Contract) {
	h := sha256.New()
	for _, t := range r.Graph.order {
		c := r.Graph.nodes[t].Contract
		if !c.Published() {
			continue
		}
		tables = append(tables, c)
		fmt.Fprintln(h, t)
		for _, m := range b.states.monthsOf(t) {
			fmt.Fprintln(h, m, b.states[t][m].Content)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:12]), tables
}

// Publish writes the tables into a new published file and switches to it.
func (r *Runner) Publish(ctx context.Context, run int64, digest string, tables []*models.Contract) PublishResult {
	fail := func(err error) PublishResult { return PublishResult{Err: err} }
	id, err := r.Ledger.PreparePublication(ctx, run, digest)
	if err != nil {
		return fail(err)
	}
	name := warehouse.FileName(id)
	publish := r.Engine.Publish
	if r.Afresh {
		publish = r.Engine.PublishWhole
	}
	if err := publish(ctx, r.Shelf, name, tables); err != nil {
		return fail(err)
	}
	if err := r.Shelf.Switch(name); err != nil {
		return fail(err)
	}
	if err := r.Ledger.SetPublication(ctx, id, ledger.Published); err != nil {
		return fail(err)
	}
	if _, err := r.Shelf.Prune(r.Keep); err != nil {
		return fail(err)
	}
	r.Log.Info("published", "publication", id, "tables", len(tables))
	return PublishResult{State: Built, Reason: fmt.Sprintf("publication %d", id), File: name}
}

// PublishNow publishes the tables as they stand, whatever was published or
// withdrawn before. Every table must be up to date.
func (r *Runner) PublishNow(ctx context.Context, run int64) (PublishResult, error) {
	plan, err := r.Plan(ctx, Options{})
	if err != nil {
		return PublishResult{}, err
	}
	for _, t := range plan {
		if t.State != Skipped {
			return PublishResult{}, &StaleError{Table: t.Table, Reason: t.Reason}
		}
	}
	b, _, err := r.begin(ctx, run, Options{})
	if err != nil {
		return PublishResult{}, err
	}
	digest, tables := r.publishable(b)
	res := r.Publish(ctx, run, digest, tables)
	return res, res.Err
}

// StaleError says that a table is not up to date, where it must be.
type StaleError struct {
	Table  string
	Reason string
}

func (e *StaleError) Error() string {
	return fmt.Sprintf("table %s is not up to date: %s", e.Table, e.Reason)
}

// Hint is what to try; the command line prints it after "Try: ".
func (e *StaleError) Hint() string { return "zhicang run" }
