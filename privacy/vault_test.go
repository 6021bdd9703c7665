package privacy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func writeSegment(t testing.TB, path string, key Key, records []Record) {
	t.Helper()
	w, err := NewVaultWriter(path, key)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := w.Put(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func scanAll(v *Vault) (records []Record, err error) {
	err = v.Scan(context.Background(), func(r Record) error {
		records = append(records, r)
		return nil
	})
	return records, err
}

func TestVaultRoundTrip(t *testing.T) {
	key, ctx := testKeys(t).Vault, context.Background()
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		lookup := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"})
		gen := rapid.Custom(func(t *rapid.T) Record {
			return Record{
				Kind: KindValue, Lookup: lookup.Draw(t, "lookup"), Table: "ods.congress_opinion", Column: "body",
				Value: strings.Repeat(rapid.StringN(0, 20, -1).Draw(t, "value"), rapid.IntRange(0, 3000).Draw(t, "times")),
			}
		})
		want := rapid.SliceOfN(gen, 0, 12).Draw(t, "records")
		path := filepath.Join(dir, "segment")
		w, err := NewVaultWriter(path, key)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range want {
			if err := w.Put(r); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		v, err := OpenVault(os.DirFS(dir), key, []string{"segment"})
		if err != nil {
			t.Fatal(err)
		}
		got, err := scanAll(v)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, append([]Record{}, got...)); diff != "" {
			t.Fatal(diff)
		}
		for _, l := range []string{"a", "b", "z"} {
			var want []Record
			for _, r := range got {
				if r.Lookup == l {
					want = append(want, r)
				}
			}
			found, err := v.Lookup(ctx, KindValue, l)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, found); diff != "" {
				t.Fatal(diff)
			}
		}
		if found, err := v.Lookup(ctx, KindPerson, "a"); err != nil || found != nil {
			t.Fatalf("another kind under the same lookup: %v %v", found, err)
		}
		if err := v.Verify(ctx); err != nil {
			t.Fatal(err)
		}
	})
}

func TestVaultSegments(t *testing.T) {
	key, ctx, dir := testKeys(t).Vault, context.Background(), t.TempDir()
	// More records than a page of the index holds, one lookup among them often.
	var first []Record
	for i := range 3*pageEntries + 7 {
		first = append(first, Record{Kind: KindHeld, Lookup: fmt.Sprintf("b1/%d", i), Value: fmt.Sprint("row ", i)})
	}
	for i := range pageEntries + 5 {
		first = append(first, Record{Kind: KindValue, Lookup: "often", Value: fmt.Sprint(i)})
	}
	person := Record{Kind: KindPerson, Lookup: "pabc", Value: "甲"}
	first = append(first, person, person)
	writeSegment(t, filepath.Join(dir, "1.vault"), key, first)
	writeSegment(t, filepath.Join(dir, "2.vault"), key, []Record{person})
	writeSegment(t, filepath.Join(dir, "3.vault"), key, nil)
	v, err := OpenVault(os.DirFS(dir), key, []string{"1.vault", "2.vault", "3.vault"})
	if err != nil {
		t.Fatal(err)
	}
	if want := len(first); v.Len() != want {
		t.Errorf("%d records, want %d: a person once a segment", v.Len(), want)
	}
	for i := 0; i < 3*pageEntries; i += 997 {
		got, err := v.Lookup(ctx, KindHeld, fmt.Sprintf("b1/%d", i))
		if err != nil || len(got) != 1 || got[0] != first[i] {
			t.Fatalf("record %d: %v %v", i, got, err)
		}
	}
	if got, err := v.Lookup(ctx, KindValue, "often"); err != nil || len(got) != pageEntries+5 {
		t.Errorf("%d records over several pages, %v", len(got), err)
	}
	if got, err := v.Lookup(ctx, KindPerson, "pabc"); err != nil || len(got) != 2 {
		t.Errorf("a person in two segments: %d, %v", len(got), err)
	}

	// What is deleted is gone, and said to be.
	if err := os.Remove(filepath.Join(dir, "2.vault")); err != nil {
		t.Fatal(err)
	}
	_, err = OpenVault(os.DirFS(dir), key, []string{"1.vault", "2.vault"})
	var e *Error
	if !errors.As(err, &e) || !strings.Contains(e.Hint(), "retention") {
		t.Errorf("a deleted segment: %v", err)
	}

	stop := errors.New("enough")
	if err := v.Scan(ctx, func(Record) error { return stop }); err != stop {
		t.Errorf("yield's error came back as %v", err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := v.Lookup(cancelled, KindPerson, "pabc"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestVaultRuns: records of one lookup come back whole, however many stand one
// behind the other, in however many blocks, and whatever stands between them.
func TestVaultRuns(t *testing.T) {
	key, dir := testKeys(t).Vault, t.TempDir()
	w, err := NewVaultWriter(filepath.Join(dir, "s"), key)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("路灯坏了", 2000) // three to a block
	want := map[string][]Record{}
	for _, lookup := range []string{"a", "b", "a", "a", "c", "b", "b", "b", "a"} {
		for k := range 5 {
			r := Record{KindValue, lookup, "ods.t", fmt.Sprint("c", len(want[lookup])), long[:len(long)-3*k], []string{"", "2025-03"}[k%2]}
			if err := w.Put(r); err != nil {
				t.Fatal(err)
			}
			want[lookup] = append(want[lookup], r)
		}
		if err := w.Put(Record{Kind: KindPerson, Lookup: lookup, Value: "x"}); err != nil { // another kind
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	v, err := OpenVault(os.DirFS(dir), key, []string{"s"})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	for lookup, records := range want {
		got, err := v.Lookup(t.Context(), KindValue, lookup)
		if diff := cmp.Diff(records, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", lookup, err, diff)
		}
	}
}

// TestVaultPutAtOnce: records that are put at once are found as if each were put
// alone, where a block ends between two of one lookup, too.
func TestVaultPutAtOnce(t *testing.T) {
	key, ctx, dir := testKeys(t).Vault, context.Background(), t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		w, err := NewVaultWriter(filepath.Join(dir, "segment"), key)
		if err != nil {
			t.Fatal(err)
		}
		want := map[Record]int{}
		for range rapid.IntRange(1, 4).Draw(t, "puts") {
			records := make([]Record, rapid.IntRange(1, 10).Draw(t, "records"))
			for i := range records {
				r := Record{Kind: KindPerson, Lookup: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "lookup")}
				if size := rapid.SampledFrom([]int{0, 1, blockSize / 3, blockSize}).Draw(t, "size"); size > 0 {
					r.Kind, r.Table, r.Value = KindValue, "ods.congress_opinion", strings.Repeat("x", size)
				}
				records[i] = r
				want[r]++
				if r.Kind == KindPerson {
					want[r] = 1
				}
			}
			if err := w.Put(records...); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		v, err := OpenVault(os.DirFS(dir), key, []string{"segment"})
		if err != nil {
			t.Fatal(err)
		}
		got := map[Record]int{}
		for _, kind := range []Kind{KindValue, KindPerson} {
			for _, lookup := range []string{"a", "b", "c"} {
				found, err := v.Lookup(ctx, kind, lookup)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range found {
					got[r]++
				}
			}
		}
		for r, n := range want {
			if got[r] != n {
				t.Errorf("%s %s with %d bytes: found %d of %d", r.Kind, r.Lookup, len(r.Value), got[r], n)
			}
		}
		if err := v.Verify(ctx); err != nil {
			t.Fatal(err)
		}
	})
}

func TestVaultHidesContent(t *testing.T) {
	key, dir := testKeys(t).Vault, t.TempDir()
	path := filepath.Join(dir, "s")
	secret := "canary-secret-value"
	writeSegment(t, path, key, []Record{{KindValue, "canary-lookup", "canary-table", "canary-column", secret, "canary-month"}})
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(data, []byte("canary")) {
		t.Error("the segment shows what is in it")
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestVaultDamage(t *testing.T) {
	key, dir := testKeys(t).Vault, t.TempDir()
	path := filepath.Join(dir, "s")
	var records []Record
	for i := range 300 {
		records = append(records, Record{Kind: KindValue, Lookup: fmt.Sprint(i), Table: "t", Column: "c", Value: strings.Repeat(fmt.Sprint(i), 200)})
	}
	writeSegment(t, path, key, records)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	read := func(data []byte, key Key) error {
		v, err := OpenVault(fstest.MapFS{"s": {Data: data}}, key, []string{"s"})
		if err != nil {
			return err
		}
		return v.Verify(context.Background())
	}
	if err := read(whole, key); err != nil {
		t.Fatal(err)
	}
	t.Run("flipped bit", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			data := bytes.Clone(whole)
			at := rapid.IntRange(0, len(data)-1).Draw(t, "at")
			data[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			if err := read(data, key); !errors.Is(err, ErrVaultDamaged) && !errors.Is(err, ErrVaultKey) {
				t.Fatalf("byte %d of %d: %v", at, len(data), err)
			}
		})
	})
	t.Run("flipped bit at the edges", func(t *testing.T) {
		for _, at := range append(span(0, headerSize+20), span(len(whole)-trailerSize-20, len(whole))...) {
			data := bytes.Clone(whole)
			data[at] ^= 0x10
			if err := read(data, key); !errors.Is(err, ErrVaultDamaged) && !errors.Is(err, ErrVaultKey) {
				t.Errorf("byte %d of %d: %v", at, len(data), err)
			}
		}
	})
	t.Run("cut short", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			if err := read(whole[:rapid.IntRange(0, len(whole)-1).Draw(t, "length")], key); !errors.Is(err, ErrVaultDamaged) {
				t.Fatal(err)
			}
		})
	})
	t.Run("wrong key", func(t *testing.T) {
		err := read(whole, testKeys(t).Pseudonym)
		var e *Error
		if !errors.Is(err, ErrVaultKey) || !errors.As(err, &e) || !strings.Contains(e.Hint(), "fingerprint") {
			t.Errorf("%v", err)
		}
	})
	t.Run("no key", func(t *testing.T) {
		if err := read(whole, Key{}); err == nil {
			t.Error("the zero key was taken")
		}
	})
}

func span(from, to int) (n []int) {
	for i := from; i < to; i++ {
		n = append(n, i)
	}
	return n
}

func TestVaultWriterLeavesNothing(t *testing.T) {
	key, dir := testKeys(t).Vault, t.TempDir()
	w, err := NewVaultWriter(filepath.Join(dir, "s"), key)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Put(Record{Kind: KindHeld, Lookup: "b/1", Value: "x"}); err != nil {
		t.Fatal(err)
	}
	w.Abort()
	w.Abort()
	if err := w.Put(Record{Kind: KindHeld, Lookup: "b/1"}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("put after abort: %v", err)
	}
	w, err = NewVaultWriter(filepath.Join(dir, "s"), key)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Put(Record{Kind: KindHeld}); err == nil {
		t.Error("a record without a lookup was taken")
	}
	if err := w.Close(); err == nil {
		t.Error("closed a segment that had failed")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v %v", entries, err)
	}
	if _, err := NewVaultWriter(filepath.Join(dir, "none", "s"), key); err == nil {
		t.Error("wrote into a folder that is not there")
	}
}

func FuzzVaultOpen(f *testing.F) {
	key := testKeys(f).Vault
	path := filepath.Join(f.TempDir(), "s")
	writeSegment(f, path, key, []Record{{Kind: KindValue, Lookup: "l", Table: "t", Column: "c", Value: "v"}})
	data, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := OpenVault(fstest.MapFS{"s": {Data: data}}, key, []string{"s"})
		if err == nil {
			_, err = v.Lookup(context.Background(), KindValue, "l")
		}
		var e *Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("not an *Error: %v", err)
		}
	})
}

func BenchmarkVaultPut(b *testing.B) {
	key, dir := testKeys(b).Vault, b.TempDir()
	// Varied text of about 700 bytes: repeating one message would flatter the
	// compressor.
	const words = "道路施工积水小区物业停车噪音学校老人社保医院公交站台路灯照明垃圾分类电梯维修拆迁补偿农田灌溉村委补贴低保申请审批窗口办理热线答复"
	runes := []rune(words)
	seed := uint64(1)
	texts := make([]string, 4096)
	for i := range texts {
		var t strings.Builder
		for t.Len() < 700 {
			seed = seed*6364136223846793005 + 1442695040888963407
			k := int(seed>>33) % (len(runes) - 3)
			t.WriteString(string(runes[k : k+2+int(seed>>60)%2]))
		}
		texts[i] = t.String()
	}
	w, err := NewVaultWriter(filepath.Join(dir, "s"), key)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(700)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if err := w.Put(Record{Kind: KindValue, Lookup: texts[i%4096][:9] + fmt.Sprint(i), Table: "ods.congress_opinion", Column: "body", Value: texts[i%4096]}); err != nil {
			b.Fatal(err)
		}
		i++
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "s")); err == nil {
		b.ReportMetric(float64(info.Size())/float64(i), "file-B/record")
	}
}

func BenchmarkVaultLookup(b *testing.B) {
	key, dir := testKeys(b).Vault, b.TempDir()
	var records []Record
	for i := range 100_000 {
		records = append(records, Record{Kind: KindPerson, Lookup: fmt.Sprint("p", i), Value: fmt.Sprint("identity ", i)})
	}
	writeSegment(b, filepath.Join(dir, "s"), key, records)
	v, err := OpenVault(os.DirFS(dir), key, []string{"s"})
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		if got, err := v.Lookup(context.Background(), KindPerson, fmt.Sprint("p", i%100_000)); err != nil || len(got) != 1 {
			b.Fatal(got, err)
		}
	}
}

// TestVaultFirstForm: a segment that the first version wrote, before records had
// months, tells what is in it.
func TestVaultFirstForm(t *testing.T) {
	keys, err := KeysFromHex(strings.Repeat("1a", 32), strings.Repeat("2b", 32))
	if err != nil {
		t.Fatal(err)
	}
	v, err := OpenVault(os.DirFS("testdata"), keys.Vault, []string{"first-form.vault"})
	if err != nil {
		t.Fatal(err)
	}
	row := "ods.congress_opinion/hotline/7"
	want := []Record{
		{Kind: KindPerson, Lookup: "p-1", Value: "王测试"},
		{Kind: KindValue, Lookup: row, Table: "ods.congress_opinion", Column: "body", Value: "云溪县测试路1号"},
		{Kind: KindValue, Lookup: row, Table: "ods.congress_opinion", Column: "submitter_phone", Value: "19900000001"},
		{Kind: KindHeld, Lookup: "1/1", Table: "ods.congress_opinion", Value: "{}"},
	}
	var all []Record
	err = v.Scan(t.Context(), func(r Record) error { all = append(all, r); return nil })
	if diff := cmp.Diff(want, all); diff != "" || err != nil {
		t.Error(diff, err)
	}
	found, err := v.Lookup(t.Context(), KindValue, row)
	if diff := cmp.Diff(want[1:3], found); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if err := v.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}
