package sqldb

import (
	"encoding/binary"
	"io"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// The first bytes of what is not a row.
const (
	mysqlOK        = 0x00
	mysqlNull      = 0xfb
	mysqlLocalFile = 0xfb
	mysqlEnd       = 0xfe
	mysqlError     = 0xff
	mysqlQuery     = 0x03 // of a question

	mysqlMaxPacket  = 1<<24 - 1 // bytes; one that is full goes on in the next
	mysqlMaxColumns = 1 << 16   // servers allow fewer
)

// packet reads what a packet holds, out of the reader's buffer where it fits.
func (p *mysqlSession) packet() ([]byte, error) {
	p.large = p.large[:0]
	for {
		head, err := p.in.Peek(4)
		if err != nil {
			return nil, err
		}
		n := int(head[0]) | int(head[1])<<8 | int(head[2])<<16
		if n < mysqlMaxPacket && len(p.large) == 0 && 4+n <= p.in.Size() {
			whole, err := p.in.Peek(4 + n)
			if err != nil {
				return nil, err
			}
			_, _ = p.in.Discard(4 + n) // of what was peeked at
			return whole[4:], nil
		}
		_, _ = p.in.Discard(4)
		before := len(p.large)
		p.large = append(p.large, make([]byte, n)...)
		if _, err := io.ReadFull(p.in, p.large[before:]); err != nil {
			return nil, err
		}
		if n < mysqlMaxPacket {
			return p.large, nil
		}
	}
}

// mysqlErrorOf reads the number of an error, its SQLSTATE and what it says.
func mysqlErrorOf(data []byte) error {
	if len(data) < 3 {
		return errOtherProtocol
	}
	e := &mysql.MyError{Code: uint16(data[1]) | uint16(data[2])<<8, Message: string(data[3:])}
	if rest := data[3:]; len(rest) >= 6 && rest[0] == '#' {
		e.State, e.Message = string(rest[1:6]), string(rest[6:])
	}
	return e
}

// mysqlLength reads a length and how many bytes it takes.
func mysqlLength(data []byte) (n, width int, ok bool) {
	if len(data) == 0 {
		return 0, 0, false
	}
	switch data[0] {
	default:
		return int(data[0]), 1, data[0] < mysqlNull
	case 0xfc:
		width = 3
	case 0xfd:
		width = 4
	case 0xfe:
		width = 9
	}
	if len(data) < width {
		return 0, 0, false
	}
	var whole [8]byte
	copy(whole[:], data[1:width])
	n = int(binary.LittleEndian.Uint64(whole[:]))
	return n, width, n >= 0
}

// mysqlText reads a text with its length before it.
func mysqlText(data []byte) (text, rest []byte, ok bool) {
	n, width, ok := mysqlLength(data)
	if !ok || n > len(data)-width {
		return nil, nil, false
	}
	return data[width : width+n : width+n], data[width+n:], true
}

// mysqlField is what a server says of a column of its answer.
type mysqlField struct {
	name     string
	charset  uint16
	length   uint32 // characters of its longest value
	typ      byte
	flags    uint16
	decimals byte
}

func mysqlFieldOf(data []byte) (f mysqlField, ok bool) {
	for i := range 6 { // catalog, schema, table as it is called and as it is, name, original name
		var text []byte
		if text, data, ok = mysqlText(data); !ok {
			return f, false
		}
		if i == 4 {
			f.name = string(text)
		}
	}
	if len(data) < 11 { // the first byte is their number
		return f, false
	}
	f.charset, f.length = binary.LittleEndian.Uint16(data[1:]), binary.LittleEndian.Uint32(data[3:])
	f.typ, f.flags, f.decimals = data[7], binary.LittleEndian.Uint16(data[8:]), data[10]
	return f, true
}

// binaryCharset is the number of the character set of what is no text.
const binaryCharset = 63

// mysqlType names the type of a column as its declaration does.
func mysqlType(f mysqlField) string {
	binary := f.charset == binaryCharset
	switch f.typ {
	case mysql.MYSQL_TYPE_TINY:
		return unsigned(f, "tinyint")
	case mysql.MYSQL_TYPE_SHORT:
		return unsigned(f, "smallint")
	case mysql.MYSQL_TYPE_INT24:
		return unsigned(f, "mediumint")
	case mysql.MYSQL_TYPE_LONG:
		return unsigned(f, "int")
	case mysql.MYSQL_TYPE_LONGLONG:
		return unsigned(f, "bigint")
	case mysql.MYSQL_TYPE_FLOAT:
		return "float"
	case mysql.MYSQL_TYPE_DOUBLE:
		return "double"
	case mysql.MYSQL_TYPE_DECIMAL, mysql.MYSQL_TYPE_NEWDECIMAL:
		return "decimal"
	case mysql.MYSQL_TYPE_YEAR:
		return "year"
	case mysql.MYSQL_TYPE_DATE, mysql.MYSQL_TYPE_NEWDATE:
		return "date"
	case mysql.MYSQL_TYPE_DATETIME, mysql.MYSQL_TYPE_DATETIME2:
		return "datetime"
	case mysql.MYSQL_TYPE_TIMESTAMP, mysql.MYSQL_TYPE_TIMESTAMP2:
		return "timestamp"
	case mysql.MYSQL_TYPE_TIME, mysql.MYSQL_TYPE_TIME2:
		return "time"
	case mysql.MYSQL_TYPE_BIT:
		return "bit"
	case mysql.MYSQL_TYPE_JSON:
		return "json"
	case mysql.MYSQL_TYPE_GEOMETRY:
		return "geometry"
	case mysql.MYSQL_TYPE_VECTOR:
		return "vector"
	case mysql.MYSQL_TYPE_TINY_BLOB, mysql.MYSQL_TYPE_MEDIUM_BLOB, mysql.MYSQL_TYPE_LONG_BLOB, mysql.MYSQL_TYPE_BLOB:
		if binary {
			return "blob"
		}
		return "text"
	case mysql.MYSQL_TYPE_ENUM:
		return "enum"
	case mysql.MYSQL_TYPE_SET:
		return "set"
	case mysql.MYSQL_TYPE_STRING, mysql.MYSQL_TYPE_VARCHAR, mysql.MYSQL_TYPE_VAR_STRING:
		switch {
		case f.flags&mysql.ENUM_FLAG != 0:
			return "enum"
		case f.flags&mysql.SET_FLAG != 0:
			return "set"
		case binary && f.typ == mysql.MYSQL_TYPE_STRING:
			return "binary"
		case binary:
			return "varbinary"
		}
		return "varchar"
	}
	return "" // delivered as text
}

func unsigned(f mysqlField, name string) string {
	if f.flags&mysql.UNSIGNED_FLAG != 0 {
		return "unsigned " + name
	}
	return name
}
