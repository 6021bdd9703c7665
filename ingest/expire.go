package ingest

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"zhicang/ledger"
	"zhicang/models"
	"zhicang/privacy"
)

// An Expiry is what a table's retention deletes from the lake, the quarantine and
// the vault.
type Expiry struct {
	Table     string   `json:"table"`
	Reference string   `json:"reference"`
	FirstKept string   `json:"first_kept"` // month
	Months    []string `json:"months"`     // that go
	Files     int      `json:"files"`
	Rows      int64    `json:"rows"`
	Held      int64    `json:"held"`    // held rows that go
	Batches   int      `json:"batches"` // that lose something

	first   models.Month
	begin   time.Time      // of the first month that is kept
	touched map[int64]bool // batches that lose something
}

// Empty reports whether there is nothing to delete.
func (x *Expiry) Empty() bool { return x.Rows == 0 && x.Files == 0 && x.Held == 0 }

// Expired finds what is too old on a day, under the retention of a contract; a
// contract without one keeps everything.
func (l *Loader) Expired(ctx context.Context, c *models.Contract, asOf time.Time) (x Expiry, err error) {
	x.Table = c.Table
	if c.Retention == nil {
		return x, nil
	}
	x.first = c.Retention.FirstKept(models.MonthOf(asOf.Year(), int(asOf.Month())))
	x.FirstKept, x.Reference, x.touched = x.first.String(), c.Retention.Reference, map[int64]bool{}
	if x.begin, err = time.ParseInLocation(time.DateOnly, x.first.FirstDay(), l.Location); err != nil {
		return x, err
	}
	files, err := l.Ledger.LakeFiles(ctx, c.Table)
	if err != nil {
		return x, err
	}
	paths := map[string]bool{}
	for _, f := range files {
		if f.Month >= x.FirstKept {
			continue
		}
		x.Rows += f.Rows
		x.touched[f.Batch], paths[f.Path] = true, true
		if !slices.Contains(x.Months, f.Month) {
			x.Months = append(x.Months, f.Month)
		}
	}
	old, _, err := l.Ledger.HeldOf(ctx, c.Table, x.begin)
	for _, h := range old {
		x.touched[h.Batch] = true
	}
	if err != nil {
		return x, err
	}
	// What was held once lies in the vault of the batch that it was held in, too.
	from, err := l.Ledger.ReplayedFrom(ctx, slices.Collect(maps.Keys(x.touched)))
	for _, id := range from {
		x.touched[id] = true
	}
	x.Files, x.Held, x.Batches = len(paths), int64(len(old)), len(x.touched)
	return x, err
}

// Expire deletes what Expired found: first the vault's segments are written anew
// without what belongs to rows that go, then one commit of the ledger forgets files,
// held rows and old segments, and the sweep removes them. The note is committed
// with it. Killed before the commit, nothing is deleted; behind it, everything is,
// and the next sweep removes the files.
func (l *Loader) Expire(ctx context.Context, c *models.Contract, x Expiry, noteName, note string) error {
	vault, err := l.expireVault(ctx, c, x)
	if err == nil {
		err = l.Ledger.Expire(ctx, ledger.Expiry{
			Table: x.Table, FirstMonth: x.FirstKept, HeldBefore: x.begin, Vault: vault, NoteName: noteName, Note: note,
		})
	}
	if _, swept := l.Sweep(context.WithoutCancel(ctx)); err == nil {
		err = swept
	}
	if err != nil {
		return fmt.Errorf("retention of %s: %w", x.Table, err)
	}
	return nil
}

// expireVault writes the segments of the batches that lose something, without what
// belongs to it, and returns the segments that each of them keeps.
func (l *Loader) expireVault(ctx context.Context, c *models.Contract, x Expiry) (map[int64][]string, error) {
	files, err := l.Ledger.LakeFiles(ctx, c.Table)
	if err != nil {
		return nil, err
	}
	_, held, err := l.Ledger.HeldOf(ctx, c.Table, x.begin)
	if err != nil {
		return nil, err
	}
	batches, err := l.Ledger.Batches(ctx, 0)
	if err != nil {
		return nil, err
	}
	kept := map[int64][]string{}
	for _, b := range batches {
		if !x.touched[b.ID] || len(b.Vault) == 0 {
			continue
		}
		keep := newKeep()
		for _, h := range held {
			if h.Batch == b.ID {
				keep.add(privacy.KindHeld, fmt.Sprintf("%d/%d", h.Batch, h.Seq))
			}
		}
		for _, f := range files {
			if f.Batch == b.ID && f.Month >= x.FirstKept {
				if err := keep.addFile(ctx, l.full(f.Path), c); err != nil {
					return nil, fmt.Errorf("%s: %w", f.Path, err)
				}
			}
		}
		if kept[b.ID], err = l.thin(ctx, b.Vault, keep, x.FirstKept); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// thin writes segments anew with the records to keep alone, and returns their
// names. A segment of which nothing is kept has no successor.
func (l *Loader) thin(ctx context.Context, segments []string, keep *keep, first string) (names []string, err error) {
	names = []string{}
	for _, old := range segments {
		v, err := privacy.OpenVault(os.DirFS(l.Dir), l.Keys.Vault, []string{old})
		if err != nil {
			return nil, err
		}
		base := strings.TrimSuffix(path.Base(old), path.Ext(old))
		base, _, _ = strings.Cut(base, "-from-") // of an earlier deletion
		name := path.Join(path.Dir(old), base+"-from-"+first+path.Ext(old))
		if name == old {
			name = path.Join(path.Dir(old), base+"-from-"+first+"-2"+path.Ext(old))
		}
		w := &segmentWriter{path: l.full(name), key: l.Keys.Vault}
		err = v.Scan(ctx, func(r privacy.Record) error {
			// A row may have lain in an older month in the same batch: of a version
			// that goes, nothing stays, nor of one whose month the first form of the
			// vault did not note. People and held rows have no month.
			if !keep.has(r.Kind, r.Lookup) || r.Kind == privacy.KindValue && r.Month < first {
				return nil
			}
			return w.put(r)
		})
		if err != nil {
			w.abort()
			return nil, err
		}
		if w.vault == nil {
			continue
		}
		if err := w.vault.Close(); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

// segmentWriter is a vault segment that begins with its first record.
type segmentWriter struct {
	path  string
	key   privacy.Key
	vault *privacy.VaultWriter
}

func (w *segmentWriter) put(r privacy.Record) (err error) {
	if w.vault == nil {
		if w.vault, err = privacy.NewVaultWriter(w.path, w.key); err != nil {
			return err
		}
	}
	return w.vault.Put(r)
}

func (w *segmentWriter) abort() {
	if w.vault != nil {
		w.vault.Abort()
	}
}
