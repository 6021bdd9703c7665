package jobs

import (
	"errors"
	"time"

	"github.com/robfig/cron/v3"

	"zhicang/models/workday"
)

// times is when one schedule is due.
type times struct {
	schedule cron.Schedule
	days     string
	calendar *workday.Calendar
	location *time.Location
}

// maxWait bounds the search for the next due time: a schedule of the 29th of
// February on workdays may have to wait for years, one of the 30th of February
// for ever.
const maxWait = 12 * 366 * 24 * time.Hour

// next returns the first due time after a moment; ok is false when there is
// none. unsure reports that the calendar does not know that year, and that the
// weekday alone decided.
func (t times) next(after time.Time) (due time.Time, unsure, ok bool) {
	due = after.In(t.location)
	for end := due.Add(maxWait); ; {
		due = t.schedule.Next(due)
		if due.IsZero() || due.After(end) {
			return due, false, false
		}
		if t.days == daysAll {
			return due, false, true
		}
		works, err := t.calendar.Works(due)
		if works == (t.days == daysWorkdays) {
			return due, errors.Is(err, workday.ErrNoNotice), true
		}
	}
}

// between lists the due times in (after, until]. It stops at limit.
func (t times) between(after, until time.Time, limit int) (dues []time.Time, unsure bool) {
	for len(dues) < limit {
		due, guessed, ok := t.next(after)
		if !ok || due.After(until) {
			break
		}
		dues, unsure, after = append(dues, due), unsure || guessed, due
	}
	return dues, unsure
}

// Next lists the next n due times of a schedule. unsure reports that the
// calendar does not know one of their years, and that weekdays decided.
func Next(c Config, calendar *workday.Calendar, location *time.Location, after time.Time, n int) (dues []time.Time, unsure bool, err error) {
	spec, err := parse(c.Cron)
	if err != nil {
		return nil, false, err
	}
	t := times{spec, c.withDefaults().Days, calendar, location}
	dues, unsure = t.between(after, after.Add(maxWait), n)
	return dues, unsure, nil
}
