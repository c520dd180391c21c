// Package journal is the append-only log of everything that entered the loop.
// Reading it back is replay.
//
// # Assumptions
//
//   - One goroutine appends. The numbers of the records follow from their order:
//     the first is 0.
//   - A directory holds one journal and nothing else.
//   - The disk may lose or tear what was not synced, and may flip bits in what
//     was. A record is returned as it was appended or not at all.
//   - Records are small and alike (market data), so that compressing blocks of
//     them pays. A record is at most [MaxRecord] bytes.
//
// # Format
//
// A journal is a row of segment files named by the number of their first
// record. Integers are little-endian, hashes are xxhash64.
//
//	segment = head block... [seal]
//	head    = "PLJRNL\x00\x01" first:u64 length:u32 header:bytes hash:u64
//	block   = "PLJB" stored:u32 raw:u32 count:u32 first:u64 hash:u64 zstd:bytes
//	seal    = a block without records, raw: 0 another segment follows, 1 the end
//	record  = length:uvarint kind:u8 data:bytes (inside a decompressed block)
//
// The hash of a block covers its own head too, so a block that was moved or
// whose length was damaged is not taken for a whole one. Every segment repeats
// the journal's header: a capped journal whose oldest segments are gone still
// tells what it is. With Options.Checkpoints the caller chooses where a segment
// ends (Writer.Full, Writer.Rotate) and begins it with a RecordCheckpoint.
//
// # Damage
//
// What a crash leaves is at the end of the last segment, and nothing valid
// follows it: that is a torn tail, which reading stops at and [Reader.Torn]
// reports. Anything else (a bad block with whole ones after it, a missing
// segment, a segment without a seal before another one) is a [CorruptError].
package journal

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// The kinds of records that the host appends. Other kinds are the caller's.
const (
	RecordEvent  byte = 1 // an exchange.Event, see AppendEvent
	RecordEffect byte = 2 // what the core decided on it

	// RecordCheckpoint begins every segment but the first of a journal with
	// Options.Checkpoints: what a replay of a journal needs whose oldest segments are
	// gone. Its data is the host's.
	RecordCheckpoint byte = 3
	// RecordStand follows it, an event as RecordEvent: a book or a mark as it stood
	// there. In the middle of a journal it says nothing new.
	RecordStand byte = 4
)

// What the raw field of a seal says.
const (
	sealRotate = 0
	sealFinal  = 1
)

// MaxRecord is the largest record in bytes.
const MaxRecord = 16 << 20

const (
	segmentMagic = "PLJRNL\x00\x01"
	blockMagic   = "PLJB"
	suffix       = ".plj"

	headFixed    = 8 + 8 + 4 // magic, first, length
	blockHead    = 4 + 4 + 4 + 4 + 8 + 8
	hashOffset   = blockHead - 8
	maxHeader    = 16 << 20
	maxBlock     = 16 << 20 // cap of Options.BlockBytes
	maxRaw       = maxBlock + MaxRecord + 16
	maxStored    = maxRaw + maxRaw/128 + 1024 // zstd's bound for incompressible input
	segmentName  = "%016d" + suffix
	defaultBlock = 128 << 10
	defaultSeg   = 64 << 20
)

// CorruptError says that a journal is damaged in a way no crash explains.
type CorruptError struct {
	Path   string
	Offset int64
	Why    string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("journal %s: damaged at byte %d: %s", e.Path, e.Offset, e.Why)
}

// segment is one file of a journal, by name.
type segment struct {
	path  string
	first uint64
}

// segments lists the segment files of dir by first record.
func segments(dir string) ([]segment, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("journal: list %s: %w", dir, err)
	}
	var out []segment
	for _, e := range entries {
		var first uint64
		if _, err := fmt.Sscanf(e.Name(), segmentName, &first); err != nil || !strings.HasSuffix(e.Name(), suffix) {
			continue
		}
		out = append(out, segment{filepath.Join(dir, e.Name()), first})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].first < out[j].first })
	return out, nil
}

// appendHead appends the head of a segment.
func appendHead(dst []byte, first uint64, header []byte) []byte {
	start := len(dst)
	dst = append(dst, segmentMagic...)
	dst = binary.LittleEndian.AppendUint64(dst, first)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(header)))
	dst = append(dst, header...)
	return binary.LittleEndian.AppendUint64(dst, xxhash.Sum64(dst[start:]))
}

// blockInfo is the decoded head of a block.
type blockInfo struct {
	stored, raw, count uint32
	first, hash        uint64
}

func (b *blockInfo) seal() bool { return b.count == 0 }

// finishBlock fills in the head of a block whose stored bytes follow it.
func finishBlock(out []byte, raw int, count uint32, first uint64) {
	copy(out, blockMagic)
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-blockHead))
	binary.LittleEndian.PutUint32(out[8:], uint32(raw))
	binary.LittleEndian.PutUint32(out[12:], count)
	binary.LittleEndian.PutUint64(out[16:], first)
	binary.LittleEndian.PutUint64(out[hashOffset:], blockHash(out[:blockHead], out[blockHead:]))
}

// parseBlockHead reads the head of a block; ok is false when it cannot be one.
func parseBlockHead(h []byte) (b blockInfo, ok bool) {
	if len(h) < blockHead || string(h[:4]) != blockMagic {
		return b, false
	}
	b.stored = binary.LittleEndian.Uint32(h[4:])
	b.raw = binary.LittleEndian.Uint32(h[8:])
	b.count = binary.LittleEndian.Uint32(h[12:])
	b.first = binary.LittleEndian.Uint64(h[16:])
	b.hash = binary.LittleEndian.Uint64(h[hashOffset:])
	return b, b.stored <= maxStored && b.raw <= maxRaw
}

// blockHash covers the head up to the hash, and the stored bytes.
func blockHash(head, stored []byte) uint64 {
	var d xxhash.Digest
	d.Reset()
	_, _ = d.Write(head[:hashOffset])
	_, _ = d.Write(stored)
	return d.Sum64()
}
