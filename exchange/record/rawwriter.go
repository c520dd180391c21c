package record

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/perilune/perilune/exchange"
)

// RawWriter writes what [Formats.OpenRaw] reads: one file for each instrument, because a
// REST snapshot does not name its symbol, compressed with zstd. The files of a
// second recording in the same directory continue those of the first. It may be
// used from several goroutines.
type RawWriter struct {
	formats Formats
	dir     string
	began   exchange.Time

	mu    sync.Mutex
	files map[tape]*rawFileWriter
	lines uint64
	bytes uint64
	err   error // the first; nothing is written after it
}

// tape is what a file is of. The ID of an instrument is its universe's, and each venue of a
// recording has one.
type tape struct {
	venue  exchange.Venue
	symbol string
}

type rawFileWriter struct {
	f    *os.File
	z    *zstd.Encoder
	last exchange.Time
	line []byte
}

// NewRawWriter makes the directory. began names the files.
func (f Formats) NewRawWriter(dir string, began exchange.Time) (*RawWriter, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	return &RawWriter{formats: f, dir: dir, began: began, files: make(map[tape]*rawFileWriter)}, nil
}

// Disconnected stands in the place of a frame where the recorder was not connected until
// then: nobody knows what is missing.
var Disconnected = []byte("-")

// Add writes one frame of an instrument and when it came. Errors are kept for
// Err. The frame is not kept.
func (w *RawWriter) Add(in *exchange.Instrument, at exchange.Time, frame []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return
	}
	f, err := w.file(in)
	if err == nil {
		err = f.add(at, frame)
		w.lines++
		w.bytes += uint64(len(frame))
	}
	if err != nil {
		w.err = fmt.Errorf("recording of %s: %w", in.Key(), err)
	}
}

func (w *RawWriter) file(in *exchange.Instrument) (*rawFileWriter, error) {
	key := tape{in.Venue, in.Symbol}
	if f := w.files[key]; f != nil {
		return f, nil
	}
	name := fmt.Sprintf("%s-%s-%s.jsonl.zst", w.formats.name(in.Venue), FileSymbol(in.Symbol), w.began.UTC().Format("20060102T150405Z"))
	file, err := os.OpenFile(filepath.Join(w.dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, err
	}
	z, err := zstd.NewWriter(file, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	f := &rawFileWriter{f: file, z: z}
	w.files[key] = f
	return f, nil
}

// add writes a line. Frames come from several connections, and the clock may be
// set back: the lines' times do not run back.
func (f *rawFileWriter) add(at exchange.Time, frame []byte) error {
	f.last = max(f.last, at)
	f.line = strconv.AppendInt(f.line[:0], int64(f.last), 10)
	f.line = append(f.line, ' ')
	if bytes.IndexByte(frame, '\n') < 0 {
		f.line = append(f.line, frame...)
	} else {
		f.line = append(f.line, bytes.ReplaceAll(frame, []byte{'\n'}, []byte{' '})...) // between values: a string has none
	}
	_, err := f.z.Write(append(f.line, '\n'))
	return err
}

// Flush hands everything to the operating system: what a crash loses of a
// recording is what came after it.
func (w *RawWriter) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.files { // order does not matter: files are independent
		if err := f.z.Flush(); err != nil && w.err == nil {
			w.err = fmt.Errorf("recording: %w", err)
		}
	}
	return w.err
}

// Written is how much there is so far: files, lines, and bytes before
// compression.
func (w *RawWriter) Written() (files int, lines, size uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.files), w.lines, w.bytes
}

// Close ends the files.
func (w *RawWriter) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.err
	for _, f := range w.files { // order does not matter: files are independent
		err = errors.Join(err, f.z.Close(), f.f.Close())
	}
	w.files, w.err = nil, errors.New("the recording is closed")
	return err
}
