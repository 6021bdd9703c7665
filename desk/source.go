package desk

import (
	"context"

	"zhicang/ingest"
	"zhicang/ingest/record"
)

// SourceName names the decisions among the sources of a site.
const SourceName = "review"

// SourceConfig is how decisions are read: as a source of one more department.
func SourceConfig() ingest.Config {
	return ingest.Config{
		Name: SourceName, Table: Table,
		Columns: map[string]string{
			"decision_id": "decision_id", "flag_id": "flag_id", "evidence_digest": "evidence_digest", "decision": "decision", "reason": "reason",
			"referred_to": "referred_to", "reviewer": "reviewer", "reviewer_name": "reviewer", "decided_on": "decided_on",
		},
	}
}

// A Source delivers decisions from memory, so that who decided, and why, is
// nowhere written down in the clear.
type Source struct {
	// Import names the workbook that they came with, such as a digest of it: a
	// workbook that was read before is not read again.
	Import    string
	Decisions []Decision
}

var _ ingest.Source = (*Source)(nil)

// Units is the workbook.
func (s *Source) Units(context.Context) ([]ingest.Unit, error) {
	return []ingest.Unit{{Name: s.Import, Stamp: s.Import}}, nil
}

// Read delivers the decisions.
func (s *Source) Read(ctx context.Context, _ ingest.Unit, _ string, yield func(ingest.Batch) error) (ingest.Outcome, error) {
	fields := SourceConfig().Fields()
	b := record.NewBuilder(fields, "")
	for i, d := range s.Decisions {
		if err := ctx.Err(); err != nil {
			return ingest.Outcome{}, err
		}
		values := map[string]string{
			"decision_id": d.ID(), "flag_id": d.Flag, "evidence_digest": d.Digest, "decision": d.Decision, "reason": d.Reason,
			"referred_to": d.ReferredTo, "reviewer": d.Reviewer, "decided_on": d.On.Format("2006-01-02"),
		}
		for k, f := range fields {
			b.AppendString(k, values[f])
		}
		b.EndRow(int64(i + 1))
		if b.Full() {
			if err := b.Flush(yield); err != nil {
				return ingest.Outcome{}, err
			}
		}
	}
	return ingest.Outcome{Header: fields}, b.Flush(yield)
}
