package pgwire

import (
	"context"
	"strings"

	"github.com/jeroenrinzema/psql-wire/pkg/types"

	"zhicang/warehouse/dialect"
)

// A command is a statement about the session itself. It returns the tag that
// PostgreSQL answers it with; one that returns a row has columns.
type command struct {
	columns []Column
	run     func(ctx context.Context, sn *session) (tag string, row []any, err *Error)
	// always commands run in a failed transaction too.
	always bool
}

func done(tag string) *command {
	return &command{run: func(context.Context, *session) (string, []any, *Error) { return tag, nil, nil }}
}

// commandOf returns what a statement about the session does; nil for any other
// statement, which is the reader's to judge.
func commandOf(sn *session, tokens []dialect.Token) (*command, *Error) {
	if len(tokens) == 0 || tokens[0].Kind != dialect.Word {
		return nil, nil
	}
	first, rest := strings.ToUpper(tokens[0].Text), tokens[1:]
	switch first {
	case "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE":
		return transaction(first, rest)
	case "SET":
		return set(rest)
	case "RESET":
		return reset(rest)
	case "SHOW":
		return show(sn, rest)
	case "DISCARD":
		return discard(rest)
	case "DEALLOCATE":
		return deallocate(rest)
	case "CLOSE":
		return done("CLOSE CURSOR"), nil
	case "UNLISTEN":
		return done("UNLISTEN"), nil
	case "INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "CREATE", "DROP", "ALTER", "GRANT", "REVOKE",
		"COMMENT", "VACUUM", "ANALYZE", "REINDEX", "CLUSTER", "REFRESH", "LOCK", "IMPORT", "INSTALL", "LOAD":
		return nil, &Error{State: stateReadOnly, Message: "cannot execute " + first + " in a read-only transaction", Hint: "this server only answers SELECT"}
	case "COPY":
		return nil, &Error{State: stateUnsupported, Message: "COPY is not served", Hint: `in psql, \o and \pset format csv write a SELECT to a file`}
	case "PREPARE", "EXECUTE", "DECLARE", "FETCH", "MOVE", "LISTEN", "NOTIFY", "CALL", "DO", "CHECKPOINT",
		"ATTACH", "DETACH", "USE", "PRAGMA", "EXPORT", "SECURITY":
		return nil, &Error{State: stateUnsupported, Message: first + " is not served", Hint: "this server only answers SELECT"}
	}
	return nil, nil
}

// transaction answers BEGIN and its like. Nothing can be written, so nothing
// has to be undone: what remains of a transaction is what clients see of it.
func transaction(first string, rest []dialect.Token) (*command, *Error) {
	c := &command{always: true}
	switch {
	case first == "ROLLBACK" && has(rest, "TO"):
		c.run = func(_ context.Context, sn *session) (string, []any, *Error) {
			if sn.tx == types.ServerIdle {
				return "", nil, failf(stateNoTransaction, "ROLLBACK TO SAVEPOINT can only be used in transaction blocks")
			}
			sn.tx = types.ServerTransactionBlock
			return "ROLLBACK", nil, nil
		}
	case first == "SAVEPOINT", first == "RELEASE":
		c.always = false
		c.run = func(_ context.Context, sn *session) (string, []any, *Error) {
			if sn.tx == types.ServerIdle {
				return "", nil, failf(stateNoTransaction, "%s can only be used in transaction blocks", first)
			}
			return first, nil, nil
		}
	case first == "BEGIN", first == "START":
		if has(rest, "WRITE") {
			return nil, &Error{State: stateReadOnly, Message: "cannot set transaction read-write mode", Hint: "this server only answers SELECT"}
		}
		tag := "BEGIN"
		if first == "START" {
			tag = "START TRANSACTION"
		}
		c.always = false
		c.run = func(_ context.Context, sn *session) (string, []any, *Error) {
			sn.tx = types.ServerTransactionBlock
			return tag, nil, nil
		}
	default: // COMMIT, END, ROLLBACK, ABORT
		c.run = func(_ context.Context, sn *session) (string, []any, *Error) {
			tag := "COMMIT"
			if sn.tx == types.ServerTransactionFailed || first == "ROLLBACK" || first == "ABORT" {
				tag = "ROLLBACK"
			}
			sn.tx = types.ServerIdle
			return tag, nil, nil
		}
	}
	return c, nil
}

func has(tokens []dialect.Token, keyword string) bool {
	for _, t := range tokens {
		if t.Is(keyword) {
			return true
		}
	}
	return false
}

// set answers SET in its spellings. What is set LOCAL holds on, as nothing is
// ever undone.
func set(rest []dialect.Token) (*command, *Error) {
	if len(rest) > 1 && (rest[0].Is("SESSION") || rest[0].Is("LOCAL")) && !rest[1].Is("AUTHORIZATION") {
		rest = rest[1:]
	}
	if len(rest) < 2 {
		return nil, failf(stateSyntax, "syntax error at end of input")
	}
	switch {
	case rest[0].Is("TRANSACTION"), rest[0].Is("CHARACTERISTICS"):
		if has(rest, "WRITE") {
			return nil, &Error{State: stateReadOnly, Message: "cannot set transaction read-write mode", Hint: "this server only answers SELECT"}
		}
		return done("SET"), nil
	case rest[0].Is("TIME") && rest[1].Is("ZONE"):
		return setting1("TimeZone", rest[2:]), nil
	case rest[0].Is("NAMES"):
		return setting1("client_encoding", rest[1:]), nil
	case rest[0].Is("ROLE"), rest[0].Is("SESSION"):
		return nil, failf("42501", "permission denied to set role")
	}
	name := rest[0].Name()
	if rest[0].Kind != dialect.Word && rest[0].Kind != dialect.QuotedName || !rest[1].Is("=") && !rest[1].Is("TO") {
		return nil, failf(stateSyntax, "syntax error at or near %q", rest[0].Text)
	}
	return setting1(name, rest[2:]), nil
}

func setting1(name string, value []dialect.Token) *command {
	return &command{run: func(_ context.Context, sn *session) (string, []any, *Error) {
		if len(value) == 1 && value[0].Is("DEFAULT") {
			sn.settings.reset(name)
		} else if e := sn.settings.put(name, written(value)); e != nil {
			return "", nil, e
		}
		return "SET", nil, sn.tellChange(name)
	}}
}

// written is the value that stands in a SET: a literal, words, or a list.
func written(tokens []dialect.Token) string {
	var b strings.Builder
	for i, t := range tokens {
		switch {
		case t.Kind == dialect.String:
			b.WriteString(t.Value())
		case t.Is(","):
			b.WriteString(", ")
			continue
		case i > 0 && !tokens[i-1].Is(",") && t.Kind == dialect.Word:
			b.WriteString(" " + t.Text)
		default:
			b.WriteString(t.Text)
		}
	}
	return b.String()
}

func (sn *session) tellChange(name string) *Error {
	k := knownSettings()[strings.ToLower(name)]
	if !k.report {
		return nil
	}
	if err := sn.report(spelled(k.name)); err != nil {
		return fatalf(stateProtocol, "the client is gone")
	}
	return nil
}

func reset(rest []dialect.Token) (*command, *Error) {
	if len(rest) == 0 {
		return nil, failf(stateSyntax, "syntax error at end of input")
	}
	name := rest[0].Name()
	if rest[0].Is("ALL") {
		name = ""
	} else if _, ok := knownSettings()[strings.ToLower(name)]; !ok {
		return nil, failf(stateNoSetting, "unrecognized configuration parameter %q", name)
	}
	return &command{run: func(_ context.Context, sn *session) (string, []any, *Error) {
		sn.settings.reset(name)
		return "RESET", nil, sn.tellChange(name)
	}}, nil
}

func show(sn *session, rest []dialect.Token) (*command, *Error) {
	if len(rest) == 0 {
		return nil, failf(stateSyntax, "syntax error at end of input")
	}
	name := rest[0].Name()
	switch {
	case rest[0].Is("TRANSACTION") && has(rest, "ISOLATION"):
		name = "transaction_isolation"
	case rest[0].Is("TIME") && has(rest, "ZONE"):
		name = "TimeZone"
	}
	if _, ok := sn.show(name); !ok {
		return nil, failf(stateNoSetting, "unrecognized configuration parameter %q", name)
	}
	return &command{
		columns: []Column{{Name: spelled(strings.ToLower(name)), Type: "VARCHAR"}},
		run: func(_ context.Context, sn *session) (string, []any, *Error) {
			value, _ := sn.show(name)
			return "SHOW", []any{value}, nil
		},
	}, nil
}

func discard(rest []dialect.Token) (*command, *Error) {
	if len(rest) != 1 {
		return nil, failf(stateSyntax, "syntax error at end of input")
	}
	what := strings.ToUpper(rest[0].Text)
	switch what {
	case "ALL", "PLANS", "TEMP", "TEMPORARY", "SEQUENCES":
	default:
		return nil, failf(stateSyntax, "syntax error at or near %q", rest[0].Text)
	}
	return &command{run: func(ctx context.Context, sn *session) (string, []any, *Error) {
		if what == "ALL" {
			if sn.tx != types.ServerIdle {
				return "", nil, failf("25001", "DISCARD ALL cannot run inside a transaction block")
			}
			sn.settings.reset("")
			sn.statements.clear(ctx)
			for _, name := range reported() {
				if e := sn.tellChange(name); e != nil {
					return "", nil, e
				}
			}
		}
		return "DISCARD " + what, nil, nil
	}}, nil
}

func deallocate(rest []dialect.Token) (*command, *Error) {
	if len(rest) > 1 && rest[0].Is("PREPARE") {
		rest = rest[1:]
	}
	if len(rest) != 1 {
		return nil, failf(stateSyntax, "syntax error at end of input")
	}
	if rest[0].Is("ALL") {
		return &command{run: func(ctx context.Context, sn *session) (string, []any, *Error) {
			sn.statements.clear(ctx)
			return "DEALLOCATE ALL", nil, nil
		}}, nil
	}
	name := rest[0].Name()
	if rest[0].Kind == dialect.Word {
		name = strings.ToLower(name)
	}
	return &command{run: func(ctx context.Context, sn *session) (string, []any, *Error) {
		if _, there := sn.statements.parameters(name); !there {
			return "", nil, noStatement(name)
		}
		_ = sn.statements.Delete(ctx, name) // never fails
		return "DEALLOCATE", nil, nil
	}}, nil
}

// answer runs a command and writes what it returns.
func (c *command) answer(ctx context.Context, sn *session, out sink) error {
	if sn.tx == types.ServerTransactionFailed && !c.always {
		return failedTransaction()
	}
	tag, row, e := c.run(ctx, sn)
	if e != nil {
		return e
	}
	if c.columns != nil {
		if err := out.header(c.columns); err != nil {
			return err
		}
		if err := out.row(row); err != nil {
			return err
		}
	}
	return out.end(tag)
}

func failedTransaction() *Error {
	return failf(stateFailed, "current transaction is aborted, commands ignored until end of transaction block")
}
