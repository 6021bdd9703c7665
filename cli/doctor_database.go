package cli

import (
	"context"

	"zhicang/ingest/sqldb"
)

// database says what was found of a source's database, one line for each thing
// that was looked at. False: a load would fail, and more need not be tried.
func (d *doctor) database(ctx context.Context, area string, src *sqldb.Source) bool {
	good := true
	for _, c := range src.Examine(ctx) {
		switch at := area + ", " + c.Subject; {
		case c.Err != nil:
			d.fault(sick, at, c.Err, "")
			good = false
		case c.Doubt:
			d.say(doubt, at, c.Try, "%s", c.What)
		default:
			d.say(healthy, at, "", "%s", c.What)
		}
	}
	return good
}
