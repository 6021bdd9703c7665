package cli

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"

	"zhicang/ingest/sqldb/dbtest"
)

// deskRows is how many rows the department's database has; its source reads
// them in many pieces, so that there are many places to be cut.
const deskRows = 2000

// chaosPassword is the variable that the config takes the database's password
// from.
const chaosPassword = "ZHICANG_CHAOS_PASSWORD"

// openDesk starts a PostgreSQL with a table, behind a wire that can be cut. It
// returns the source's part of the config; "" where PostgreSQL is not installed.
func (c *chaos) openDesk(t *testing.T) string {
	t.Helper()
	server, err := dbtest.StartPostgres(t.Context())
	var missing *dbtest.MissingError
	if errors.As(err, &missing) {
		t.Logf("%v: no database's connection is cut", err)
		c.cannot[databaseCut] = true
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	server.Exec(t,
		`CREATE TABLE petition (id bigint PRIMARY KEY, who text, content text, region text, created_at timestamp, updated_at timestamp)`,
		fmt.Sprintf(`INSERT INTO petition SELECT i, '来访人' || i %% 300, '望溪街道第' || i %% 40 || '号楼前积水，下雨天走不过去，已经反映过' || i %% 7 || '次', '339921100',
			timestamp '2025-01-01 08:00' + i * interval '30 minutes', timestamp '2025-01-02 08:00' + i * interval '30 minutes'
			FROM generate_series(1, %d) i`, deskRows))
	t.Setenv(chaosPassword, server.Password)
	c.wire = newWire(t, server)
	return fmt.Sprintf(`  - name: desk
    type: sqldb
    driver: postgres
    dsn: {host: 127.0.0.1, port: %d, database: %s, user: %s, password: "${%s}", tls: disable, timeout: 20s}
    from: public.petition
    mode: cursor
    cursor: updated_at
    lookback: 1h
    chunk_rows: 100
    table: ods.congress_opinion
    columns: {opinion_id: id, submitter_id: who, body: content, submitted_at: created_at, updated_at: updated_at, region_code: region}
    constants: {channel: 来信来访}
`, c.wire.port(), server.Database, server.User, chaosPassword)
}

const databaseCut = "source database cut"

// cutDatabase breaks the connections to the database in the middle of what it
// says: on the way, or by the database itself.
func cutDatabase(t *testing.T, c *chaos, rnd *rand.Rand) bool {
	if c.wire == nil {
		return false
	}
	// A reading that goes on from a cursor is short: half of the cuts come early.
	after := rnd.Int64N(3000)
	if rnd.IntN(2) == 0 {
		after = rnd.Int64N(c.said)
	}
	how := c.wire.reset
	if rnd.IntN(2) == 0 {
		how = c.wire.terminate
	}
	c.wire.spoil(after, how)
	_, _, code := c.run(t)
	return code != 0 && c.wire.wasCut()
}

// wire carries what is said between a source and its database, and breaks as
// it is told to.
type wire struct {
	listener net.Listener
	server   *dbtest.Server

	mu    sync.Mutex
	conns map[net.Conn]struct{} // of both sides
	said  int64                 // bytes from the database so far
	limit int64                 // of them, from which on it breaks
	how   func()                // nil: it holds
	cut   bool
	dead  bool // whoever connects is turned away
}

func newWire(t *testing.T, server *dbtest.Server) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: l, server: server, conns: map[net.Conn]struct{}{}}
	var open sync.WaitGroup
	open.Go(func() { w.accept(&open) })
	t.Cleanup(func() {
		l.Close()
		w.reset()
		open.Wait()
	})
	return w
}

func (w *wire) port() int { return w.listener.Addr().(*net.TCPAddr).Port }

// spoil makes the wire break once the database has said so many bytes.
func (w *wire) spoil(after int64, how func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said, w.limit, w.how, w.cut = 0, after, how, false
}

// mend makes it hold, and returns how much the database had said.
func (w *wire) mend() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	said := w.said
	w.said, w.how, w.dead = 0, nil, false
	return said
}

func (w *wire) wasCut() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cut
}

// reset breaks every connection, and turns away who comes after.
func (w *wire) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead = true
	for c := range w.conns {
		if tcp, ok := c.(*net.TCPConn); ok {
			tcp.SetLinger(0) // the other side sees a reset
		}
		c.Close()
	}
}

// terminate lets the database end its side, as its keeper does; who connects
// again is served.
func (w *wire) terminate() {
	// Where nobody is connected, none is ended.
	_ = w.server.Run(context.Background(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'zhicang'")
}

func (w *wire) accept(open *sync.WaitGroup) {
	for {
		near, err := w.listener.Accept()
		if err != nil {
			return // closed
		}
		far, err := net.Dial("tcp", net.JoinHostPort(w.server.Host, strconv.Itoa(w.server.Port)))
		if err != nil || !w.join(near, far) {
			near.Close()
			if far != nil {
				far.Close()
			}
			continue
		}
		open.Go(func() { w.carry(far, near, func(int) {}) })
		open.Go(func() { w.carry(near, far, w.hear) })
	}
}

// join notes a new pair of connections; false where the wire is dead.
func (w *wire) join(near, far net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead {
		return false
	}
	w.conns[near], w.conns[far] = struct{}{}, struct{}{}
	return true
}

// carry copies one direction to its end, which is the end of the other as well.
// Before something is passed on, hear is told how much it is.
func (w *wire) carry(to, from net.Conn, hear func(n int)) {
	defer func() {
		to.Close()
		from.Close()
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.conns, to)
		delete(w.conns, from)
	}()
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			hear(n)
			if _, werr := to.Write(buf[:n]); werr != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// hear counts what the database says, and breaks the wire where it shall.
func (w *wire) hear(n int) {
	w.mu.Lock()
	w.said += int64(n)
	breaks := w.how != nil && !w.cut && w.said > w.limit
	w.cut = w.cut || breaks
	how := w.how
	w.mu.Unlock()
	if breaks {
		how()
	}
}
