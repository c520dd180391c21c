package connect

import (
	"context"
	"fmt"
	"time"

	"github.com/perilune/perilune/exchange/sign"
)

// Archive is a public archive of past data: a venue's, whose connector implements it too, or
// one of many venues.
type Archive interface {
	// ArchiveAt is where the archive is, unless a request says otherwise.
	ArchiveAt() string
	// ArchiveKinds are the kinds of data that can be fetched; the first is the usual one.
	ArchiveKinds() []string
	// ArchiveHas says what is wrong with a segment and kinds of data.
	ArchiveHas(segment string, kinds []string) (badSegment, badKind error)
	// Plan names the files of a request.
	Plan(r ArchiveRequest) ([]string, error)
	// Download fetches the files of a request into a directory that mirrors the archive.
	// What is there and whole is not fetched again; what is absent is no error. progress
	// is told of every file as it ends, from one goroutine at a time.
	Download(ctx context.Context, r ArchiveRequest, progress func(ArchiveFile)) ([]ArchiveFile, error)
}

// Importer is an archive whose files are not read as they are.
type Importer interface {
	Archive
	// Import turns what was fetched into a history and recordings; see package record.
	Import(ctx context.Context, dir, out string, progress func(Imported)) (*ImportOutcome, error)
}

// ArchiveRequest is a span of past data of some symbols.
type ArchiveRequest struct {
	Segment  string // spot, usdm
	Kinds    []string
	Channels []string // of a venue's own messages, where the archive has them
	Symbols  []string
	Interval string // of bars
	From, To time.Time

	Base     string      // where the archive is
	Key      sign.Secret // of those who pay; empty: none
	Dir      string
	Workers  int           // files at a time
	Attempts int           // how often one file is tried
	Pause    time.Duration // before a second attempt; 0: as the archive wants it
}

// ArchiveFile is what became of a file.
type ArchiveFile struct {
	Path  string
	State string // fetched, present, absent or failed
	Bytes int64  // that came over the network
}

// Imported is one file that an import wrote, and what it could not take over.
type Imported struct {
	Path  string `json:"path"`
	Files int    `json:"files"` // of the archive that went into it
	Rows  int64  `json:"rows"`
	// Sorted is set when the rows of the archive were not in order of time.
	Sorted bool `json:"sorted,omitempty"`
	// Repeated rows were there before, digit for digit (a day and its month), and
	// are taken once.
	Repeated int64 `json:"repeated,omitempty"`
	// LeftOut rows could not be read, or contradict another row of their time.
	// Problems says where and why of the first ten.
	LeftOut  int64           `json:"left_out,omitempty"`
	Problems []ImportProblem `json:"problems,omitempty"`
	// SharedIDs are rows that have the id of the row before and are another trade:
	// both are kept. Shared is where the first of them is.
	SharedIDs int64          `json:"shared_ids,omitempty"`
	Shared    *ImportProblem `json:"shared,omitempty"`
	// Outside rows are of other days than their file is named for, and kept; Early
	// rows come sooner than the interval that they and the row before state.
	Outside   int64          `json:"outside,omitempty"`
	OutsideAt *ImportProblem `json:"outside_at,omitempty"` // the first
	Early     int64          `json:"early,omitempty"`
	EarlyAt   *ImportProblem `json:"early_at,omitempty"` // the first
	// Aggregates were left out where the trades themselves are there.
	Aggregates int64 `json:"aggregates,omitempty"`
	// Holes are the places where consecutive files do not join, as
	// "2024-01-03 to 2024-01-05". Missing counts the bars and settlements that
	// should lie between two rows, MissingHoles the places where they should, and
	// MissingAt says where the first ten are.
	Holes        []string `json:"holes,omitempty"`
	Missing      int64    `json:"missing,omitempty"`
	MissingHoles int64    `json:"missing_holes,omitempty"`
	MissingAt    []string `json:"missing_at,omitempty"`
}

// ImportProblem is a row, or a whole file when Line is 0, and what is wrong with it.
type ImportProblem struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"`
	What string `json:"what"`
}

func (p ImportProblem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.What
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.What)
}

// LeftOut is files that an import did not touch.
type LeftOut struct {
	What  string `json:"what"` // "metrics of usdm"
	Files int    `json:"files"`
	First string `json:"first"` // path of one
	Why   string `json:"why"`
}

// ImportOutcome is what an import did.
type ImportOutcome struct {
	Files   []Imported `json:"files"`
	LeftOut []LeftOut  `json:"left_out,omitempty"`
}
