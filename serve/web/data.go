package web

import (
	"context"
	"fmt"

	"zhicang/dashboards"
)

// dataView says how new the data are and since when they are shown. Readers
// decide by it: the day is that of the oldest source, not of the run.
type dataView struct {
	AsOf      string // empty: nothing is known of the sources
	Age       string // 当日, or how many days ago
	Old       string // how bad that is: "", watch or bad
	Late      string // how many sources are late; empty: none is
	Published string
	ID        int64
	Stale     string  // why this is not the newest publication; empty: it is
	Sources   *answer // each source with its newest day
}

// unreadable says why there is nothing to read; nil: there is.
func (s *Server) unreadable(ctx context.Context) *problem {
	pub, err := s.o.Reader.Current(ctx)
	if err == nil || pub.ID != 0 {
		return nil
	}
	return problemOf(err)
}

// data tells of the data that a board reads, as who is signed in may know it;
// nil while there is no publication.
func (s *Server) data(v *visit, b *dashboards.Board, values map[string]string) *dataView {
	pub, err := s.o.Reader.Current(v.ctx())
	if pub.ID == 0 {
		return nil
	}
	d := &dataView{ID: pub.ID, Published: pub.PublishedAt.In(s.o.Location).Format("2006-01-02 15:04")}
	if err != nil {
		d.Stale = problemOf(err).title
	}
	header, _ := b.Panel(dashboards.HeaderID) // every board has both
	if a := s.answer(v, b, header, values); a.State == "ok" {
		d.fill(a)
	}
	sources, _ := b.Panel(dashboards.SourcesID)
	if a := s.answer(v, b, sources, values); a.State == "ok" {
		d.Sources = a
	}
	return d
}

// fill takes over what the board's header says.
func (d *dataView) fill(a *answer) {
	for i, f := range a.Fields {
		value := text(a.Rows[0][i])
		switch f.Name {
		case "as_of":
			d.AsOf = value
		case "age":
			d.Age = value + " 天前"
			if value == "0" {
				d.Age = "当日"
			}
		case "state":
			switch f.mark(value) {
			case "red":
				d.Old, d.Late = "bad", "来源"+value
			case "orange":
				d.Old, d.Late = "watch", "来源"+value
			}
		}
	}
	if d.AsOf == "" {
		d.Age = ""
	}
}

// lines are the sources in words, a line each, for a file.
func (d *dataView) lines() [][2]string {
	if d.Sources == nil {
		return nil
	}
	var list [][2]string
	for i, row := range d.Sources.Rows {
		label := ""
		if i == 0 {
			label = "各来源"
		}
		words := map[string]string{}
		for j, f := range d.Sources.Fields {
			words[f.Name] = f.show(row[j])
		}
		list = append(list, [2]string{label, fmt.Sprintf("%s（%s，%s）：至 %s，%s", words["source_title"], words["source_system"], words["pace"], words["newest_day"], words["state"])})
	}
	return list
}
