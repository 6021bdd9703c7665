package sqldb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"zhicang/ingest"
)

// A chunk is one query of a reading.
type chunk struct {
	query string
	args  []string
	// untimed says that its rows have no cursor, and so come at every reading.
	untimed bool
}

// ahead is how many batches a connection may be ahead of what is delivered.
const ahead = 6

// run reads the chunks, several at a time, and delivers them in their order.
// Beside that, or at their end, the database is asked what they should deliver.
func (r *reading) run(ctx context.Context, yield func(ingest.Batch) error) error {
	if !r.session.beside() {
		if err := r.readChunks(ctx, yield); err != nil {
			return err
		}
		return r.count(ctx)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return r.count(ctx) })
	var stopped error
	g.Go(func() error {
		stopped = r.readChunks(ctx, yield)
		return stopped
	})
	err := g.Wait()
	if stopped != nil && !errors.Is(stopped, context.Canceled) {
		return stopped // and not what that did to the counting
	}
	return err
}

func (r *reading) readChunks(ctx context.Context, yield func(ingest.Batch) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	workers := min(r.session.connections(), len(r.chunks))
	// Connection w reads the chunks w, w+workers, …; one channel a connection
	// keeps their order, and a piece without columns ends a chunk.
	pieces := make([]chan piece, workers)
	for w := range workers {
		pieces[w] = make(chan piece, ahead)
		g.Go(func() error {
			defer close(pieces[w])
			for i := w; i < len(r.chunks); i += workers {
				if err := r.readChunk(ctx, w, r.chunks[i], pieces[w]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	var stopped error
	g.Go(func() error {
		stopped = r.deliver(ctx, pieces, yield)
		return stopped
	})
	err := g.Wait()
	if stopped != nil && !errors.Is(stopped, context.Canceled) {
		return stopped // not what stopping did to the readers
	}
	return err
}

func (r *reading) deliver(ctx context.Context, pieces []chan piece, yield func(ingest.Batch) error) error {
	before := int64(0)
	for i, c := range r.chunks {
		rows := int64(0)
		for {
			p, ok := <-pieces[i%len(pieces)]
			if !ok {
				return ctx.Err() // the reader failed, and says why itself
			}
			if p.vecs == nil {
				break
			}
			rows += int64(len(p.rows) + len(p.faults))
			b := p.batch(r.columns, r.fields, r.zone != nil, before)
			b.Deleted, b.Again = r.marked(p), r.cursor.again(p, c.untimed)
			err := yield(b)
			b.Record.Release()
			if err != nil {
				return err
			}
		}
		before += rows
	}
	return nil
}

// readChunk reads one chunk to its end.
func (r *reading) readChunk(ctx context.Context, connection int, c chunk, out chan<- piece) error {
	ctx, watch := newWatch(ctx, r.cfg.DSN.Timeout)
	defer watch.done()
	send := func(p piece) error {
		watch.stop() // who takes the rows may take its time
		defer watch.start()
		select {
		case out <- p:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	rows, err := r.session.query(ctx, connection, c.query, c.args, r.columns)
	if err != nil {
		return watch.explain(ctx, err)
	}
	defer rows.close()
	b := newBatch(r.columns, r.zone)
	b.rest = r.rest
	for n := 0; ; n++ {
		if n&255 == 0 {
			watch.start()
		}
		err := rows.next(b)
		if err == nil && b.full() {
			err = send(b.take())
		}
		switch {
		case errors.Is(err, io.EOF):
			if !b.empty() {
				if err := send(b.take()); err != nil {
					return watch.explain(ctx, err)
				}
			}
			return watch.explain(ctx, send(piece{}))
		case err != nil:
			return watch.explain(ctx, err)
		}
	}
}

// marked says which rows of a piece the source marks as deleted.
func (r *reading) marked(p piece) []bool {
	if r.deleted < 0 {
		return nil
	}
	out := make([]bool, len(p.rows))
	for i := range out {
		text, ok := p.vecs[r.deleted].string(i, r.columns[r.deleted])
		out[i] = ok && slices.ContainsFunc(r.cfg.Deleted.Values, func(v string) bool { return strings.EqualFold(v, text) })
	}
	return out
}

// cut decides on the chunks of a reading.
func (r *reading) cut(ctx context.Context, all []column) error {
	exprs, order := r.expressions(), r.quoted(r.key)
	if lower, arg := r.cursor.from(r); lower != "" {
		byCursor := append([]string{r.dialect.quote(r.columns[r.cursor.at].name)}, order...)
		r.chunks = []chunk{{query: r.selectFrom(exprs, []string{lower}, byCursor), args: []string{arg}}}
		r.counted = []chunk{{query: r.countQuery(lower), args: []string{arg}}}
		if r.cfg.Mode == ingest.ModeCursor {
			// What has no cursor would be missed for ever otherwise.
			null := r.dialect.quote(r.columns[r.cursor.at].name) + " IS NULL"
			r.chunks = append(r.chunks, chunk{query: r.selectFrom(exprs, []string{null}, order), untimed: true})
			r.counted = append(r.counted, chunk{query: r.countQuery(null)})
		}
		return nil
	}
	r.counted = []chunk{{query: r.countQuery()}} // of all, whatever it is cut into
	ranges, err := r.ranges(ctx, all)
	if err != nil {
		return err
	}
	for _, condition := range ranges {
		r.chunks = append(r.chunks, chunk{query: r.selectFrom(exprs, []string{condition}, order)})
	}
	if len(ranges) == 0 {
		r.chunks = []chunk{{query: r.selectFrom(exprs, nil, order)}}
	}
	return nil
}

func (r *reading) quoted(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = r.dialect.quote(n)
	}
	return out
}

// ranges cuts a table whose key is one whole number into conditions that no two
// rows fulfil together and every row fulfils one of. Rows need not be spread
// evenly: a range that has more of them takes longer, and no more memory.
func (r *reading) ranges(ctx context.Context, all []column) ([]string, error) {
	if r.session.connections() < 2 || len(r.key) != 1 || r.cfg.From == "" {
		return nil, nil
	}
	key, _ := columnNamed(all, r.key[0])
	rows, err := r.session.estimate(ctx, r.cfg.From)
	n := rows / int64(r.cfg.ChunkRows)
	if err != nil || key.kind != intKind || n < 2 {
		return nil, err
	}
	name := r.dialect.quote(key.name)
	bounds, err := r.one(ctx, r.selectFrom([]string{"min(" + name + ") lo", "max(" + name + ") hi"}, nil, nil), nil,
		[]column{{name: "lo", kind: intKind, oid: key.oid, typ: key.typ}, {name: "hi", kind: intKind, oid: key.oid, typ: key.typ}})
	if err != nil || bounds[0].isNull(0) {
		return nil, err
	}
	lo, hi := bounds[0].whole[0], bounds[1].whole[0]
	step := (uint64(hi)-uint64(lo))/uint64(n) + 1
	var out []string
	for from := lo; ; {
		to := from + int64(step)
		last := to > hi || to < from
		switch {
		case from == lo && last:
			return nil, nil
		case from == lo:
			out = append(out, fmt.Sprintf("%s < %d", name, to))
		case last:
			out = append(out, fmt.Sprintf("%s >= %d", name, from))
		default:
			out = append(out, fmt.Sprintf("%s >= %d AND %s < %d", name, from, name, to))
		}
		if last {
			break
		}
		from = to
	}
	if len(r.cfg.Key) > 0 { // it need not be the table's own key, and may be absent
		out = append(out, name+" IS NULL")
	}
	return out, nil
}

// one reads the single row of a query.
func (r *reading) one(ctx context.Context, query string, args []string, columns []column) ([]vec, error) {
	ctx, watch := newWatch(ctx, r.cfg.DSN.Timeout)
	defer watch.done()
	watch.start()
	rows, err := r.session.query(ctx, 0, query, args, columns)
	if err != nil {
		return nil, watch.explain(ctx, err)
	}
	defer rows.close()
	b := newBatch(columns, nil)
	if err := rows.next(b); err != nil {
		return nil, watch.explain(ctx, err)
	}
	if err := rows.next(newBatch(columns, nil)); !errors.Is(err, io.EOF) {
		return nil, watch.explain(ctx, errors.Join(err, errors.New("more than one row where one was asked for")))
	}
	if len(b.rows) == 0 {
		return nil, errNoRows
	}
	return b.vecs, nil
}

// watch ends a query under which the database has kept silent for too long.
type watch struct {
	timer  *time.Timer
	limit  time.Duration
	cancel context.CancelCauseFunc
}

var errSilent = errors.New("the database keeps silent")

func newWatch(ctx context.Context, limit time.Duration) (context.Context, *watch) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watch{limit: limit, cancel: cancel}
	w.timer = time.AfterFunc(limit, func() { cancel(errSilent) })
	return ctx, w
}

func (w *watch) start() { w.timer.Reset(w.limit) }
func (w *watch) stop()  { w.timer.Stop() }

func (w *watch) done() {
	w.timer.Stop()
	w.cancel(nil)
}

// explain tells the silence of the database from other ends of a query.
func (w *watch) explain(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), errSilent) {
		return errSilent
	}
	return err
}
