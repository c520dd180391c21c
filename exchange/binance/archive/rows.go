package archive

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/perilune/perilune/exchange"
)

// row is one converted row; its line is good until the next one is asked for.
type row struct {
	at   exchange.Time
	id   int64         // what tells it from others of its time
	step exchange.Time // to the row after it; 0: nobody knows
	line []byte
	file int // of the series
	n    int // its line in there
}

// compare orders rows by time, and within a time by id.
func (a *row) compare(b *row) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id, b.id))
}

// disorder says that a series has to be sorted.
type disorder struct{ series int }

func (*disorder) Error() string { return "rows are not in order" }

// source reads the files of one series.
type source struct {
	ctx     context.Context
	files   []file
	index   int // among the series of its group
	r       *Imported
	covered []file // of trades, when these are their aggregates
	names   []string
}

// inOrder yields the rows as they come, and *disorder where they run back.
func (s *source) inOrder() iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		last := row{at: -1}
		err := s.each(func(r row) error {
			if r.compare(&last) < 0 {
				return &disorder{s.index}
			}
			last.at, last.id = r.at, r.id
			if !yield(r, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(row{}, err)
		}
	}
}

// errEnough says that nobody wants further rows.
var errEnough = errors.New("enough")

// each calls f with the rows of all files, one after another. Rows that can't be
// read are counted and left out.
func (s *source) each(f func(row) error) error {
	c, err := converterFor(s.files[0].Item)
	if err != nil {
		return err
	}
	s.names = make([]string, len(s.files))
	for i := range s.files {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		if err := s.file(i, c, f); err != nil {
			return err
		}
	}
	return nil
}

// file reads one file.
func (s *source) file(i int, c *converter, f func(row) error) error {
	text, name, err := open(s.files[i].path)
	if err != nil {
		return err
	}
	defer text.Close()
	s.names[i] = name
	lines := bufio.NewReaderSize(text, 1<<16)
	found := false // a header or a row
	for n := 1; ; n++ {
		line, end := lines.ReadSlice('\n')
		if end != nil && !errors.Is(end, io.EOF) { // also the zip file's own checksum
			return fmt.Errorf("%s:%d: %w", name, n, end)
		}
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		if line = bytes.TrimRight(line, "\r\n"); len(bytes.TrimSpace(line)) > 0 {
			if err := s.line(i, n, line, found, c, f); err != nil {
				return err
			}
			found = true
		}
		if end != nil {
			break
		}
	}
	if !found {
		tell(s.r, Problem{File: name, What: "the file is empty"})
	}
	return nil
}

func (s *source) line(i, n int, line []byte, found bool, c *converter, f func(row) error) error {
	if !found {
		if header, err := c.head(line); err != nil {
			return fmt.Errorf("%s:%d: %w", s.names[i], n, err)
		} else if header {
			return nil
		}
	}
	r, err := c.convert(line)
	if err != nil {
		leave(s.r, Problem{File: s.names[i], Line: n, What: err.Error()})
		return nil
	}
	if s.traded(r.at) {
		s.r.Aggregates++
		return nil
	}
	r.file, r.n = i, n
	s.outside(&r)
	return f(r)
}

// outside counts rows of other days than their file is named for.
func (s *source) outside(r *row) {
	f := s.files[r.file]
	if r.at >= exchange.Time(f.From.UnixNano())-late && r.at <= exchange.Time(f.To().UnixNano())+late {
		return
	}
	s.r.Outside++
	if s.r.OutsideAt == nil {
		s.r.OutsideAt = &Problem{File: s.names[r.file], Line: r.n, What: fmt.Sprintf("the row is of %s", r.at)}
	}
}

// late is how far beyond its day a row may lie: the archive cuts by when it heard.
const late = exchange.Minute

// traded reports whether the trades of a time are there themselves.
func (s *source) traded(at exchange.Time) bool {
	return slices.ContainsFunc(s.covered, func(t file) bool {
		return at >= exchange.Time(t.From.UnixNano()) && at < exchange.Time(t.To().UnixNano())
	})
}

// distinct passes rows on without those that were there before, and counts the
// rows that should lie between two others.
func (s *source) distinct(rows iter.Seq2[row, error]) iter.Seq2[row, error] {
	c, err := converterFor(s.files[0].Item)
	d := distinct{source: s, single: err == nil && c.id < 0, known: map[string]bool{}}
	return func(yield func(row, error) bool) {
		for r, err := range rows {
			if err != nil {
				yield(r, err)
				return
			}
			if d.take(&r) && !yield(r, nil) {
				return
			}
		}
	}
}

// distinct is the state of telling rows apart.
type distinct struct {
	*source
	single bool // one row for each time
	begun  bool
	last   row             // that was taken; its line is a copy
	known  map[string]bool // lines of the key of last, beside it
	end    exchange.Time
}

func (d *distinct) take(r *row) bool {
	if d.begun && d.same(r) {
		if d.single {
			return d.second(r)
		}
		if bytes.Equal(r.line, d.last.line) || d.known[string(r.line)] {
			d.r.Repeated++
			return false
		}
		d.known[string(r.line)] = true
		d.shared(r)
		return true
	}
	if d.begun && !d.single && r.id == d.last.id {
		d.shared(r)
	}
	if d.begun && d.last.step > 0 {
		d.hole(r)
		d.early(r)
	}
	d.begun = true
	clear(d.known)
	line := append(d.last.line[:0], r.line...)
	d.last = *r
	d.last.line = line
	return true
}

// same reports whether a row is of the same bar or settlement as the last one, or
// has its time and id.
func (d *distinct) same(r *row) bool {
	return r.id == d.last.id && (d.single || r.at == d.last.at)
}

// second judges a second row of one time. What follows the time decides: a
// settlement's stamp may differ by milliseconds.
func (d *distinct) second(r *row) bool {
	_, a, _ := bytes.Cut(r.line, []byte{','})
	_, b, _ := bytes.Cut(d.last.line, []byte{','})
	if bytes.Equal(a, b) {
		d.r.Repeated++
		return false
	}
	leave(d.r, Problem{File: d.names[r.file], Line: r.n, What: fmt.Sprintf("%s: it contradicts %s:%d, which is kept: %s",
		r.at, d.names[d.last.file], d.last.n, bytes.TrimSpace(b))})
	return false
}

func (d *distinct) shared(r *row) {
	d.r.SharedIDs++
	if d.r.Shared == nil {
		d.r.Shared = &Problem{File: d.names[r.file], Line: r.n,
			What: fmt.Sprintf("id %d is also that of %s:%d, and the rows differ: both are kept", r.id, d.names[d.last.file], d.last.n)}
	}
}

// early counts rows that come sooner than both the row before and they themselves
// say.
func (d *distinct) early(r *row) {
	if every := min(d.last.step, r.step); r.at-d.last.at+exchange.Minute >= every {
		return
	}
	d.r.Early++
	if d.r.EarlyAt == nil {
		d.r.EarlyAt = &Problem{File: d.names[r.file], Line: r.n,
			What: fmt.Sprintf("%s after the row before, and both say %s", time.Duration(r.at-d.last.at).Round(time.Minute), time.Duration(min(d.last.step, r.step)))}
	}
}

// hole counts what is missing between the last row and r. Settlements are stamped
// some milliseconds late.
func (d *distinct) hole(r *row) {
	n := int64((r.at-d.last.at+exchange.Second)/d.last.step) - 1
	if n <= 0 {
		return
	}
	d.r.Missing += n
	d.r.MissingHoles++
	if len(d.r.MissingAt) < keep {
		from, to := d.last.at+d.last.step, r.at
		d.r.MissingAt = append(d.r.MissingAt, fmt.Sprintf("%s to %s (%d)", from.UTC().Format("2006-01-02 15:04"), to.UTC().Format("2006-01-02 15:04"), n))
	}
}

// open opens a file of the archive, and names it with the file inside.
func open(path string) (io.ReadCloser, string, error) {
	if strings.HasSuffix(path, ".zip") {
		return openZip(path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, "", err
	}
	text := io.Reader(f)
	switch {
	case strings.HasSuffix(path, ".gz"):
		text, err = gzip.NewReader(f)
	case strings.HasSuffix(path, ".zst"):
		var z *zstd.Decoder
		if z, err = zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30)); err == nil {
			return both{z, closers{z.IOReadCloser(), f}}, path, nil
		}
	}
	if err != nil {
		_ = f.Close() // reading only
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	return both{text, f}, path, nil
}

// openZip opens the one CSV file of a zip file.
func openZip(path string) (io.ReadCloser, string, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	if len(z.File) != 1 || !strings.HasSuffix(z.File[0].Name, ".csv") {
		_ = z.Close() // reading only
		return nil, "", fmt.Errorf("%s: want one CSV file inside, found %d files", path, len(z.File))
	}
	f, err := z.File[0].Open()
	if err != nil {
		_ = z.Close() // reading only
		return nil, "", fmt.Errorf("%s/%s: %w", path, z.File[0].Name, err)
	}
	return both{f, closers{f, z}}, path + "/" + z.File[0].Name, nil
}

// both reads from one thing and closes another.
type both struct {
	io.Reader
	io.Closer
}

type closers []io.Closer

func (c closers) Close() (err error) {
	for _, x := range c {
		err = errors.Join(err, x.Close())
	}
	return err
}
