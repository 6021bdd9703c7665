package record

import (
	"context"

	"zhicang/ingest"
)

// Deliver runs the reading of a unit for a source's Read, and sorts out what
// ended it: the first error of yield comes back unchanged, the end of the
// context as such, and what went wrong in reading as at completes it. The
// reading is handed a yield that also ends it with the context.
func Deliver(
	ctx context.Context, yield func(ingest.Batch) error,
	read func(yield func(ingest.Batch) error) (ingest.Outcome, error), at func(error) error,
) (ingest.Outcome, error) {
	var stopped error
	out, err := read(func(b ingest.Batch) error {
		if stopped = yield(b); stopped != nil {
			return stopped
		}
		return ctx.Err()
	})
	switch {
	case stopped != nil:
		return ingest.Outcome{}, stopped
	case ctx.Err() != nil:
		return ingest.Outcome{}, ctx.Err()
	case err != nil:
		return ingest.Outcome{}, at(err)
	}
	return out, nil
}
