package journal

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// crashed writes a journal of several segments that was never closed, and
// returns its directory and its last segment.
func crashed(t testing.TB, records uint64, o Options) (dir, last string) {
	t.Helper()
	dir = t.TempDir()
	w := create(t, dir, o)
	appendN(t, w, 0, records)
	must(t, w.Flush())
	segs, err := segments(dir)
	must(t, err)
	return dir, segs[len(segs)-1].path
}

// blockEnds returns, for a segment, the offsets at which blocks end and how
// many records of the journal are whole there.
func blockEnds(t testing.TB, data []byte) (offsets []int, records []uint64) {
	t.Helper()
	off := headFixed + int(binary.LittleEndian.Uint32(data[16:])) + 8
	offsets, records = []int{off}, []uint64{binary.LittleEndian.Uint64(data[8:])}
	for off < len(data) {
		b, ok := parseBlockHead(data[off:])
		if !ok {
			t.Fatalf("no block at %d", off)
		}
		off += blockHead + int(b.stored)
		offsets, records = append(offsets, off), append(records, b.first+uint64(b.count))
	}
	return offsets, records
}

func TestCrashAtEveryByte(t *testing.T) {
	dir, last := crashed(t, 300, Options{BlockBytes: 250, SegmentBytes: 1200})
	whole, err := os.ReadFile(last)
	must(t, err)
	offsets, records := blockEnds(t, whole)
	if len(offsets) < 3 {
		t.Fatalf("only %d blocks in the last segment: the test needs more", len(offsets)-1)
	}
	at := 0
	for size := range len(whole) + 1 {
		must(t, os.WriteFile(last, whole[:size], 0o600))
		for at+1 < len(offsets) && offsets[at+1] <= size {
			at++
		}
		wantTorn := int64(size)
		if size >= offsets[0] {
			wantTorn = int64(size - offsets[at])
		}
		r := open(t, dir)
		if end := readAll(t, r); end != records[at] {
			t.Fatalf("cut at %d of %d: %d records, want %d", size, len(whole), end, records[at])
		}
		if torn, name := r.Torn(); torn != wantTorn || (torn > 0 && name != filepath.Base(last)) {
			t.Fatalf("cut at %d: torn %d in %q, want %d", size, torn, name, wantTorn)
		}
		must(t, r.Close())
	}
}

// Every single flipped bit must be found: the reader returns a prefix of what
// was written and then an error, or a torn tail if the flip is in the last block.
func TestBitFlips(t *testing.T) {
	dir, last := crashed(t, 24, Options{BlockBytes: 120})
	whole, err := os.ReadFile(last)
	must(t, err)
	offsets, records := blockEnds(t, whole)
	lastBlock := offsets[len(offsets)-2]
	for bit := range len(whole) * 8 {
		data := append([]byte(nil), whole...)
		data[bit/8] ^= 1 << (bit % 8)
		must(t, os.WriteFile(last, data, 0o600))
		n, err := readPrefix(t, dir)
		var corrupt *CorruptError
		switch {
		case bit/8 >= lastBlock:
			if err != nil || n != records[len(records)-2] {
				t.Fatalf("bit %d of the last block: %d records, %v", bit, n, err)
			}
		case !errors.As(err, &corrupt):
			t.Fatalf("bit %d: %d records and error %v, want corruption", bit, n, err)
		}
	}
}

// readPrefix reads what is readable and checks each record.
func readPrefix(t *testing.T, dir string) (uint64, error) {
	t.Helper()
	r, err := Open(dir)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	for n := r.Record(); ; n++ {
		kind, data, err := r.Next()
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		if wantKind, want := record(n); kind != wantKind || string(data) != string(want) {
			t.Fatalf("record %d is %d %q: damage returned as data", n, kind, data)
		}
	}
}

func TestDamageThatIsNoTornTail(t *testing.T) {
	o := Options{BlockBytes: 250, SegmentBytes: 1200}
	for name, damage := range map[string]func(t *testing.T, segs []segment){
		"missing segment": func(t *testing.T, segs []segment) { must(t, os.Remove(segs[1].path)) },
		"middle segment cut short": func(t *testing.T, segs []segment) {
			must(t, os.Truncate(segs[1].path, 500))
		},
		"middle segment without its seal": func(t *testing.T, segs []segment) {
			st, err := os.Stat(segs[1].path)
			must(t, err)
			must(t, os.Truncate(segs[1].path, st.Size()-blockHead))
		},
		"bytes after a seal": func(t *testing.T, segs []segment) {
			f, err := os.OpenFile(segs[0].path, os.O_APPEND|os.O_WRONLY, 0)
			must(t, err)
			_, err = f.Write([]byte{0})
			must(t, errors.Join(err, f.Close()))
		},
		"swapped segments": func(t *testing.T, segs []segment) {
			must(t, os.Rename(segs[0].path, segs[0].path+".x"))
			must(t, os.Rename(segs[1].path, segs[0].path))
			must(t, os.Rename(segs[0].path+".x", segs[1].path))
		},
		"no head": func(t *testing.T, segs []segment) { must(t, os.Truncate(segs[0].path, 10)) },
	} {
		t.Run(name, func(t *testing.T) {
			dir, _ := crashed(t, 300, o)
			segs, err := segments(dir)
			must(t, err)
			damage(t, segs)
			var corrupt *CorruptError
			if n, err := readPrefix(t, dir); !errors.As(err, &corrupt) {
				t.Errorf("%d records, error %v, want corruption", n, err)
			}
		})
	}
}

// A power cut can leave a file longer than what was written, full of zeros.
func TestZeroTailIsTorn(t *testing.T) {
	dir, last := crashed(t, 60, Options{BlockBytes: 250})
	st, err := os.Stat(last)
	must(t, err)
	must(t, os.Truncate(last, st.Size()+4096))
	r := open(t, dir)
	if end := readAll(t, r); end != 60 {
		t.Errorf("%d records, want 60", end)
	}
	if torn, _ := r.Torn(); torn != 4096 {
		t.Errorf("torn %d, want 4096", torn)
	}
}

// fullDisk is a file system on which only so many bytes fit.
type fullDisk struct {
	osFS
	left *int
	sync *error
}

type fullFile struct {
	File
	left *int
	sync *error
}

func (d fullDisk) Create(path string) (File, error) {
	f, err := d.osFS.Create(path)
	return fullFile{f, d.left, d.sync}, err
}

func (f fullFile) Write(p []byte) (int, error) {
	n := min(len(p), *f.left)
	*f.left -= n
	if n, err := f.File.Write(p[:n]); err != nil || n == len(p) {
		return n, err
	}
	return n, syscall.ENOSPC
}

func (f fullFile) Sync() error { return *f.sync }

func TestDiskFull(t *testing.T) {
	for _, space := range []int{200, 700, 1500, 3000} {
		dir := t.TempDir()
		left, noErr := space, error(nil)
		w := create(t, dir, Options{BlockBytes: 200, SegmentBytes: 1000, FS: fullDisk{left: &left, sync: &noErr}})
		var err error
		for n := uint64(0); err == nil && n < 10_000; n++ {
			kind, data := record(n)
			err = w.Append(kind, data)
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("space %d: append says %v, want ENOSPC", space, err)
		}
		for name, err := range map[string]error{"flush": w.Flush(), "sync": w.Sync(), "append": w.Append(1, nil), "close": w.Close()} {
			if !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("space %d: %s after the failure says %v", space, name, err)
			}
		}
		r := open(t, dir)
		readAll(t, r)
		if torn, _ := r.Torn(); torn > headFixed+64 {
			t.Errorf("space %d: %d bytes of the failed write are left", space, torn)
		}
	}
}

func TestCreateOnFullDiskLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	left, noErr := 10, error(nil)
	if _, err := Create(dir, nil, Options{FS: fullDisk{left: &left, sync: &noErr}}); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("create: %v, want ENOSPC", err)
	}
	create(t, dir, Options{})
}

func TestFailedSyncIsFinal(t *testing.T) {
	left, syncErr := 1<<20, error(nil)
	w := create(t, t.TempDir(), Options{FS: fullDisk{left: &left, sync: &syncErr}})
	appendN(t, w, 0, 5)
	must(t, w.Sync())
	syncErr = syscall.EIO
	if err := w.Sync(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("sync says %v", err)
	}
	syncErr = nil
	if err := w.Sync(); !errors.Is(err, syscall.EIO) {
		t.Errorf("a failed sync was forgotten: %v", err)
	}
}

func FuzzReader(f *testing.F) {
	dir, last := crashed(f, 30, Options{BlockBytes: 250})
	whole, err := os.ReadFile(last)
	must(f, err)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	path := filepath.Join(dir, filepath.Base(last))
	f.Fuzz(func(t *testing.T, data []byte) {
		must(t, os.WriteFile(path, data, 0o600))
		r, err := Open(dir)
		if err != nil {
			return
		}
		defer r.Close()
		for {
			if _, _, err := r.Next(); err != nil {
				return
			}
		}
	})
}
