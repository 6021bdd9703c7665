package ingest

import (
	"zhicang/privacy"
)

// recentRecords is how many records of a stream are remembered, to know them
// again when the stream delivers them once more. A stream that is read from a
// little before its cursor, as it should be, repeats its last records at every
// reading; so do the broken ones among them.
const recentRecords = 10_000

// recent leaves out what the last reading of a stream delivered already, word
// for word. What is forgotten and comes again lands again: the key and the
// version of a row make that harmless.
type recent struct {
	pseudonym *privacy.Pseudonymizer // marks are keyed: nobody can test a guess against them
	known     map[string]bool
	marks     []string // of this reading, in order; the last ones are kept
	buf       []byte
}

func newRecent(key privacy.Key, marks []string) (*recent, error) {
	p, err := privacy.NewPseudonymizer(key)
	if err != nil {
		return nil, err
	}
	r := &recent{pseudonym: p, known: make(map[string]bool, len(marks))}
	for _, m := range marks {
		r.known[m] = true
	}
	return r, nil
}

// pass hands on the records of a batch that are new, in runs.
func (r *recent) pass(b Batch, cells []cell, yield func(Batch) error) error {
	var faults []Fault
	for _, f := range b.Faults {
		if !r.seen(append(r.buf[:0], f.Raw...)) {
			faults = append(faults, f)
		}
	}
	rows := int(b.Record.NumRows())
	for start := 0; start <= rows; {
		end := start
		for end < rows && !r.seenRow(cells, end) {
			end++
		}
		if end > start || faults != nil {
			part := b
			part.Record = b.Record.NewSlice(int64(start), int64(end))
			part.Rows, part.Faults = b.Rows[start:end], faults
			faults = nil
			err := yield(part)
			part.Record.Release()
			if err != nil {
				return err
			}
		}
		start = end + 1
	}
	return nil
}

func (r *recent) seenRow(cells []cell, i int) bool {
	r.buf = r.buf[:0]
	for _, c := range cells {
		s, ok := c(i)
		if ok {
			r.buf = append(r.buf, '=')
			r.buf = append(r.buf, s...)
		}
		r.buf = append(r.buf, 0)
	}
	return r.seen(r.buf)
}

func (r *recent) seen(record []byte) bool {
	mark := r.pseudonym.Key(string(record))
	r.marks = append(r.marks, mark)
	if len(r.marks) >= 2*recentRecords {
		r.marks = append(r.marks[:0], r.marks[len(r.marks)-recentRecords:]...)
	}
	return r.known[mark]
}

// last returns the marks to remember.
func (r *recent) last() []string {
	return r.marks[max(0, len(r.marks)-recentRecords):]
}
