package archive

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"os"
	"slices"

	"github.com/klauspost/compress/gzip"

	"github.com/perilune/perilune/exchange"
)

// sortMemory is how many bytes of rows are sorted at a time. What is more goes to
// temporary files: a month of a busy market's trades has gigabytes.
var sortMemory = 64 << 20

// sorted yields the rows of all files by time and id; those of equal ones in the
// order in which they were read. Temporary files are made in dir.
func (s *source) sorted(dir string) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		b := &sorter{dir: dir}
		defer b.close()
		last := row{at: -1}
		err := s.each(func(r row) error {
			if r.compare(&last) < 0 && !s.overlap(last.file, r.file) {
				s.r.Sorted = true
			}
			last.at, last.id, last.file = r.at, r.id, r.file
			return b.add(r)
		})
		if err == nil {
			err = b.merge(func(r row) bool { return yield(r, nil) })
		}
		if err != nil {
			yield(row{}, err)
		}
	}
}

// overlap reports whether two files cover the same days, as a month and its days
// do: that their rows run back is not worth a word.
func (s *source) overlap(a, b int) bool {
	return a != b && s.files[a].From.Before(s.files[b].To()) && s.files[b].From.Before(s.files[a].To())
}

// sorter sorts more rows than memory holds.
type sorter struct {
	dir  string
	rows []row // their lines are in text
	text []byte
	runs []*run
}

func (b *sorter) add(r row) error {
	begin := len(b.text)
	b.text = append(b.text, r.line...)
	r.line = b.text[begin:] // moves with text: made anew by lines
	b.rows = append(b.rows, r)
	if len(b.text)+64*len(b.rows) < sortMemory {
		return nil
	}
	return b.spill()
}

// order sorts what is in memory.
func (b *sorter) order() {
	begin := 0
	for i := range b.rows {
		n := len(b.rows[i].line)
		b.rows[i].line = b.text[begin : begin+n]
		begin += n
	}
	slices.SortStableFunc(b.rows, func(x, y row) int { return x.compare(&y) })
}

// spill writes what is in memory to a file of its own.
func (b *sorter) spill() error {
	b.order()
	f, err := os.CreateTemp(b.dir, ".import-sort-*")
	if err != nil {
		return err
	}
	b.runs = append(b.runs, &run{file: f})
	zw, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(zw, 1<<16)
	var head []byte
	for i := range b.rows {
		r := &b.rows[i]
		head = head[:0]
		for _, n := range [...]int64{int64(r.at), r.id, int64(r.step), int64(r.file), int64(r.n), int64(len(r.line))} {
			head = binary.AppendVarint(head, n)
		}
		if _, err := w.Write(append(head, r.line...)); err != nil {
			return err
		}
	}
	b.rows, b.text = b.rows[:0], b.text[:0]
	return errors.Join(w.Flush(), zw.Close())
}

// merge calls yield with all rows until it returns false.
func (b *sorter) merge(yield func(row) bool) error {
	if len(b.runs) == 0 {
		b.order()
		for _, r := range b.rows {
			if !yield(r) {
				break
			}
		}
		return nil
	}
	if err := b.spill(); err != nil {
		return err
	}
	b.rows, b.text = nil, nil
	open := slices.Clone(b.runs)
	for i, r := range open {
		r.order = i
		if err := r.begin(); err != nil {
			return err
		}
	}
	slices.SortFunc(open, (*run).before)
	for len(open) > 0 && !open[0].done {
		if !yield(open[0].row) {
			return nil
		}
		if err := open[0].next(); err != nil {
			return err
		}
		settle(open)
	}
	return nil
}

// settle moves the first run to its place among the others, which are in order.
func settle(open []*run) {
	first, rest := open[0], open[1:]
	n, _ := slices.BinarySearchFunc(rest, first, (*run).before)
	copy(open, rest[:n])
	open[n] = first
}

func (b *sorter) close() {
	for _, r := range b.runs {
		_ = r.file.Close() // it is thrown away
		_ = os.Remove(r.file.Name())
	}
}

// run is a sorted file and its next row.
type run struct {
	row
	file  *os.File
	text  *bufio.Reader
	order int // in which it was written
	done  bool
}

// before orders runs by their next rows; one that is done goes last.
func (r *run) before(o *run) int {
	if r.done != o.done {
		return map[bool]int{true: 1, false: -1}[r.done]
	}
	return cmp.Or(r.compare(&o.row), cmp.Compare(r.order, o.order))
}

func (r *run) begin() error {
	if _, err := r.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	zr, err := gzip.NewReader(r.file)
	if err != nil {
		return err
	}
	r.text = bufio.NewReaderSize(zr, 1<<15)
	return r.next()
}

func (r *run) next() error {
	var n [6]int64
	for i := range n {
		v, err := binary.ReadVarint(r.text)
		if i == 0 && errors.Is(err, io.EOF) {
			r.done = true
			return nil
		}
		if err != nil {
			return err
		}
		n[i] = v
	}
	r.at, r.id, r.step = exchange.Time(n[0]), n[1], exchange.Time(n[2])
	r.row.file, r.n = int(n[3]), int(n[4])
	r.line = slices.Grow(r.line[:0], int(n[5]))[:n[5]]
	_, err := io.ReadFull(r.text, r.line)
	return err
}
