package archive

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/klauspost/compress/gzip"
)

// write imports one group. The file takes its place when it is whole. A series is
// read straight through as long as its rows are in order; where they are not, all
// begins anew and that series is sorted first.
func (g group) write(ctx context.Context, out string) (r Imported, err error) {
	c, err := converterFor(g[0][0].Item)
	if err != nil {
		return r, err
	}
	path := filepath.Join(out, c.path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return r, err
	}
	sort := make([]bool, len(g))
	for {
		r = Imported{Path: path}
		err := g.attempt(ctx, c.header, sort, &r)
		var d *disorder
		if !errors.As(err, &d) {
			return r, err
		}
		sort[d.series] = true
	}
}

// attempt writes the file beside its place and moves it there.
func (g group) attempt(ctx context.Context, header string, sort []bool, r *Imported) error {
	temp, err := os.CreateTemp(filepath.Dir(r.Path), ".import-*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // fails after the rename, and is not needed then
	zw := gzip.NewWriter(temp)
	w := bufio.NewWriterSize(zw, 1<<16)
	err = g.convert(ctx, header, w, sort, r)
	err = errors.Join(err, w.Flush(), zw.Close(), temp.Close())
	if err != nil {
		return err
	}
	if err := os.Chmod(temp.Name(), 0o644); err != nil {
		return err
	}
	return os.Rename(temp.Name(), r.Path)
}

// head is the next row of a series.
type head struct {
	row
	next func() (row, error, bool)
}

// convert writes the rows of all series in order of time.
func (g group) convert(ctx context.Context, header string, w *bufio.Writer, sort []bool, r *Imported) error {
	if _, err := w.WriteString(header); err != nil {
		return err
	}
	var heads []*head
	for i, s := range g {
		src := &source{ctx: ctx, files: g.without(s, r), r: r, index: i, covered: g.covered(s)}
		r.Files += len(src.files)
		if len(src.files) == 0 {
			continue
		}
		r.Holes = append(r.Holes, holes(s)...)
		rows := src.inOrder()
		if sort[i] {
			rows = src.sorted(filepath.Dir(r.Path))
		}
		next, stop := iter.Pull2(src.distinct(rows))
		defer stop()
		heads = append(heads, &head{next: next})
	}
	for _, h := range slices.Clone(heads) {
		if err := advance(&heads, h); err != nil {
			return err
		}
	}
	for len(heads) > 0 {
		h := slices.MinFunc(heads, func(a, b *head) int { return cmp.Compare(a.at, b.at) })
		if _, err := w.Write(h.line); err != nil {
			return err
		}
		r.Rows++
		if err := advance(&heads, h); err != nil {
			return err
		}
	}
	if r.Rows == 0 {
		return g.nothing(r)
	}
	return nil
}

// nothing explains a series of which no row could be taken.
func (g group) nothing(r *Imported) error {
	what := fmt.Sprintf("%s of %s: the files hold no rows", g[0][0].Kind, g[0][0].Symbol)
	if len(r.Problems) > 0 {
		return fmt.Errorf("%s that can be imported: %s", what, r.Problems[0])
	}
	return fmt.Errorf("%s (%s)", what, g[0][0].path)
}

// advance takes a series' next row, and the series away at its end.
func advance(heads *[]*head, h *head) error {
	next, err, more := h.next()
	if err != nil {
		return err
	}
	h.row = next
	if !more {
		*heads = slices.DeleteFunc(*heads, func(o *head) bool { return o == h })
	}
	return nil
}

// covered lists the files of trades, where s is their aggregates.
func (g group) covered(s []file) (trades []file) {
	if s[0].Kind != AggTrades {
		return nil
	}
	for _, o := range g {
		if o[0].Kind == Trades {
			trades = append(trades, o...)
		}
	}
	return trades
}

// without leaves out the files of aggregates whose whole time has trades.
func (g group) without(s []file, r *Imported) (out []file) {
	trades := g.covered(s)
	for _, f := range s {
		whole := slices.ContainsFunc(trades, func(t file) bool { return !t.From.After(f.From) && !t.To().Before(f.To()) })
		if !whole {
			out = append(out, f)
			continue
		}
		tell(r, Problem{File: f.path, What: "left out: the trades that it sums up are there"})
	}
	return out
}
