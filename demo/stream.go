package demo

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"zhicang/demo/yunxi"
)

// WriteCSV writes the same messages as one plain UTF-8 CSV, without broken
// rows, for measuring: opinion_id, submitter_id, submitter_name, phone, title,
// submitted_at, body, likes, dislikes, region_code. It holds one month in
// memory.
func WriteCSV(ctx context.Context, out io.Writer, opts Options) error {
	opts, err := opts.withDefaults()
	if err != nil {
		return err
	}
	b, err := loadBook()
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	w := csv.NewWriter(out)
	row := []string{"opinion_id", "submitter_id", "submitter_name", "phone", "title", "submitted_at", "body", "likes", "dislikes", "region_code"}
	if err := w.Write(row); err != nil {
		return fmt.Errorf("write demo csv: %w", err)
	}
	y := generate(b, opts)
	for i, size := range y.budget() {
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, m := range y.month(i+1, size) {
			row = append(row[:0], m.id, m.from.id, m.from.name, m.from.phone, m.title, m.at.Format("2006-01-02 15:04:05"),
				m.body, strconv.Itoa(m.likes), strconv.Itoa(m.dislikes), yunxi.Code+m.town)
			if err := w.Write(row); err != nil {
				return fmt.Errorf("write demo csv: %w", err)
			}
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return fmt.Errorf("write demo csv: %w", err)
	}
	return nil
}
