package web

import (
	"context"
	"fmt"
	"time"
)

// dataView says what day the data are of.
type dataView struct {
	AsOf      string
	Published string
	Age       string // 当日, or how many days ago
	Old       string // how bad that is: "", watch or bad
	ID        int64
	Stale     string // why this is not the newest publication; empty: it is
}

// unreadable says why there is nothing to read; nil: there is.
func (s *Server) unreadable(ctx context.Context) *problem {
	pub, err := s.o.Reader.Current(ctx)
	if err == nil || pub.ID != 0 {
		return nil
	}
	return problemOf(err)
}

// data describes the publication that pages read; nil while there is none.
func (s *Server) data(ctx context.Context) *dataView {
	pub, err := s.o.Reader.Current(ctx)
	if pub.ID == 0 {
		return nil
	}
	d := &dataView{ID: pub.ID, Published: pub.PublishedAt.In(s.o.Location).Format("2006-01-02 15:04")}
	if !pub.AsOf.IsZero() {
		d.AsOf = pub.AsOf.Format(time.DateOnly)
		d.Age, d.Old = ageOf(pub.AsOf, s.o.Now().In(s.o.Location))
	}
	if err != nil {
		d.Stale = problemOf(err).title
	}
	return d
}

// How old data may be before pages say so; the boards in Grafana turn at the
// same days.
const (
	watchDays = 3
	badDays   = 8
)

// ageOf says how many calendar days lie between the day of the data and now.
func ageOf(asOf, now time.Time) (age, old string) {
	date := func(t time.Time) time.Time {
		y, m, d := t.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	days := int(date(now).Sub(date(asOf)).Hours() / 24)
	age = "当日"
	if days > 0 {
		age = fmt.Sprintf("%d 天前", days)
	}
	switch {
	case days >= badDays:
		old = "bad"
	case days >= watchDays:
		old = "watch"
	}
	return age, old
}
