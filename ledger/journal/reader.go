package journal

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/zstd"
)

// Reader reads a journal from its first record to its last. It is used by one
// goroutine. A journal may be read while it is written: what was not yet
// flushed is not there, and a block being written looks like a torn tail.
type Reader struct {
	segs   []segment
	at     int // index of the open segment
	header []byte
	dec    *zstd.Decoder

	file *os.File
	in   *bufio.Reader
	off  int64 // of the next block in file

	stored, raw []byte
	rest        []byte // of raw: records not returned yet
	left        uint32 // records in rest
	next        uint64 // number of the next record

	ended    bool // nothing follows
	sealed   bool
	torn     int64
	tornFile string
}

// Open opens the journal in dir. It fails when dir has none, or when the head
// of the first segment is damaged.
func Open(dir string) (*Reader, error) {
	segs, err := segments(dir)
	if err != nil {
		return nil, err
	}
	if len(segs) == 0 {
		return nil, fmt.Errorf("journal: %s has no segments (files like "+segmentName+")", dir, 0)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxRaw))
	if err != nil {
		return nil, fmt.Errorf("journal: zstd: %w", err)
	}
	r := &Reader{segs: segs, at: -1, dec: dec, next: segs[0].first}
	if err := r.openSegment(0); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Header returns what Create was given.
func (r *Reader) Header() []byte { return r.header }

// First returns the number of the first record that is still there: more than
// zero when the cap removed earlier ones.
func (r *Reader) First() uint64 { return r.segs[0].first }

// Record returns the number of the record that Next returns next.
func (r *Reader) Record() uint64 { return r.next }

// Torn returns how many bytes of an unfinished write were passed over at the
// end, and in which segment; 0 when there were none. It is known once Next has
// returned io.EOF.
func (r *Reader) Torn() (int64, string) { return r.torn, r.tornFile }

// Sealed reports, once Next has returned io.EOF, whether the writer was closed
// rather than interrupted.
func (r *Reader) Sealed() bool { return r.sealed }

// Close releases the files.
func (r *Reader) Close() error {
	r.ended = true
	r.left = 0
	r.dec.Close()
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	return err
}

// Next returns the next record, or io.EOF at the end, or a *CorruptError. data
// is valid until the next call.
func (r *Reader) Next() (kind byte, data []byte, err error) {
	for r.left == 0 {
		if err := r.nextBlock(0); err != nil {
			return 0, nil, err
		}
	}
	n, w := binary.Uvarint(r.rest)
	if w <= 0 || n >= uint64(len(r.rest)-w) {
		return 0, nil, r.corrupt("a record is longer than its block")
	}
	kind = r.rest[w]
	data = r.rest[w+1 : w+1+int(n)]
	r.rest = r.rest[w+1+int(n):]
	r.left--
	r.next++
	return kind, data, nil
}

// Seek moves to record n, forward only, so that Next returns it. Whole blocks
// before it are checked but not decompressed, whole segments not even read. It
// returns io.EOF when the journal has no record n, and lands on the first one
// when the cap removed n.
func (r *Reader) Seek(n uint64) error {
	if n < r.next && r.next > r.First() {
		return fmt.Errorf("journal: cannot seek back from record %d to %d", r.next, n)
	}
	r.skipSegments(n)
	for r.next+uint64(r.left) <= n {
		r.next += uint64(r.left)
		r.left = 0
		if err := r.nextBlock(n); err != nil {
			return err
		}
	}
	for r.next < n {
		if _, _, err := r.Next(); err != nil {
			return err
		}
	}
	return nil
}

// skipSegments passes over segments that end before record n.
func (r *Reader) skipSegments(n uint64) {
	target := r.at
	for target+1 < len(r.segs) && r.segs[target+1].first <= n {
		target++
	}
	if target > r.at && !r.ended {
		r.left = 0
		r.closeSegment()
		r.at = target - 1
		r.next = r.segs[target].first
	}
}

// nextBlock loads the next block with records. One that ends before record
// skipTo is verified but not decompressed, and passed over.
func (r *Reader) nextBlock(skipTo uint64) error {
	for {
		if r.ended {
			return io.EOF
		}
		if r.file == nil {
			if err := r.openSegment(r.at + 1); err != nil {
				return err
			}
			continue
		}
		b, why, err := r.readBlock()
		switch {
		case err != nil:
			return err
		case why != "":
			if err := r.damaged(why); err != nil {
				return err
			}
		case b.seal():
			if err := r.endSegment(b.raw == sealFinal); err != nil {
				return err
			}
		case b.first+uint64(b.count) <= skipTo:
			r.next = b.first + uint64(b.count)
		default:
			return r.unpack(b)
		}
	}
}

// readBlock reads and verifies one block into r.stored. why is set when what is
// there is not a whole block.
func (r *Reader) readBlock() (b blockInfo, why string, err error) {
	var head [blockHead]byte
	n, err := io.ReadFull(r.in, head[:])
	if errors.Is(err, io.EOF) {
		return b, "no seal", nil
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return b, fmt.Sprintf("%d bytes of a block's head", n), nil
	}
	if err != nil {
		return b, "", fmt.Errorf("journal: read %s: %w", r.file.Name(), err)
	}
	b, ok := parseBlockHead(head[:])
	if !ok {
		return b, "not a block", nil
	}
	if why, err := r.readStored(int(b.stored)); why != "" || err != nil {
		return b, why, err
	}
	if blockHash(head[:], r.stored) != b.hash {
		return b, "checksum of a block does not match", nil
	}
	if b.first != r.next {
		return b, fmt.Sprintf("block begins with record %d, expected %d", b.first, r.next), nil
	}
	r.off += int64(blockHead + len(r.stored))
	return b, "", nil
}

// readStored reads n bytes, growing with what is really there so that a damaged
// length cannot ask for more memory than the file has.
func (r *Reader) readStored(n int) (why string, err error) {
	if st, err := r.file.Stat(); err == nil && r.off+blockHead+int64(n) > st.Size() {
		return fmt.Sprintf("a block of %d bytes is cut short", n), nil
	}
	if cap(r.stored) < n {
		r.stored = make([]byte, n)
	}
	r.stored = r.stored[:n]
	if _, err := io.ReadFull(r.in, r.stored); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Sprintf("a block of %d bytes is cut short", n), nil
	} else if err != nil {
		return "", fmt.Errorf("journal: read %s: %w", r.file.Name(), err)
	}
	return "", nil
}

func (r *Reader) unpack(b blockInfo) error {
	raw, err := r.dec.DecodeAll(r.stored, r.raw[:0])
	if err != nil || len(raw) != int(b.raw) {
		return r.corrupt(fmt.Sprintf("a block with a good checksum does not decompress to %d bytes: %v", b.raw, err))
	}
	r.raw, r.rest, r.left = raw, raw, b.count
	return nil
}

// damaged decides what a bad block at r.off means: a torn tail, which ends the
// journal, or corruption.
func (r *Reader) damaged(why string) error {
	if r.at+1 < len(r.segs) {
		return r.corrupt(why + ", and more segments follow")
	}
	rest, err := r.restOfFile()
	if err != nil {
		return err
	}
	if len(rest) > 0 && wholeBlockIn(rest[1:]) {
		return r.corrupt(why + ", and whole blocks follow")
	}
	r.torn, r.tornFile = int64(len(rest)), filepath.Base(r.segs[r.at].path)
	r.closeSegment()
	r.ended = true
	return nil
}

func (r *Reader) restOfFile() ([]byte, error) {
	st, err := r.file.Stat()
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	rest := make([]byte, max(0, st.Size()-r.off))
	n, err := r.file.ReadAt(rest, r.off)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("journal: read %s: %w", r.file.Name(), err)
	}
	return rest[:n], nil
}

// wholeBlockIn reports whether a valid block begins anywhere in b.
func wholeBlockIn(b []byte) bool {
	for {
		i := bytes.Index(b, []byte(blockMagic))
		if i < 0 {
			return false
		}
		b = b[i:]
		if h, ok := parseBlockHead(b); ok && blockHead+int(h.stored) <= len(b) &&
			blockHash(b[:blockHead], b[blockHead:blockHead+int(h.stored)]) == h.hash {
			return true
		}
		b = b[1:]
	}
}

// endSegment is called at a seal: nothing may follow it in this file.
func (r *Reader) endSegment(final bool) error {
	if _, err := r.in.ReadByte(); !errors.Is(err, io.EOF) {
		return r.corrupt("bytes after the seal")
	}
	r.closeSegment()
	if r.at+1 == len(r.segs) {
		r.ended, r.sealed = true, final
	}
	return nil
}

func (r *Reader) closeSegment() {
	if r.file != nil {
		_ = r.file.Close() // only read from
		r.file = nil
	}
}

// openSegment opens segment i and checks its head. A last segment whose head is
// not whole is a torn tail, unless it is the only one.
func (r *Reader) openSegment(i int) error {
	s := r.segs[i]
	f, err := os.Open(s.path)
	if err != nil {
		return fmt.Errorf("journal: open segment: %w", err)
	}
	r.at, r.file, r.off = i, f, 0
	if r.in == nil {
		r.in = bufio.NewReaderSize(f, 1<<16)
	} else {
		r.in.Reset(f)
	}
	if s.first != r.next {
		return r.corrupt(fmt.Sprintf("segment begins with record %d, expected %d: a segment is missing", s.first, r.next))
	}
	header, why := readHead(r.in, s.first)
	if why != "" {
		if i == 0 {
			return r.corrupt(why)
		}
		return r.damaged(why)
	}
	r.header = header
	r.off = int64(headFixed + len(header) + 8)
	return nil
}

// readHead reads the head of a segment; why says what is wrong with it.
func readHead(in io.Reader, first uint64) (header []byte, why string) {
	var fixed [headFixed]byte
	if _, err := io.ReadFull(in, fixed[:]); err != nil {
		return nil, "the segment's head is cut short"
	}
	if string(fixed[:8]) != segmentMagic {
		return nil, "not a journal segment, or of another version"
	}
	n := binary.LittleEndian.Uint32(fixed[16:])
	if n > maxHeader {
		return nil, "the segment's head is damaged"
	}
	var body bytes.Buffer
	if got, err := io.CopyN(&body, in, int64(n)+8); err != nil || got != int64(n)+8 {
		return nil, "the segment's head is cut short"
	}
	header = body.Bytes()[:n]
	var d xxhash.Digest
	d.Reset()
	_, _ = d.Write(fixed[:])
	_, _ = d.Write(header)
	if d.Sum64() != binary.LittleEndian.Uint64(body.Bytes()[n:]) || binary.LittleEndian.Uint64(fixed[8:]) != first {
		return nil, "the segment's head is damaged"
	}
	return header, ""
}

func (r *Reader) corrupt(why string) error {
	e := &CorruptError{Path: r.segs[r.at].path, Offset: r.off, Why: why}
	r.closeSegment()
	r.ended = true
	return e
}
