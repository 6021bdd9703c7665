package sqldb

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// script is a server that says what was written down, whatever it is asked.
type script struct {
	net.Conn
	said io.Reader
}

func (s script) Read(p []byte) (int, error)  { return s.said.Read(p) }
func (s script) Write(p []byte) (int, error) { return len(p), nil }
func (s script) Close() error                { return nil }

func scripted(said []byte) *mysqlSession {
	conn := script{said: bytes.NewReader(said)}
	return &mysqlSession{conn: conn, in: bufio.NewReaderSize(conn, 64)} // so that packets are larger at times
}

// packets frames what a server says.
func packets(bodies ...[]byte) (out []byte) {
	for i, b := range bodies {
		for {
			n := min(len(b), mysqlMaxPacket)
			out = append(out, byte(n), byte(n>>8), byte(n>>16), byte(i+1))
			out, b = append(out, b[:n]...), b[n:]
			if n < mysqlMaxPacket {
				break
			}
		}
	}
	return out
}

func lengthAndText(text []byte) []byte {
	n := uint64(len(text))
	switch {
	case n < 251:
		return append([]byte{byte(n)}, text...)
	case n < 1<<16:
		return append(binary.LittleEndian.AppendUint16([]byte{0xfc}, uint16(n)), text...)
	case n < 1<<24:
		return append([]byte{0xfd, byte(n), byte(n >> 8), byte(n >> 16)}, text...)
	}
	return append(binary.LittleEndian.AppendUint64([]byte{0xfe}, n), text...)
}

// field is what a server says of a column of texts.
func field(name string) (out []byte) {
	for _, s := range []string{"def", "county", "t", "work", name, name} {
		out = append(out, lengthAndText([]byte(s))...)
	}
	return append(out, 0x0c, 45, 0, 255, 0, 0, 0, mysql.MYSQL_TYPE_VAR_STRING, 0, 0, 0, 0, 0)
}

var endOfRows = []byte{mysqlEnd, 0, 0, 2, 0}

// TestMySQLRows: rows of any lengths, nulls among them, come as they were sent.
func TestMySQLRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.IntRange(1, 5).Draw(t, "columns")
		value := rapid.OneOf(rapid.Just[[]byte](nil), rapid.SliceOfN(rapid.Byte(), 0, 10), rapid.SliceOfN(rapid.Byte(), 249, 300))
		want := rapid.SliceOfN(rapid.SliceOfN(value, columns, columns), 0, 5).Draw(t, "rows")
		answer := [][]byte{{byte(columns)}}
		for i := range columns {
			answer = append(answer, field("c"+strconv.Itoa(i)))
		}
		answer = append(answer, endOfRows)
		for _, row := range want {
			var body []byte
			for _, v := range row {
				if v == nil {
					body = append(body, mysqlNull)
				} else {
					body = append(body, lengthAndText(v)...)
				}
			}
			answer = append(answer, body)
		}
		r, err := scripted(packets(append(answer, endOfRows)...)).ask(t.Context(), "SELECT", nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			more, err := r.row()
			if err != nil || !more {
				t.Fatalf("row %d: %v, %v", i, more, err)
			}
			if diff := cmp.Diff(want[i], r.values); diff != "" {
				t.Error(diff)
			}
		}
		if more, err := r.row(); more || err != nil {
			t.Errorf("at the end: %v, %v", more, err)
		}
	})
}

// TestMySQLLongText: a text that takes several packets, of one of them exactly.
func TestMySQLLongText(t *testing.T) {
	for _, n := range []int{mysqlMaxPacket - 4, mysqlMaxPacket + 100} {
		long := bytes.Repeat([]byte("灯"), n/3+1)[:n]
		r, err := scripted(packets([]byte{1}, field("body"), endOfRows, lengthAndText(long), endOfRows)).ask(t.Context(), "SELECT", nil)
		if err != nil {
			t.Fatal(err)
		}
		if more, err := r.row(); !more || err != nil || !bytes.Equal(r.values[0], long) {
			t.Errorf("%d bytes: %v, %v, %d came", n, more, err, len(r.values[0]))
		}
		if more, err := r.row(); more || err != nil {
			t.Errorf("%d bytes: at the end: %v, %v", n, more, err)
		}
	}
}

// TestMySQLRefusal: an error that comes in the middle of the rows is the server's.
func TestMySQLRefusal(t *testing.T) {
	r, err := scripted(packets([]byte{1}, field("id"), endOfRows, []byte("\x011"), []byte("\xff\x25\x05#70100Query execution was interrupted"))).ask(t.Context(), "SELECT", nil)
	if err != nil {
		t.Fatal(err)
	}
	if more, err := r.row(); !more || err != nil {
		t.Fatal(more, err)
	}
	var e *mysql.MyError
	if _, err := r.row(); !errors.As(err, &e) || e.Code != 1317 || e.State != "70100" {
		t.Errorf("got %v", err)
	}
}

// FuzzMySQLAnswer: whatever a server says, reading it ends, and only an end that
// it has said is taken for one.
func FuzzMySQLAnswer(f *testing.F) {
	f.Add(packets([]byte{1}, field("id"), endOfRows, []byte("\x011"), endOfRows))
	f.Add(packets([]byte{0, 0, 0, 2, 0, 0, 0}))
	f.Add(packets([]byte("\xff\x25\x05#70100no")))
	f.Add(packets([]byte{0xfb, 'a'}))
	f.Add(packets([]byte{2}, field("id"), field("b"), endOfRows, []byte{0xfc, 1}, endOfRows))
	f.Add(packets([]byte{1}, field("id"), endOfRows, []byte{0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0}))
	f.Fuzz(func(t *testing.T, said []byte) {
		r, err := scripted(said).ask(t.Context(), "SELECT", nil)
		if err != nil {
			return
		}
		for {
			more, err := r.row()
			if err != nil {
				return
			}
			if !more {
				if !r.ended {
					t.Error("rows end that the server has not ended")
				}
				return
			}
		}
	})
}

// TestDays: the calendar is that of package time, from end to end.
func TestDays(t *testing.T) {
	for at := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 10000; at = at.AddDate(0, 0, 1) {
		if got, want := daysSinceEpoch(at.Year(), int(at.Month()), at.Day()), at.Unix()/86400; got != want {
			t.Fatalf("%s: got %d, want %d", at.Format(time.DateOnly), got, want)
		}
		if tomorrow := at.AddDate(0, 0, 1); tomorrow.Day() == 1 && daysIn(at.Year(), int(at.Month())) != at.Day() {
			t.Fatalf("%s is the last of its month", at.Format(time.DateOnly))
		}
	}
}

// FuzzWhole: what is taken for a whole number is that number.
func FuzzWhole(f *testing.F) {
	for _, s := range []string{"0", "-0", "-", "", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "000000000000000000001", "1a", "+5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := wholeOf([]byte(s))
		want, err := strconv.ParseInt(s, 10, 64)
		if ok && (err != nil || got != want) || !ok && err == nil && s[0] != '+' {
			t.Errorf("%q became %d, %v; want %d, %v", s, got, ok, want, err)
		}
	})
}
