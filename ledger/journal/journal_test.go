package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// record is what the tests write as record n: its number, and a length that
// varies.
func record(n uint64) (byte, []byte) {
	return byte(n%3) + 1, []byte(fmt.Sprintf("record %d %s", n, strings.Repeat("x", int(n*7%50))))
}

func create(t testing.TB, dir string, o Options) *Writer {
	t.Helper()
	w, err := Create(dir, []byte(`{"market":"test"}`), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

func appendN(t testing.TB, w *Writer, from, to uint64) {
	t.Helper()
	for n := from; n < to; n++ {
		kind, data := record(n)
		if err := w.Append(kind, data); err != nil {
			t.Fatalf("record %d: %v", n, err)
		}
	}
}

// readAll reads to the end and fails if any record is not what was written.
func readAll(t testing.TB, r *Reader) (end uint64) {
	t.Helper()
	n := r.Record()
	for {
		kind, data, err := r.Next()
		if errors.Is(err, io.EOF) {
			return n
		}
		if err != nil {
			t.Fatalf("record %d: %v", n, err)
		}
		if wantKind, want := record(n); kind != wantKind || string(data) != string(want) {
			t.Fatalf("record %d is %d %q, want %d %q", n, kind, data, wantKind, want)
		}
		n++
	}
}

func open(t testing.TB, dir string) *Reader {
	t.Helper()
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestRoundTrip(t *testing.T) {
	for _, o := range []Options{
		{},
		{BlockBytes: 1},
		{BlockBytes: 300, SegmentBytes: 1000},
		{BlockBytes: 1, SegmentBytes: 1},
	} {
		t.Run(fmt.Sprintf("block %d segment %d", o.BlockBytes, o.SegmentBytes), func(t *testing.T) {
			dir := t.TempDir()
			w := create(t, dir, o)
			appendN(t, w, 0, 500)
			must(t, w.Close())

			r := open(t, dir)
			if got := string(r.Header()); got != `{"market":"test"}` {
				t.Errorf("header %q", got)
			}
			if end := readAll(t, r); end != 500 {
				t.Errorf("read %d records, want 500", end)
			}
			if torn, _ := r.Torn(); torn != 0 || !r.Sealed() {
				t.Errorf("torn %d sealed %v after Close", torn, r.Sealed())
			}
			if string(r.Header()) != `{"market":"test"}` {
				t.Errorf("header of the last segment: %q", r.Header())
			}
		})
	}
}

func TestFlushMakesRecordsReadable(t *testing.T) {
	dir := t.TempDir()
	w := create(t, dir, Options{})
	appendN(t, w, 0, 10)
	if end := readAll(t, open(t, dir)); end != 0 {
		t.Fatalf("%d records before the flush", end)
	}
	must(t, w.Flush())
	appendN(t, w, 10, 12)
	r := open(t, dir)
	if end := readAll(t, r); end != 10 {
		t.Errorf("%d records after the flush, want 10", end)
	}
	if r.Sealed() {
		t.Error("an open journal reads as closed")
	}
	must(t, w.Sync())
	if end := readAll(t, open(t, dir)); end != 12 || w.Records() != 12 {
		t.Errorf("%d records after the sync, writer says %d", end, w.Records())
	}
}

func TestCreateRefusesUsedDirectory(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o600))
	if _, err := Create(dir, nil, Options{}); err == nil || !strings.Contains(err.Error(), "notes.txt") {
		t.Errorf("error %v, want one that names notes.txt", err)
	}
	if _, err := Create(t.TempDir(), nil, Options{BlockBytes: -1}); err == nil {
		t.Error("a negative block size is accepted")
	}
}

func TestOpenWithoutJournal(t *testing.T) {
	if _, err := Open(t.TempDir()); err == nil {
		t.Error("an empty directory opens")
	}
	if _, err := Open(filepath.Join(t.TempDir(), "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want not exist", err)
	}
}

func TestRecordTooLarge(t *testing.T) {
	dir := t.TempDir()
	w := create(t, dir, Options{})
	if err := w.Append(1, make([]byte, MaxRecord+1)); err == nil {
		t.Error("a record over the limit is accepted")
	}
	must(t, w.Append(1, make([]byte, MaxRecord)))
	must(t, w.Close())
	kind, data, err := open(t, dir).Next()
	if err != nil || kind != 1 || len(data) != MaxRecord {
		t.Errorf("largest record: kind %d, %d bytes, %v", kind, len(data), err)
	}
}

func TestClosedWriter(t *testing.T) {
	w := create(t, t.TempDir(), Options{})
	must(t, w.Close())
	must(t, w.Close())
	for name, err := range map[string]error{"append": w.Append(1, nil), "flush": w.Flush(), "sync": w.Sync()} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
}

func TestRetentionCap(t *testing.T) {
	dir := t.TempDir()
	w := create(t, dir, Options{BlockBytes: 200, MaxBytes: 4000})
	appendN(t, w, 0, 5000)
	must(t, w.Close())

	var total int64
	segs, err := segments(dir)
	must(t, err)
	for _, s := range segs {
		st, err := os.Stat(s.path)
		must(t, err)
		total += st.Size()
	}
	if total > 4000+1000 {
		t.Errorf("journal has %d bytes, cap 4000", total)
	}
	r := open(t, dir)
	if r.First() == 0 || string(r.Header()) != `{"market":"test"}` {
		t.Errorf("first %d, header %q", r.First(), r.Header())
	}
	if end := readAll(t, r); end != 5000 {
		t.Errorf("capped journal ends at %d, want 5000", end)
	}
}

func TestSeek(t *testing.T) {
	dir := t.TempDir()
	w := create(t, dir, Options{BlockBytes: 300, SegmentBytes: 2000})
	appendN(t, w, 0, 1000)
	must(t, w.Close())
	for _, n := range []uint64{0, 1, 13, 500, 998, 999} {
		r := open(t, dir)
		must(t, r.Seek(n))
		if r.Record() != n {
			t.Errorf("seek to %d landed on %d", n, r.Record())
		}
		if end := readAll(t, r); end != 1000 {
			t.Errorf("after seek to %d the end is %d", n, end)
		}
	}
	r := open(t, dir)
	must(t, r.Seek(700))
	must(t, r.Seek(701))
	if err := r.Seek(5); err == nil {
		t.Error("seeking back is accepted")
	}
	if end := readAll(t, r); end != 1000 {
		t.Errorf("after two seeks the end is %d", end)
	}
	if err := open(t, dir).Seek(1000); !errors.Is(err, io.EOF) {
		t.Errorf("seek past the end: %v", err)
	}
}

// A segment begins where the caller says, whatever is flushed in between, and the
// journal may be read from any of them once those before are gone.
func TestTheCallerRotates(t *testing.T) {
	dir := t.TempDir()
	w := create(t, dir, Options{BlockBytes: 64, SegmentBytes: 600, MaxBytes: 4000, Checkpoints: true})
	turns := []uint64{0}
	for n := uint64(0); n < 3000; n++ {
		if w.Full() {
			if err := w.Rotate(); err != nil {
				t.Fatal(err)
			}
			turns = append(turns, w.Records())
			if err := w.Flush(); err != nil { // of nothing
				t.Fatal(err)
			}
		}
		if err := w.Append(RecordEvent, fmt.Appendf(nil, "%d %x", n, n*n*n*0x9e3779b9)); err != nil {
			t.Fatal(err)
		}
		if n%7 == 0 {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	segs, err := segments(dir)
	if err != nil || len(segs) < 3 || len(turns) < 10 {
		t.Fatalf("%d segments, %d turns, %v", len(segs), len(turns), err)
	}
	for i, s := range segs {
		if want := turns[len(turns)-len(segs)+i]; s.first != want {
			t.Errorf("a segment begins with record %d, want %d", s.first, want)
		}
	}
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for n := r.First(); ; n++ {
		_, data, err := r.Next()
		if errors.Is(err, io.EOF) {
			if n != 3000 || !r.Sealed() {
				t.Errorf("ends at record %d, sealed %v", n, r.Sealed())
			}
			return
		}
		if err != nil || !strings.HasPrefix(string(data), fmt.Sprintf("%d ", n)) {
			t.Fatalf("record %d: %s, %v", n, data, err)
		}
	}
}

// What was flushed is there after Abandon, and the journal is as one whose writer was
// killed.
func TestAbandonedWriter(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "j")
	w, err := Create(dir, []byte("{}"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"kept", "lost"} {
		if err := w.Append(RecordEffect, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if text == "kept" {
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.Abandon()
	w.Abandon()
	if err := w.Close(); err != nil {
		t.Errorf("closed after it: %v", err)
	}
	if err := w.Append(RecordEffect, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("appended after it: %v", err)
	}
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, data, err := r.Next(); err != nil || string(data) != "kept" {
		t.Errorf("%q, %v", data, err)
	}
	if _, _, err := r.Next(); !errors.Is(err, io.EOF) || r.Sealed() {
		t.Errorf("%v, sealed %v", err, r.Sealed())
	}
}
