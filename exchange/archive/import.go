package archive

import (
	"archive/zip"
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/perilune/perilune/exchange"
)

// Imported is one file that an import wrote.
type Imported struct {
	Path  string `json:"path"`
	Files int    `json:"files"` // of the archive that went into it
	Rows  int64  `json:"rows"`
	// Repeated rows were in two files (a day and its month) and are taken once.
	Repeated int64 `json:"repeated,omitempty"`
	// Holes are the places where consecutive files do not join, as
	// "2024-01-03 to 2024-01-05".
	Holes []string `json:"holes,omitempty"`
}

// Import reads the zip files below dir (what Download has made, or the same tree
// from elsewhere) and writes what package record reads into out: bars and funding
// rates as a history directory, trades and book tickers as raw recordings, one
// file for each market and symbol. Where there are trades, the aggregates of the
// same trades are left out.
//
// Bars of COIN-M are refused: a history holds spot and USD-M. A row that can't be
// read ends the import with the file, line, field and value; nothing of the
// series it belongs to is written then.
func Import(ctx context.Context, dir, out string, progress func(Imported)) ([]Imported, error) {
	groups, err := find(dir)
	if err != nil {
		return nil, err
	}
	var done []Imported
	for _, g := range groups {
		if ctx.Err() != nil {
			return done, ctx.Err()
		}
		r, err := g.write(ctx, dir, out)
		if err != nil {
			return done, err
		}
		done = append(done, r)
		if progress != nil {
			progress(r)
		}
	}
	return done, nil
}

// group is the files that go into one file: of each series, oldest first.
type group [][]Item

// find lists the series below a directory in order of their paths.
func find(dir string) (groups []group, err error) {
	var items []Item
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".zip") {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		it, ok := ParsePath(filepath.ToSlash(rel))
		if !ok {
			return fmt.Errorf("%s: its place is not the archive's: want for example %s", path,
				Item{Market: exchange.USDM, Kind: Klines, Symbol: "BTCUSDT", Interval: "1h", From: exchange.Date(2024, 1, 1).UTC(), Monthly: true}.Path())
		}
		items = append(items, it)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return nil, fmt.Errorf("%s holds no zip files of the archive", dir)
	}
	slices.SortFunc(items, byseries)
	var all [][]Item
	for _, it := range items {
		if n := len(all); n > 0 && series(all[n-1][0]) == series(it) {
			all[n-1] = append(all[n-1], it)
			continue
		}
		all = append(all, []Item{it})
	}
	return join(all)
}

// join puts the series together that make one file.
func join(all [][]Item) (groups []group, err error) {
	place := map[string]int{}
	for _, s := range all {
		c, err := converterFor(s[0])
		if err != nil {
			return nil, err
		}
		i, known := place[c.path]
		if !known {
			i, groups = len(groups), append(groups, nil)
			place[c.path] = i
		}
		groups[i] = append(groups[i], s)
	}
	for i, g := range groups {
		kinds := func(k Kind) func([]Item) bool { return func(s []Item) bool { return s[0].Kind == k } }
		if slices.ContainsFunc(g, kinds(Trades)) {
			groups[i] = slices.DeleteFunc(g, kinds(AggTrades))
		}
	}
	return groups, nil
}

// series names what an item is a part of.
func series(it Item) string {
	return strings.Join([]string{it.Market.String(), string(it.Kind), it.Symbol, it.Interval}, "/")
}

// byseries orders items by series and time; a month goes before its first day.
func byseries(a, b Item) int {
	if c := strings.Compare(series(a), series(b)); c != 0 {
		return c
	}
	if c := a.From.Compare(b.From); c != 0 {
		return c
	}
	return b.To().Compare(a.To())
}

// write imports one group. The file takes its place when it is whole.
func (g group) write(ctx context.Context, dir, out string) (r Imported, err error) {
	c, err := converterFor(g[0][0])
	if err != nil {
		return r, err
	}
	r.Path = filepath.Join(out, c.path)
	if err := os.MkdirAll(filepath.Dir(r.Path), 0o755); err != nil {
		return r, err
	}
	temp, err := os.CreateTemp(filepath.Dir(r.Path), ".import-*")
	if err != nil {
		return r, err
	}
	defer os.Remove(temp.Name()) // fails after the rename, and is not needed then
	zw := gzip.NewWriter(temp)
	w := bufio.NewWriterSize(zw, 1<<16)
	err = g.convert(ctx, dir, c.header, w, &r)
	err = errors.Join(err, w.Flush(), zw.Close(), temp.Close())
	if err != nil {
		return r, err
	}
	if err := os.Chmod(temp.Name(), 0o644); err != nil {
		return r, err
	}
	return r, os.Rename(temp.Name(), r.Path)
}

// holes lists the time between files that do not join.
func holes(s []Item) (out []string) {
	end := s[0].To()
	for _, it := range s[1:] {
		if it.From.After(end) {
			out = append(out, fmt.Sprintf("%s to %s", end.Format(time.DateOnly), it.From.Format(time.DateOnly)))
		}
		if it.To().After(end) {
			end = it.To()
		}
	}
	return out
}

// row is one converted row; its line is good until the next one is asked for.
type row struct {
	at   exchange.Time
	line []byte
}

// head is the next row of a series.
type head struct {
	row
	next func() (row, error, bool)
}

// convert writes the rows of all series in order of time.
func (g group) convert(ctx context.Context, dir, header string, w *bufio.Writer, r *Imported) error {
	if _, err := w.WriteString(header); err != nil {
		return err
	}
	var heads []*head
	for _, s := range g {
		r.Files += len(s)
		r.Holes = append(r.Holes, holes(s)...)
		next, stop := iter.Pull2(rows(ctx, dir, s, r))
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
		if err := advance(&heads, h); err != nil {
			return err
		}
	}
	if r.Rows == 0 {
		return fmt.Errorf("%s of %s: the files hold no rows", g[0][0].Kind, g[0][0].Symbol)
	}
	return nil
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

// rows yields the rows of a series' files.
func rows(ctx context.Context, dir string, s []Item, r *Imported) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		c, err := converterFor(s[0])
		for i := 0; err == nil && i < len(s); i++ {
			if err = ctx.Err(); err == nil {
				err = c.file(filepath.Join(dir, filepath.FromSlash(s[i].Path())), r, yield)
			}
		}
		if err != nil && !errors.Is(err, errEnough) {
			yield(row{}, err)
		}
	}
}

// errEnough says that nobody wants further rows.
var errEnough = errors.New("enough")

// file converts the one CSV file of a zip file.
func (c *converter) file(path string, r *Imported, yield func(row, error) bool) error {
	z, err := zip.OpenReader(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer z.Close()
	if len(z.File) != 1 || !strings.HasSuffix(z.File[0].Name, ".csv") {
		return fmt.Errorf("%s: want one CSV file inside, found %d files", path, len(z.File))
	}
	name := path + "/" + z.File[0].Name
	f, err := z.File[0].Open()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer f.Close()
	lines := bufio.NewReaderSize(f, 1<<16)
	for n := 1; ; n++ {
		text, end := lines.ReadSlice('\n')
		at, line, err := c.line(text, n, r)
		if err == nil && !errors.Is(end, io.EOF) {
			err = end // also of the zip file's own checksum
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
		if line != nil && !yield(row{at, line}, nil) {
			return errEnough
		}
		if end != nil {
			return nil
		}
	}
}
