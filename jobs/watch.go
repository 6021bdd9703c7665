package jobs

import (
	"context"
	"time"

	"zhicang/jobs/notice"
	"zhicang/ledger"
)

// A Watch tells people when something changes, once for every change: what was
// told stands in the ledger, so that neither a restart nor a notice that could
// not be sent loses or repeats one.
type Watch struct {
	Ledger *ledger.Ledger
	Now    func() time.Time
	Site   string // which installation speaks
	Send   func(ctx context.Context, e notice.Event) error
}

// See notes how a subject stands. People are told when its level is another
// than the one they know; a subject that was never bad is not news.
func (w *Watch) See(ctx context.Context, subject, level, title, detail string) error {
	if err := w.Ledger.SetCondition(ctx, subject, level); err != nil {
		return err
	}
	c, _, err := w.Ledger.Condition(ctx, subject)
	if err != nil {
		return err
	}
	if c.Told == level || (c.Told == "" && level == notice.OK) {
		return nil
	}
	e := notice.Event{Subject: subject, Level: level, Title: title, Detail: detail, At: w.Now(), Site: w.Site}
	if err := w.Send(ctx, e); err != nil {
		return err // told next time
	}
	return w.Ledger.SetTold(ctx, subject, level)
}
