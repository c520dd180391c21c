package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
)

// Options of a journal. The zero value is usable.
type Options struct {
	// SegmentBytes is the size after which a new file is begun. 0: 64 MiB. With
	// a cap it is at most a quarter of it, so that the cap removes little at once.
	SegmentBytes int64
	// MaxBytes caps the whole journal: beyond it the oldest whole segments are
	// removed. 0: no cap.
	MaxBytes int64
	// Checkpoints leaves it to the caller where a segment ends, because it begins each
	// with what a reader needs that finds nothing before: see Full and Rotate.
	Checkpoints bool
	// BlockBytes is how much is collected before it is compressed and written
	// as one block. 0: 128 KiB. What is not flushed is lost in a crash.
	BlockBytes int
	// FS is the file system to write to; nil is the operating system's.
	FS FS
	// MakeRoom, when set, is asked once when the disk is full. It reports whether
	// there is room again; then the write is tried once more. Any goroutine calls it.
	MakeRoom func() bool
}

func (o Options) withDefaults() (Options, error) {
	if o.SegmentBytes < 0 || o.MaxBytes < 0 || o.BlockBytes < 0 || o.BlockBytes > maxBlock {
		return o, fmt.Errorf("journal: options %+v: sizes must not be negative, BlockBytes at most %d", o, maxBlock)
	}
	if o.SegmentBytes == 0 {
		o.SegmentBytes = defaultSeg
	}
	if o.MaxBytes > 0 {
		o.SegmentBytes = min(o.SegmentBytes, max(1, o.MaxBytes/4))
	}
	if o.BlockBytes == 0 {
		o.BlockBytes = defaultBlock
	}
	if o.FS == nil {
		o.FS = osFS{}
	}
	return o, nil
}

// ErrClosed is returned by a Writer that was closed.
var ErrClosed = errors.New("journal: writer is closed")

// inFlight is how many full blocks may wait for the disk before Append blocks.
const inFlight = 4

// Writer appends to a journal. It is used by one goroutine; compressing and
// writing happen on another, so that the appending one pays for a copy only.
// Flush, Sync and Close have to be waited for in any case: when the other
// goroutine has nothing left to do they write themselves, which saves handing
// over and back.
//
// The first failure to write is final: it comes back from every later call.
// What was written before it stays readable.
type Writer struct {
	blockBytes int
	cur        *block
	next       uint64 // number of the next record
	closed     bool

	free chan *block
	work chan job
	ack  chan error
	err  atomic.Pointer[error]
	full atomic.Bool   // the segment being written has its size
	took atomic.Uint64 // turns that were written
	want uint64        // turns that were asked for

	mu  sync.Mutex // of seg
	seg *segmentWriter
}

// block collects records until it is cut.
type block struct {
	raw   []byte
	first uint64
	count uint32
	turn  bool // it begins a segment
}

// job asks the background goroutine to write a block.
type job struct {
	b    *block
	then after
}

// after is what the caller waits for once a block is written.
type after uint8

const (
	nothing after = iota
	answer
	syncAnswer
	sealAnswer
)

// Create starts a journal in dir, which must be empty or absent. The header
// (JSON by convention) is repeated in every segment and is what Reader.Header
// returns.
func Create(dir string, header []byte, o Options) (*Writer, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if len(header) > maxHeader {
		return nil, fmt.Errorf("journal: header of %d bytes: at most %d", len(header), maxHeader)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("journal: create %s: %w", dir, err)
	}
	if entries, err := os.ReadDir(dir); err != nil {
		return nil, fmt.Errorf("journal: list %s: %w", dir, err)
	} else if len(entries) > 0 {
		return nil, fmt.Errorf("journal: %s is not empty (it has %s): a journal needs a directory of its own", dir, entries[0].Name())
	}
	seg, err := newSegmentWriter(dir, append([]byte(nil), header...), o)
	if err != nil {
		return nil, err
	}
	return start(seg, o.BlockBytes), nil
}

func start(seg *segmentWriter, blockBytes int) *Writer {
	w := &Writer{
		blockBytes: blockBytes,
		free:       make(chan *block, inFlight),
		work:       make(chan job, inFlight),
		ack:        make(chan error, 1),
		seg:        seg,
	}
	for range inFlight - 1 {
		w.free <- &block{}
	}
	w.cur = &block{raw: make([]byte, 0, blockBytes+blockBytes/8)}
	go w.run()
	return w
}

// Append adds one record. It copies data. It blocks only when the disk is four
// blocks behind. An error of an earlier write surfaces here.
func (w *Writer) Append(kind byte, data []byte) error {
	if err := w.Err(); err != nil {
		return err
	}
	if len(data) > MaxRecord {
		return fmt.Errorf("journal: record of %d bytes: at most %d", len(data), MaxRecord)
	}
	b := w.cur
	b.raw = binary.AppendUvarint(b.raw, uint64(len(data)))
	b.raw = append(b.raw, kind)
	b.raw = append(b.raw, data...)
	b.count++
	w.next++
	if len(b.raw) >= w.blockBytes {
		w.cut(nothing)
	}
	return nil
}

// Full reports whether it is time to Rotate. Only with Options.Checkpoints.
func (w *Writer) Full() bool { return w.full.Load() && w.took.Load() == w.want }

// Rotate lets the next record be the first of a new segment. It does not wait.
func (w *Writer) Rotate() error {
	if err := w.Err(); err != nil {
		return err
	}
	if w.cur.count > 0 {
		w.cut(nothing)
	}
	w.cur.turn = true
	w.want++
	return nil
}

// Records returns how many records were appended.
func (w *Writer) Records() uint64 { return w.next }

// Flush writes what was appended to the operating system and waits for it: it
// survives the end of this process, but not a power cut.
func (w *Writer) Flush() error { return w.wait(answer) }

// Sync is Flush, and then waits for the disk.
func (w *Writer) Sync() error { return w.wait(syncAnswer) }

// Close writes what is left, seals the journal and ends the background
// goroutine. A second Close does nothing.
func (w *Writer) Close() error {
	if w.closed {
		return nil
	}
	err := w.wait(sealAnswer)
	w.closed = true
	close(w.work)
	return err
}

// Abandon ends the writer as a kill of the process does: what was not flushed is
// lost, and the journal is not sealed. Its file and its goroutine are given back. It
// is called when nobody appends any more, and after Close it does nothing.
func (w *Writer) Abandon() {
	if w.closed {
		return
	}
	w.closed = true
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err.Load() == nil {
		w.err.Store(&ErrClosed) // whatever block still waits is not written
	}
	_ = w.seg.file.Close() // there is nothing of it that anybody waits for
	close(w.work)
}

// Bytes is how much was written so far, headers and all, whatever was removed since. Any
// goroutine may ask.
func (w *Writer) Bytes() int64 { return w.seg.written.Load() }

// Err returns the failure that ended writing, or ErrClosed, or nil.
func (w *Writer) Err() error {
	if p := w.err.Load(); p != nil {
		return *p
	}
	if w.closed {
		return ErrClosed
	}
	return nil
}

// cut hands the current block over and takes an empty one.
func (w *Writer) cut(then after) {
	turn := w.cur.turn && w.cur.count == 0
	w.work <- job{w.cur, then}
	w.cur = <-w.free
	w.begin()
	w.cur.turn = turn
}

func (w *Writer) wait(then after) error {
	if w.closed {
		return w.Err()
	}
	if len(w.free) < inFlight-1 { // blocks are being written, and this one comes after them
		w.cut(then)
		return <-w.ack
	}
	err := w.do(job{w.cur, then})
	w.begin()
	return err
}

// begin empties the current block. One that nothing came into yet still begins the
// segment that it was to begin.
func (w *Writer) begin() {
	w.cur.turn = w.cur.turn && w.cur.count == 0
	w.cur.raw, w.cur.count, w.cur.first = w.cur.raw[:0], 0, w.next
}

// run writes blocks until the writer is closed. After a failure it only
// returns the blocks, so that Append never hangs.
func (w *Writer) run() {
	for j := range w.work {
		err := w.do(j)
		w.free <- j.b
		if j.then != nothing {
			w.ack <- err
		}
	}
}

// do writes a block. A failure is kept.
func (w *Writer) do(j job) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.write(j)
	if err != nil {
		w.err.Store(&err)
	}
	return err
}

func (w *Writer) write(j job) error {
	if p := w.err.Load(); p != nil {
		if j.then == sealAnswer {
			_ = w.seg.file.Close()
		}
		return *p
	}
	if j.b.count > 0 {
		if err := w.seg.write(j.b); err != nil {
			return err
		}
		if w.seg.o.Checkpoints {
			w.full.Store(w.seg.full(0))
		}
		if j.b.turn {
			w.took.Add(1)
		}
	}
	switch j.then {
	case syncAnswer:
		return w.seg.sync()
	case sealAnswer:
		return w.seg.seal(j.b.first+uint64(j.b.count), sealFinal)
	}
	return nil
}
