package sqldb

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"strings"
)

// mysqlRows are the rows of a query in the text protocol, as they come.
type mysqlRows struct {
	session  *mysqlSession
	ctx      context.Context
	fields   []mysqlField
	values   [][]byte // of the row that was read last; nil for null
	decoders []decoder
	ended    bool        // the server has said all
	unwatch  func() bool // ends the watch for the end of the context
}

// ask sends a query, whose answer must be read to its end or closed before the
// next one is sent.
func (p *mysqlSession) ask(ctx context.Context, query string, args []string) (*mysqlRows, error) {
	for _, a := range args {
		// In hexadecimal digits nothing ends a text but its end.
		query = strings.Replace(query, mysqlParameter, "_utf8mb4 x'"+hex.EncodeToString([]byte(a))+"'", 1)
	}
	r := &mysqlRows{session: p, ctx: ctx}
	r.unwatch = context.AfterFunc(ctx, func() { _ = p.conn.Close() })
	if err := r.start(query); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

// start sends the query and reads what its columns are; a statement has none, and
// is at its end.
func (r *mysqlRows) start(query string) error {
	n := len(query) + 1
	if n >= mysqlMaxPacket {
		return errors.New("the query is longer than 16 MB")
	}
	question := append([]byte{byte(n), byte(n >> 8), byte(n >> 16), 0, mysqlQuery}, query...)
	if _, err := r.session.conn.Write(question); err != nil {
		return r.broken(err)
	}
	head, err := r.packet()
	if err != nil {
		return err
	}
	switch head[0] {
	case mysqlOK:
		r.ended = true
		return nil
	case mysqlLocalFile: // of this machine, which the server has no business with
		return errOtherProtocol
	}
	columns, width, ok := mysqlLength(head)
	if !ok || width != len(head) || columns > mysqlMaxColumns {
		return errOtherProtocol
	}
	r.fields, r.values = make([]mysqlField, columns), make([][]byte, columns)
	for i := range r.fields {
		data, err := r.packet()
		if err != nil {
			return err
		}
		if r.fields[i], ok = mysqlFieldOf(data); !ok {
			return errOtherProtocol
		}
	}
	end, err := r.packet()
	if err == nil && !isEnd(end) {
		return errOtherProtocol
	}
	return err
}

func isEnd(packet []byte) bool { return packet[0] == mysqlEnd && len(packet) < 9 }

// row reads the next row's values; false: there is none.
func (r *mysqlRows) row() (bool, error) {
	if r.ended {
		return false, nil
	}
	data, err := r.packet()
	if err != nil {
		return false, err
	}
	if isEnd(data) {
		r.ended = true
		return false, nil
	}
	for i := range r.values {
		if len(data) > 0 && data[0] == mysqlNull {
			r.values[i], data = nil, data[1:]
			continue
		}
		if len(data) > 0 && int(data[0]) < min(mysqlNull, len(data)) { // short, as most are
			end := 1 + int(data[0])
			r.values[i], data = data[1:end:end], data[end:]
			continue
		}
		value, rest, ok := mysqlText(data)
		if !ok {
			return false, errOtherProtocol
		}
		r.values[i], data = value, rest
	}
	return true, nil
}

func (r *mysqlRows) next(b *batch) error {
	more, err := r.row()
	if err != nil {
		return err
	}
	if !more {
		return io.EOF
	}
	size := 0
	for i, v := range r.values {
		if v == nil {
			b.vecs[i].addNull()
			continue
		}
		size += len(v)
		if reason := r.decoders[i](b, i, v); reason != "" {
			b.fault(i, reason, rawTexts(b.columns, r.values))
			return nil
		}
	}
	b.endRow(size)
	return nil
}

// rawTexts writes a row's values for the quarantine.
func rawTexts(columns []column, values [][]byte) []*string {
	out := make([]*string, len(values))
	for i, v := range values {
		if v == nil {
			continue
		}
		text := string(v)
		if columns[i].bytes {
			text = hex.EncodeToString(v)
		}
		out[i] = &text
	}
	return out
}

// close ends the query. What was not read of its answer goes with the connection.
func (r *mysqlRows) close() {
	r.unwatch()
	if !r.ended {
		_ = r.session.conn.Close()
	}
}

// packet reads one packet, which is not empty and stays until the next is read.
// An error that the server tells is returned as one.
func (r *mysqlRows) packet() ([]byte, error) {
	data, err := r.session.packet()
	if err != nil {
		return nil, r.broken(err)
	}
	if len(data) == 0 {
		return nil, errOtherProtocol
	}
	if data[0] == mysqlError {
		r.ended = true
		return nil, mysqlErrorOf(data)
	}
	return data, nil
}

// broken is why the connection gave no more: it is closed where the context has
// ended.
func (r *mysqlRows) broken(err error) error {
	if r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF // EOF is the end of the rows
	}
	return err
}
