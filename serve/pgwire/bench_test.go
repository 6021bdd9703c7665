package pgwire

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

// BenchmarkRows reads 10,000 rows of one number: what the wire itself costs.
func BenchmarkRows(b *testing.B) {
	const rows = 10000
	h := serve(b, nil)
	for name, mode := range map[string]pgx.QueryExecMode{"text": pgx.QueryExecModeSimpleProtocol, "binary": pgx.QueryExecModeCacheStatement} {
		b.Run(name, func(b *testing.B) {
			c := connect(b, h, "")
			for b.Loop() {
				got, err := c.Query(b.Context(), "SELECT count 10000", mode)
				if err != nil {
					b.Fatal(err)
				}
				n := 0
				for got.Next() {
					n++
				}
				if n != rows || got.Err() != nil {
					b.Fatal(n, got.Err())
				}
			}
			b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkStatement asks for one row on an open connection.
func BenchmarkStatement(b *testing.B) {
	h := serve(b, nil)
	c := connect(b, h, "&default_query_exec_mode=simple_protocol")
	for b.Loop() {
		if _, err := c.Exec(b.Context(), "SELECT count 1"); err != nil {
			b.Fatal(err)
		}
	}
}
