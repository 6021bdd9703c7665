package pgwire

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"github.com/jeroenrinzema/psql-wire/pkg/types"
)

// clientFunctionCall is the one message of the protocol that psql-wire has no
// name for.
const clientFunctionCall types.ClientMessage = 'F'

// A frame is one message of a client: its type, and its body without length.
type frame struct {
	kind types.ClientMessage
	body []byte
}

// bytes is the frame as it stands on the wire.
func (f frame) bytes() []byte {
	b := make([]byte, 5, 5+len(f.body))
	b[0] = byte(f.kind)
	binary.BigEndian.PutUint32(b[1:], uint32(len(f.body)+4))
	return append(b, f.body...)
}

// known reports whether a client may send a message of this type at all.
func known(t types.ClientMessage) bool {
	switch t {
	case types.ClientBind, types.ClientClose, types.ClientCopyData, types.ClientCopyDone, types.ClientCopyFail,
		types.ClientDescribe, types.ClientExecute, types.ClientFlush, clientFunctionCall, types.ClientParse,
		types.ClientPassword, types.ClientSimpleQuery, types.ClientSync, types.ClientTerminate:
		return true
	}
	return false
}

// extended reports whether an error about the message is followed by silence
// until Sync, and not by ReadyForQuery.
func extended(t types.ClientMessage) bool {
	switch t {
	case types.ClientBind, types.ClientClose, types.ClientDescribe, types.ClientExecute, types.ClientParse:
		return true
	}
	return false
}

// bind is what has to be known of a Bind message before it is let through.
type bind struct {
	statement  string
	parameters int
}

// parseBind reads a Bind message to its end. psql-wire trusts the lengths in
// it, and a negative one would take the process down.
func parseBind(body []byte) (bind, *Error) {
	c := cursor{rest: body}
	c.text()
	b := bind{statement: c.text()}
	formats := c.int16()
	for range formats {
		if f := c.int16(); f > 1 {
			return b, failf(stateProtocol, "unsupported format code: %d", f)
		}
	}
	b.parameters = c.int16()
	for range b.parameters {
		switch n := int32(c.int32()); {
		case n == -1:
		case n < -1:
			c.bad = true
		default:
			c.take(int(n))
		}
		if c.bad {
			break
		}
	}
	for range c.int16() {
		if f := c.int16(); f > 1 {
			return b, failf(stateProtocol, "unsupported format code: %d", f)
		}
	}
	if e := c.end("Bind"); e != nil {
		return b, e
	}
	if formats > 1 && formats != b.parameters {
		return b, failf(stateProtocol, "bind message has %d parameter formats but %d parameters", formats, b.parameters)
	}
	return b, nil
}

// check says what is wrong with the shape of a message, nil if nothing is. It
// reads every message to its last byte.
func (f frame) check() *Error {
	c := cursor{rest: f.body}
	switch f.kind {
	case types.ClientSimpleQuery:
		c.text()
		return c.end("Query")
	case types.ClientParse:
		c.text()
		c.text()
		for range c.int16() {
			c.int32()
			if c.bad {
				break
			}
		}
		return c.end("Parse")
	case types.ClientBind:
		_, e := parseBind(f.body)
		return e
	case types.ClientDescribe, types.ClientClose:
		if k := c.take(1); len(k) == 1 && k[0] != 'S' && k[0] != 'P' {
			return failf(stateProtocol, "invalid DESCRIBE or CLOSE message subtype %d", k[0])
		}
		c.text()
		return c.end("Describe or Close")
	case types.ClientExecute:
		c.text()
		c.int32()
		return c.end("Execute")
	case types.ClientFlush, types.ClientSync, types.ClientTerminate:
		return c.end("Flush, Sync or Terminate")
	case clientFunctionCall:
		return failf(stateUnsupported, "function calls are not served")
	case types.ClientPassword:
		return fatalf(stateProtocol, "unexpected password message")
	}
	return nil
}

// name is the statement or portal that a Describe, Close or Execute is about.
func (f frame) name() string {
	body := f.body
	if f.kind != types.ClientExecute {
		body = body[1:]
	}
	name, _, _ := bytes.Cut(body, []byte{0})
	return string(name)
}

// A cursor reads the parts of a message; after the first part that isn't
// there it is bad and returns nothing.
type cursor struct {
	rest  []byte
	bad   bool
	text8 bool // a text was not UTF-8
}

func (c *cursor) take(n int) []byte {
	if c.bad || n < 0 || n > len(c.rest) {
		c.bad = true
		return nil
	}
	b := c.rest[:n]
	c.rest = c.rest[n:]
	return b
}

func (c *cursor) int16() int {
	if b := c.take(2); b != nil {
		return int(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (c *cursor) int32() uint32 {
	if b := c.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) text() string {
	n := bytes.IndexByte(c.rest, 0)
	if n < 0 {
		c.bad = true
		return ""
	}
	b := c.take(n)
	c.take(1)
	if !utf8.Valid(b) {
		c.text8 = true
	}
	return string(b)
}

// end says what was wrong with the whole of the message.
func (c *cursor) end(message string) *Error {
	switch {
	case c.bad:
		return failf(stateProtocol, "insufficient data left in %s message", message)
	case len(c.rest) > 0:
		return failf(stateProtocol, "invalid format of %s message: %d bytes too many", message, len(c.rest))
	case c.text8:
		return failf(stateBadEncoding, "invalid byte sequence for encoding \"UTF8\"")
	}
	return nil
}
