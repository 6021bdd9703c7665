package privacy

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// An Entry is one thing that a person did with others' data: a reveal, an
// export, a decision. It names the object and never its content.
type Entry struct {
	Who    string // who did it
	Action string // what, as in "reveal"
	Object string // to what: a pseudonym, a table, a file
	Reason string // why; required
	Rows   int64  // how many rows were seen or given away; 0 where none were
	// Outcome is how it ended, where that is told: "ok", or why not.
	Outcome string
}

// An AuditLine is an entry in the log. Its hash is SHA-256 over the line
// without its hash, and so over the hash of the line before: no line can be
// changed, taken out or put in without breaking all that follow.
type AuditLine struct {
	Seq    int64     `json:"seq"` // from 1
	At     time.Time `json:"at"`
	Who    string    `json:"who"`
	Action string    `json:"action"`
	Object string    `json:"object"`
	Reason string    `json:"reason"`
	Rows   int64     `json:"rows"`
	// Outcome is left out where the entry has none, as in lines of older logs.
	Outcome string `json:"outcome,omitempty"`
	Prev    string `json:"prev"` // the hash of the line before; zeros in the first
	Hash    string `json:"hash,omitempty"`
}

// AuditHead is where a log ends. The zero value is an empty log.
type AuditHead struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
}

// An AuditBreak says where the chain of a log breaks.
type AuditBreak struct {
	Line   int64 // counted from 1
	Reason string
}

func (e *AuditBreak) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

// An AuditLog appends to a log of JSON lines, path, and keeps beside it, in
// path.head, where it ends, so that cutting off its end is noticed too. It
// keeps nothing open between calls and is safe for use by several goroutines
// and processes.
type AuditLog struct {
	path string
	now  func() time.Time
}

// OpenAudit gives the log at path, which the first entry creates; its folder
// must exist. now is the clock.
func OpenAudit(path string, now func() time.Time) *AuditLog {
	return &AuditLog{path: path, now: now}
}

var noHash = hex.EncodeToString(make([]byte, sha256.Size))

const maxAuditLine = 64 << 10

// Append adds an entry and returns it as it stands in the log, on disk. What
// a crash left half written at the end, and so was never acknowledged, is
// dropped first.
func (l *AuditLog) Append(ctx context.Context, e Entry) (AuditLine, error) {
	lines, err := l.AppendAll(ctx, []Entry{e})
	if err != nil {
		return AuditLine{}, err
	}
	return lines[0], nil
}

// AppendAll adds entries, in their order, in one writing: when it returns
// without an error, all are on disk.
func (l *AuditLog) AppendAll(ctx context.Context, entries []Entry) ([]AuditLine, error) {
	lines, err := l.append(ctx, entries)
	if err == nil {
		return lines, nil
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return nil, err
	}
	try := ""
	var broken *AuditBreak
	if errors.As(err, &broken) {
		try = "keep this file as evidence, find out who changed it, and begin a new log beside it"
	}
	return nil, &Error{Op: "append to audit log", Path: l.path, Err: plainPathError(err), Try: try}
}

func (l *AuditLog) append(ctx context.Context, entries []Entry) ([]AuditLine, error) {
	for _, e := range entries {
		if e.Who == "" || e.Action == "" || e.Reason == "" {
			return nil, errors.New("an entry needs who, action and reason")
		}
	}
	if len(entries) == 0 {
		return nil, nil
	}
	f, err := lockFile(ctx, l.path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // and with it the lock
	end, last, err := l.tail(f)
	if err != nil {
		return nil, err
	}
	var lines []AuditLine
	var all []byte
	for _, e := range entries {
		line := AuditLine{
			Seq: last.Seq + 1, At: l.now().UTC(), Who: e.Who, Action: e.Action, Object: e.Object,
			Reason: e.Reason, Rows: e.Rows, Outcome: e.Outcome, Prev: last.Hash,
		}
		text, err := line.seal()
		if err != nil {
			return nil, err
		}
		if len(text) > maxAuditLine {
			return nil, fmt.Errorf("an entry of %d bytes is over the limit of %d", len(text), maxAuditLine)
		}
		lines, all = append(lines, line), append(all, text...)
		last = AuditHead{line.Seq, line.Hash}
	}
	if err := f.Truncate(end); err != nil {
		return nil, err
	}
	if _, err := f.WriteAt(all, end); err != nil {
		return nil, err
	}
	if err := f.Sync(); err != nil {
		return nil, err
	}
	return lines, l.writeHead(last)
}

// seal sets the line's hash and gives its text.
func (l *AuditLine) seal() ([]byte, error) {
	l.Hash = ""
	body, err := json.Marshal(l)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	l.Hash = hex.EncodeToString(sum[:])
	text := append(body[:len(body)-1], hashField...)
	text = append(text, l.Hash...)
	return append(text, "\"}\n"...), nil
}

const hashField = `,"hash":"`

// openLine checks a line of the log, without its line feed, against its own
// hash.
func openLine(text []byte) (AuditLine, error) {
	cut := len(text) - len(hashField) - 2*sha256.Size - len(`"}`)
	if cut < 1 || !bytes.HasPrefix(text[cut:], []byte(hashField)) || !bytes.HasSuffix(text, []byte(`"}`)) {
		return AuditLine{}, errors.New("not a line of an audit log")
	}
	body := append(bytes.Clone(text[:cut]), '}')
	sum := sha256.Sum256(body)
	hash := string(text[cut+len(hashField) : len(text)-2])
	if hash != hex.EncodeToString(sum[:]) {
		return AuditLine{}, errors.New("the line was changed")
	}
	var line AuditLine
	if err := json.Unmarshal(text, &line); err != nil {
		return AuditLine{}, errors.New("not a line of an audit log")
	}
	return line, nil
}

// tail finds where the last whole line of the log ends, and checks that line
// and the head against each other.
func (l *AuditLog) tail(f *os.File) (end int64, last AuditHead, err error) {
	info, err := f.Stat()
	if err != nil {
		return 0, last, err
	}
	head, err := l.readHead()
	if err != nil {
		return 0, last, err
	}
	from := max(0, info.Size()-2*maxAuditLine)
	buf := make([]byte, info.Size()-from)
	if _, err := f.ReadAt(buf, from); err != nil && !errors.Is(err, io.EOF) {
		return 0, last, err
	}
	buf = buf[:bytes.LastIndexByte(buf, '\n')+1]
	end = from + int64(len(buf))
	last.Hash = noHash
	if len(buf) > 0 {
		text := buf[:len(buf)-1]
		line, err := openLine(text[bytes.LastIndexByte(text, '\n')+1:])
		if err != nil {
			return 0, last, &AuditBreak{Line: head.Seq, Reason: "the last line: " + err.Error()}
		}
		last = AuditHead{line.Seq, line.Hash}
	}
	if last.Seq < head.Seq || last.Seq == head.Seq && head.Seq > 0 && last.Hash != head.Hash {
		return 0, last, &AuditBreak{Line: last.Seq + 1, Reason: fmt.Sprintf("the log ends here, its head says line %d", head.Seq)}
	}
	return end, last, nil
}

// Verify checks the whole log against itself and its head. An *AuditBreak in
// the error names the first broken line.
func (l *AuditLog) Verify(ctx context.Context) (AuditHead, error) {
	const op = "verify audit log"
	f, err := os.Open(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		head, herr := l.readHead()
		if herr == nil && head == (AuditHead{}) {
			return AuditHead{}, nil // nothing was ever logged
		}
		return AuditHead{}, &Error{Op: op, Path: l.path, Err: &AuditBreak{Line: 1, Reason: fmt.Sprintf("the log is gone, its head says line %d", head.Seq)}}
	}
	if err != nil {
		return AuditHead{}, &Error{Op: op, Path: l.path, Err: plainPathError(err)}
	}
	defer f.Close()
	// The head first: an entry that is added meanwhile is then no break.
	head, err := l.readHead()
	if err != nil {
		return AuditHead{}, &Error{Op: op, Path: l.path, Err: plainPathError(err)}
	}
	got, atHead, err := verify(ctx, f, head.Seq)
	if err == nil && head.Seq > 0 && atHead != head.Hash {
		err = &AuditBreak{Line: min(head.Seq, got.Seq+1), Reason: fmt.Sprintf("the log does not hold the line %d that its head names", head.Seq)}
	}
	if err != nil {
		return got, &Error{Op: op, Path: l.path, Err: err}
	}
	return got, nil
}

// VerifyAudit checks a log against itself: each line's hash, the chain and the
// numbers. It returns where the log ends; that nothing is missing behind is
// for the reader to compare with a head kept elsewhere. The error is an
// *AuditBreak that names the first broken line, or r's.
func VerifyAudit(r io.Reader) (AuditHead, error) {
	head, _, err := verify(context.Background(), r, 0)
	return head, err
}

// verify also returns the hash of the line numbered seq.
func verify(ctx context.Context, r io.Reader, seq int64) (head AuditHead, atSeq string, err error) {
	in := bufio.NewReaderSize(r, maxAuditLine)
	prev := noHash
	for {
		if err := ctx.Err(); err != nil {
			return head, atSeq, err
		}
		n := head.Seq + 1
		text, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF) && len(text) == 0:
			return head, atSeq, nil
		case errors.Is(err, io.EOF):
			return head, atSeq, &AuditBreak{n, "the line is cut short"}
		case errors.Is(err, bufio.ErrBufferFull):
			return head, atSeq, &AuditBreak{n, "the line is too long"}
		case err != nil:
			return head, atSeq, err
		}
		line, err := openLine(text[:len(text)-1])
		switch {
		case err != nil:
			return head, atSeq, &AuditBreak{n, err.Error()}
		case line.Seq != n:
			return head, atSeq, &AuditBreak{n, fmt.Sprintf("it is numbered %d", line.Seq)}
		case line.Prev != prev:
			return head, atSeq, &AuditBreak{n, "it does not follow the line before"}
		}
		head, prev = AuditHead{n, line.Hash}, line.Hash
		if n == seq {
			atSeq = line.Hash
		}
	}
}

func (l *AuditLog) headPath() string { return l.path + ".head" }

func (l *AuditLog) readHead() (head AuditHead, err error) {
	data, err := os.ReadFile(l.headPath())
	if errors.Is(err, fs.ErrNotExist) {
		return head, nil
	}
	if err != nil {
		return head, err
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return head, errors.New("its head file is damaged")
	}
	return head, nil
}

func (l *AuditLog) writeHead(head AuditHead) error {
	data, err := json.Marshal(head)
	if err != nil {
		return err
	}
	// One writer at a time holds the log's lock, so one name will do; what a
	// crash left of it is replaced.
	tmp := l.headPath() + ".tmp"
	os.Remove(tmp)
	if err := writeNewFile(tmp, append(data, '\n')); err != nil {
		return err
	}
	if err := os.Rename(tmp, l.headPath()); err != nil {
		return err
	}
	return syncDir(filepath.Dir(l.path))
}

// lockFile opens path for writing, makes it if it is not there, and takes an
// exclusive lock on it that closing releases.
func lockFile(ctx context.Context, path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	locked := make(chan error, 1)
	go func() {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		for errors.Is(err, syscall.EINTR) {
			err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		}
		locked <- err
	}()
	select {
	case err = <-locked:
	case <-ctx.Done():
		// The wait itself cannot be broken off; whoever gets the lock lets
		// go of it.
		go func() {
			<-locked
			f.Close()
		}()
		return nil, ctx.Err()
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
