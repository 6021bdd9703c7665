package jobs

import (
	"context"
	"errors"
	"time"

	"zhicang/jobs/notice"
	"zhicang/ledger"
)

// A Watch tells people when something changes, each of them once for every change:
// what was told to whom stands in the ledger, so that neither a restart nor another
// notice that could not be sent loses or repeats one.
type Watch struct {
	Ledger  *ledger.Ledger
	Now     func() time.Time // in the site's zone
	Site    string           // which installation speaks
	Notices []notice.Config
	Send    func(ctx context.Context, to notice.Config, e notice.Event) error
}

// See notes how a subject stands. Who wants to hear of the level is told when it is
// another than the one they know; a subject that was never bad is not news. The
// error names those that could not be reached; they are told next time.
func (w *Watch) See(ctx context.Context, subject, level, title, detail string) error {
	if err := w.Ledger.SetCondition(ctx, subject, level); err != nil {
		return err
	}
	e := notice.Event{Subject: subject, Level: level, Title: title, Detail: detail, At: w.Now(), Site: w.Site}
	var errs []error
	for _, to := range w.Notices {
		errs = append(errs, w.tell(ctx, to, e))
	}
	return errors.Join(errs...)
}

func (w *Watch) tell(ctx context.Context, to notice.Config, e notice.Event) error {
	fact := "told:" + to.Name + ":" + e.Subject
	known, err := w.Ledger.Fact(ctx, fact)
	if err != nil {
		return err
	}
	if !to.Wants(e.Level) || known == e.Level || known == "" && e.Level == notice.OK {
		return nil
	}
	if err := w.Send(ctx, to, e); err != nil {
		return err
	}
	return w.Ledger.SetFact(ctx, fact, e.Level)
}
