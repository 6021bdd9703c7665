package transform

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"zhicang/models"
	"zhicang/warehouse"
)

// sharedName is under what the shared keys of an ods table stand among states.
func sharedName(table string, key []string) string {
	return table + " by " + strings.Join(key, ", ")
}

// findShared finds out, for the tables that see the rows of other months that
// share a key, which months share any.
func (b *builder) findShared(ctx context.Context) error {
	for _, t := range b.graph.order {
		for _, up := range b.graph.nodes[t].Upstreams {
			key := b.graph.nodes[t].Contract.Reads[up].Same
			name := sharedName(up, key)
			if _, done := b.shared[name]; done || len(key) == 0 {
				continue
			}
			list, err := b.engine.SharedKeys(ctx, b.graph.nodes[up].Contract, key, b.landed(up))
			if err != nil {
				return err
			}
			b.shared[name] = list
			b.states.setShared(name, list)
		}
	}
	return nil
}

// landed lists what each batch has in each month of an ods table.
func (b *builder) landed(table string) []warehouse.Landed {
	var list []warehouse.Landed
	for _, f := range b.files[table] { // by month and batch
		m, err := models.ParseMonth(f.Month)
		if err != nil {
			continue // setLake has told
		}
		last := len(list) - 1
		if last < 0 || list[last].Batch != f.Batch || list[last].Month != m {
			list = append(list, warehouse.Landed{Batch: f.Batch, Month: m})
			last++
		}
		list[last].Rows += f.Rows
		if path := lakePath(b.dir, f); !slices.Contains(list[last].Files, path) {
			list[last].Files = append(list[last].Files, path)
		}
	}
	return list
}

// setShared makes the batches of other months that share keys with a month a
// part of what that month rests on.
func (s states) setShared(name string, list []warehouse.Shared) {
	s[name] = map[models.Month]warehouse.State{}
	for _, l := range list {
		st := s[name][l.Other]
		st.Content += fmt.Sprintf("%s:%d,", l.Month, l.Batch)
		s[name][l.Other] = st
	}
}

// elsewhere lists the months outside of a span that share keys with one in it.
func elsewhere(list []warehouse.Shared, span warehouse.Span) map[models.Month]bool {
	months := map[models.Month]bool{}
	for _, l := range list {
		if l.Other >= span.First && l.Other <= span.Last && (l.Month < span.First || l.Month > span.Last) {
			months[l.Month] = true
		}
	}
	return months
}
