package reader

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"zhicang/serve/account"

	"zhicang/privacy"
)

// maxRecorded is how much of a statement stands in the audit log; of a longer
// one its beginning and its digest.
const maxRecorded = 8 << 10

// Record writes into the audit log a statement that another than the reader has
// answered, on the catalogue; the rows may be given away when it returns nil.
func (r *Reader) Record(ctx context.Context, acct account.Account, s Statement, rows int64, outcome string, took time.Duration) error {
	return r.record(ctx, acct, s, rows, outcome, took)
}

// record writes a statement into the audit log, and returns when it is on disk.
func (r *Reader) record(ctx context.Context, acct account.Account, s Statement, rows int64, outcome string, took time.Duration) error {
	err := r.audit.Record(context.WithoutCancel(ctx), privacy.Entry{
		Who: acct.Name, Action: "query", Object: recorded(s.SQL), Reason: cmp.Or(strings.ToValidUTF8(s.Purpose, "?"), "unknown"), Rows: rows,
		Outcome: fmt.Sprintf("%s %dms", outcome, took.Milliseconds()),
	})
	if err != nil {
		r.o.Log.Error("statement not recorded", "err", err)
		return &Error{Code: codeNotRecorded, Message: "the statement cannot be recorded, and so gives nothing", Try: "look at the audit log and its disk: zhicang serve says why in its log", Err: err}
	}
	return nil
}

func recorded(sql string) string {
	sql = strings.ToValidUTF8(sql, "?")
	if len(sql) <= maxRecorded {
		return sql
	}
	cut := maxRecorded
	for !utf8.RuneStart(sql[cut]) {
		cut--
	}
	return fmt.Sprintf("%s… (%d bytes, sha256 %x)", sql[:cut], len(sql), sha256.Sum256([]byte(sql)))
}
