package record

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const (
	blockSize = 256 << 10 // fits the second-level cache together with a book
	blocks    = 4
	maxLine   = 64 << 20 // a full book of 5000 levels is 0.3 MB; more than this is not text
)

// TruncatedError says that a file ended before it should have: a compressed
// file cut short or damaged, or a last line that stops in its middle. All that
// could be read was delivered before it.
type TruncatedError struct {
	Path string
	Line int   // complete lines that were read
	Byte int64 // length of those lines in bytes of (uncompressed) text
	Err  error
}

func (e *TruncatedError) Error() string {
	return fmt.Sprintf("%s is cut short after line %d (byte %d of its text): %v; everything before it was read",
		e.Path, e.Line, e.Byte, e.Err)
}

func (e *TruncatedError) Unwrap() error { return e.Err }

// block is a run of whole lines. Only the last block of a file may end without
// a line feed. err, when set, ends the file after data.
type block struct {
	data []byte
	err  error
}

// lineReader yields the lines of a plain, gzip, zstd or zip file, told apart by
// their first bytes. Decompression runs in a goroutine of its own, a few blocks
// ahead, which close ends. A line is a window into a block and is valid until
// the next call.
type lineReader struct {
	path   string
	filled chan block
	empty  chan []byte
	stop   chan struct{}
	done   chan struct{}

	cur  block
	pos  int
	line int   // number of the line that next returned last, from 1
	byte int64 // text consumed so far
	tail bool  // that line had no line feed
}

func openLines(path string) (*lineReader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open recording: %w", err)
	}
	r := &lineReader{
		path:   path,
		filled: make(chan block, blocks),
		empty:  make(chan []byte, blocks),
		stop:   make(chan struct{}),
		done:   make(chan struct{}),
	}
	for range blocks {
		r.empty <- nil // allocated on first use: a small file needs one
	}
	go r.fill(f)
	return r, nil
}

// decompressor wraps r according to its first bytes. Names are not trusted:
// tools rename and recompress files.
func decompressor(f *os.File) (io.Reader, func(), error) {
	br := bufio.NewReaderSize(f, 64<<10)
	head, _ := br.Peek(4)
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		zr, err := gzip.NewReader(br)
		return zr, func() {}, err
	case bytes.Equal(head, []byte("PK\x03\x04")):
		return unzip(f)
	case bytes.Equal(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		zr, err := zstd.NewReader(br, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
		if err != nil {
			return nil, nil, err
		}
		return zr, zr.Close, nil
	}
	return br, func() {}, nil
}

// unzip reads the one file inside of a zip file.
func unzip(f *os.File) (io.Reader, func(), error) {
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	z, err := zip.NewReader(f, info.Size())
	if err != nil {
		return nil, nil, err
	}
	if len(z.File) != 1 {
		return nil, nil, fmt.Errorf("want one file inside the zip file, found %d", len(z.File))
	}
	r, err := z.File[0].Open()
	if err != nil {
		return nil, nil, err
	}
	return r, func() { _ = r.Close() }, nil // reading only
}

// fill is the reading goroutine. It hands out blocks that end at a line feed by
// carrying the start of an unfinished line over to the next block, so that a
// line is never in two pieces.
func (r *lineReader) fill(f *os.File) {
	defer close(r.done)
	defer f.Close()
	src, release, err := decompressor(f)
	if err != nil {
		// A header cut short reads as a plain end, which would pass for an
		// empty file.
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		r.send(block{err: err})
		return
	}
	defer release()
	var carry []byte
	for {
		buf, ok := r.take()
		if !ok {
			return
		}
		buf = append(buf[:0], carry...)
		buf, err = fillBlock(src, buf)
		if err != nil {
			r.send(block{data: buf, err: err})
			return
		}
		cut := bytes.LastIndexByte(buf, '\n') + 1
		carry = append(carry[:0], buf[cut:]...)
		if !r.send(block{data: buf[:cut]}) {
			return
		}
	}
}

func (r *lineReader) take() ([]byte, bool) {
	select {
	case b := <-r.empty:
		if b == nil {
			b = make([]byte, 0, blockSize)
		}
		return b, true
	case <-r.stop:
		return nil, false
	}
}

func (r *lineReader) send(b block) bool {
	select {
	case r.filled <- b:
		return true
	case <-r.stop:
		return false
	}
}

var errLongLine = fmt.Errorf("a line is longer than %d MB: this is not a text recording", maxLine>>20)

// fillBlock reads until buf is full and has a line feed in it, growing it for a
// long line.
func fillBlock(src io.Reader, buf []byte) ([]byte, error) {
	scanned := 0
	for {
		if len(buf) == cap(buf) {
			if bytes.IndexByte(buf[scanned:], '\n') >= 0 {
				return buf, nil
			}
			if len(buf) >= maxLine {
				return buf, errLongLine
			}
			scanned = len(buf)
			buf = append(buf, make([]byte, len(buf))...)[:len(buf)]
		}
		n, err := src.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err != nil {
			return buf, err
		}
	}
}

// next returns the next line without its line end. At the end it returns io.EOF
// or a *TruncatedError; the unfinished line of a damaged file is not returned.
func (r *lineReader) next() ([]byte, error) {
	for {
		rest := r.cur.data[r.pos:]
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			r.advance(i + 1)
			return bytes.TrimSuffix(rest[:i], []byte{'\r'}), nil
		}
		if r.cur.err != nil {
			return r.last(rest)
		}
		r.recycle()
		r.cur, r.pos = <-r.filled, 0
	}
}

func (r *lineReader) last(rest []byte) ([]byte, error) {
	if errors.Is(r.cur.err, errLongLine) {
		return nil, fmt.Errorf("%s line %d: %w", r.path, r.line+1, errLongLine)
	}
	if !errors.Is(r.cur.err, io.EOF) {
		return nil, r.truncated(r.cur.err)
	}
	if len(rest) == 0 {
		return nil, io.EOF
	}
	r.advance(len(rest))
	r.tail = true
	return rest, nil
}

func (r *lineReader) advance(n int) {
	r.pos += n
	r.byte += int64(n)
	r.line++
}

// truncated describes an end at the current place.
func (r *lineReader) truncated(err error) error {
	return &TruncatedError{Path: r.path, Line: r.line, Byte: r.byte, Err: err}
}

// unfinished takes back the last line, which turned out to be cut off.
func (r *lineReader) unfinished(line []byte) error {
	return &TruncatedError{Path: r.path, Line: r.line - 1, Byte: r.byte - int64(len(line)),
		Err: fmt.Errorf("line %d has no end: %w", r.line, io.ErrUnexpectedEOF)}
}

func (r *lineReader) recycle() {
	if cap(r.cur.data) > 0 {
		r.empty <- r.cur.data[:0] // never blocks: there are as many places as blocks
	}
}

// close ends the reading goroutine and waits until the file is closed.
func (r *lineReader) close() error {
	close(r.stop)
	<-r.done
	return nil
}
