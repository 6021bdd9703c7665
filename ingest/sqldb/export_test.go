package sqldb

import "context"

// AfterOpen has f run each time a session has been opened and nothing has been asked
// of it.
func (s *Source) AfterOpen(f func()) {
	d := *s.dialect
	d.open = func(ctx context.Context, s *Source) (session, error) {
		p, err := openMySQL(ctx, s)
		f()
		return p, err
	}
	s.dialect = &d
}
