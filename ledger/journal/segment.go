package journal

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"syscall"

	"github.com/klauspost/compress/zstd"
)

// segmentWriter writes blocks into segments: it rotates, seals, and removes
// what the cap does not allow. It lives on the writer's background goroutine.
type segmentWriter struct {
	o      Options
	dir    string
	header []byte
	enc    *zstd.Encoder
	out    []byte // one block, reused

	file    File
	path    string
	size    int64        // of file, up to the last whole block
	head    int64        // of size
	written atomic.Int64 // of all files
	blocks  int

	sealed []sealedFile // older segments, oldest first
	total  int64        // bytes of sealed and file
}

type sealedFile struct {
	path string
	size int64
}

func newSegmentWriter(dir string, header []byte, o Options) (*segmentWriter, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, fmt.Errorf("journal: zstd: %w", err)
	}
	s := &segmentWriter{o: o, dir: dir, header: header, enc: enc}
	if err := s.open(0); err != nil {
		s.discard()
		return nil, err
	}
	return s, nil
}

// discard removes a first segment that could not be begun, so that the
// directory can be used again once there is space.
func (s *segmentWriter) discard() {
	if s.file != nil {
		_ = s.file.Close()
		_ = s.o.FS.Remove(s.path)
	}
}

// open starts the segment whose first record is first. Its head is durable
// before any block follows, so that a crash cannot leave blocks nobody can name.
func (s *segmentWriter) open(first uint64) error {
	s.path = filepath.Join(s.dir, fmt.Sprintf(segmentName, first))
	f, err := s.o.FS.Create(s.path)
	if err != nil {
		return fmt.Errorf("journal: create segment: %w", err)
	}
	s.file, s.size, s.blocks = f, 0, 0
	s.out = appendHead(s.out[:0], first, s.header)
	if err := s.append(); err != nil {
		return err
	}
	s.head = s.size
	if err := s.sync(); err != nil {
		return err
	}
	if err := s.o.FS.SyncDir(s.dir); err != nil {
		return fmt.Errorf("journal: sync directory %s: %w", s.dir, err)
	}
	return nil
}

// full reports whether the next segment should begin. A long header does not make
// segments of a single block.
func (s *segmentWriter) full(more int) bool {
	return s.blocks > 0 && s.size-s.head+int64(more) > s.o.SegmentBytes
}

// write compresses a block and appends it, in a new segment when this one is full,
// or where the caller wants one to begin.
func (s *segmentWriter) write(b *block) error {
	s.out = append(s.out[:0], make([]byte, blockHead)...)
	s.out = s.enc.EncodeAll(b.raw, s.out)
	finishBlock(s.out, len(b.raw), b.count, b.first)
	if turn := s.blocks > 0 && b.turn; turn || !s.o.Checkpoints && s.full(len(s.out)) {
		if err := s.rotate(b); err != nil {
			return err
		}
	}
	if err := s.append(); err != nil {
		return err
	}
	s.blocks++
	return s.enforceCap()
}

// rotate seals the current segment and opens the one that b begins. The block
// in s.out is rebuilt because sealing reuses the buffer.
func (s *segmentWriter) rotate(b *block) error {
	pending := s.out
	s.out = nil
	if err := s.seal(b.first, sealRotate); err != nil {
		return err
	}
	s.sealed = append(s.sealed, sealedFile{s.path, s.size})
	if err := s.open(b.first); err != nil {
		return err
	}
	s.out = pending
	return nil
}

// seal marks the segment as ended on purpose and closes it.
func (s *segmentWriter) seal(next uint64, why int) error {
	s.out = append(s.out[:0], make([]byte, blockHead)...)
	finishBlock(s.out, why, 0, next)
	if err := s.append(); err != nil {
		return err
	}
	if err := s.sync(); err != nil {
		return err
	}
	if err := s.file.Close(); err != nil {
		return fmt.Errorf("journal: close %s: %w", s.path, err)
	}
	return nil
}

// append writes s.out. After a failure the part that was written is cut off
// again if possible; if not, readers see a torn tail. Either way the blocks
// before it are whole.
func (s *segmentWriter) append() error {
	n, err := s.file.Write(s.out)
	if err != nil {
		n, err = s.again(n, err)
	}
	if err != nil {
		return fmt.Errorf("journal: write %d bytes to %s: %w", len(s.out), s.path, err)
	}
	s.size += int64(n)
	s.written.Add(int64(n))
	s.total += int64(n)
	return nil
}

// again cuts off what a failed write left, and writes once more when the disk was
// full and room could be made.
func (s *segmentWriter) again(n int, err error) (int, error) {
	if n > 0 {
		if cut := s.file.Truncate(s.size); cut != nil {
			return n, err
		}
	}
	if !errors.Is(err, syscall.ENOSPC) || s.o.MakeRoom == nil || !s.o.MakeRoom() {
		return 0, err
	}
	if n, err = s.file.Write(s.out); err != nil && n > 0 {
		_ = s.file.Truncate(s.size)
	}
	return n, err
}

func (s *segmentWriter) sync() error {
	if err := s.file.Sync(); err != nil {
		return fmt.Errorf("journal: sync %s: %w", s.path, err)
	}
	return nil
}

// enforceCap removes the oldest sealed segments while the journal is larger
// than allowed.
func (s *segmentWriter) enforceCap() error {
	for s.o.MaxBytes > 0 && s.total > s.o.MaxBytes && len(s.sealed) > 0 {
		oldest := s.sealed[0]
		if err := s.o.FS.Remove(oldest.path); err != nil {
			return fmt.Errorf("journal: remove oldest segment: %w", err)
		}
		s.total -= oldest.size
		s.sealed = s.sealed[1:]
	}
	return nil
}
