package warehouse

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"zhicang/warehouse/dialect"
)

// Reads says which tables a SELECT reads, with the engine's own parser. What it
// said of a text stands in the warehouse, under the text's digest: a text that is
// known is not parsed again.
func (e *Engine) Reads(ctx context.Context, text string) (dialect.Reads, error) {
	if e.reads == nil {
		if err := e.recallReads(ctx); err != nil {
			return dialect.Reads{}, fmt.Errorf("read meta: %w", err)
		}
	}
	sum := sha256.Sum256([]byte(text))
	digest := hex.EncodeToString(sum[:])
	if r, ok := e.reads[digest]; ok {
		return dialect.Reads{Text: text, Tables: r.Tables}, nil
	}
	q, err := e.Parse(ctx, text)
	if err != nil {
		return dialect.Reads{}, err
	}
	r := q.Reads()
	tables, err := json.Marshal(r.Tables)
	if err != nil {
		return dialect.Reads{}, err
	}
	e.reads[digest] = r
	return r, e.Exec(ctx, "INSERT INTO meta.text_reads VALUES (?, ?)", digest, string(tables))
}

func (e *Engine) recallReads(ctx context.Context) error {
	rows, err := e.Query(ctx, "SELECT text_digest, tables FROM meta.text_reads")
	if err != nil {
		return err
	}
	defer rows.Close()
	e.reads = map[string]dialect.Reads{}
	for rows.Next() {
		var digest, tables string
		if err := rows.Scan(&digest, &tables); err != nil {
			return err
		}
		var r dialect.Reads
		if err := json.Unmarshal([]byte(tables), &r.Tables); err != nil {
			return err
		}
		e.reads[digest] = r
	}
	return rows.Err()
}
