package archive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
)

// keep is how many problems and holes are described; all are counted.
const keep = 10

// leave counts a row that is not taken over.
func leave(r *Imported, p Problem) {
	r.LeftOut++
	tell(r, p)
}

func tell(r *Imported, p Problem) {
	if len(r.Problems) < keep {
		r.Problems = append(r.Problems, p)
	}
}

// Import reads the files of the archive below dir (what Download has made, or the
// same tree from elsewhere, also unpacked or packed as .csv.gz or .csv.zst) and
// writes what package record reads into out: bars and funding rates as a history
// directory, trades and book tickers as raw recordings, one file for each market
// and symbol. Where there are trades, the aggregates of the same time are left out.
//
// Rows are sorted by time. A row that can't be read is left out and named; of two
// that contradict each other about one bar or settlement the first file's is kept.
// Two trades that share an id and differ are both kept. Files of a kind that can't
// be imported (bars of COIN-M among them: a history holds spot and USD-M) are
// named and left. A damaged file, or one with other columns, costs the series it
// belongs to, of which nothing is written then; the others are imported and the
// error, beside the outcome, says which failed.
func Import(ctx context.Context, dir, out string, progress func(Imported)) (*Outcome, error) {
	f := finder{seen: map[string]bool{}}
	if err := f.walk(dir); err != nil {
		return nil, err
	}
	groups := f.groups()
	done := &Outcome{Files: []Imported{}, LeftOut: f.left}
	if len(groups) == 0 {
		return done, fmt.Errorf("%s holds no files of the archive that can be imported%s", dir, f.hint())
	}
	var errs []error
	for _, g := range groups {
		r, err := g.write(ctx, out)
		if ctx.Err() != nil {
			return done, ctx.Err()
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		done.Files = append(done.Files, r)
		if progress != nil {
			progress(r)
		}
	}
	return done, errors.Join(errs...)
}

// file is one file of the archive on this machine.
type file struct {
	Item
	path string
}

// group is the files that go into one file: of each series, oldest first.
type group [][]file

// finder collects the files below a directory.
type finder struct {
	files []file
	left  []LeftOut
	seen  map[string]bool // directories, so that links can't lead in circles
}

// walk goes through a directory in order of names, following links.
func (f *finder) walk(dir string) error {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil || f.seen[real] {
		return err
	}
	f.seen[real] = true
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		info, err := os.Stat(path)
		switch {
		case err != nil:
			f.leave("broken links", path, err.Error())
		case info.IsDir():
			if err := f.walk(path); err != nil {
				return err
			}
		default:
			f.add(path)
		}
	}
	return nil
}

// packings are what a file of the archive may end in on this machine.
var packings = []string{".zip", ".csv.gz", ".csv.zst", ".csv"}

func (f *finder) add(path string) {
	name := filepath.Base(path)
	i := slices.IndexFunc(packings, func(p string) bool { return strings.HasSuffix(name, p) })
	switch {
	case strings.HasPrefix(name, "."), strings.HasSuffix(name, ".CHECKSUM"):
	case strings.HasSuffix(name, ".part"):
		f.leave("unfinished downloads", path, "data download goes on with them")
	case i < 0:
		f.leave("files of another type", path, "want "+strings.Join(packings, " "))
	default:
		it, ok := itemOf(strings.TrimSuffix(path, packings[i]) + ".zip")
		if !ok {
			example := Item{Market: api.USDM, Kind: Klines, Symbol: "BTCUSDT", Interval: "1h", From: exchange.Date(2024, 1, 1).UTC(), Monthly: true}
			f.leave("files that are not where the archive has them", path, "want for example "+example.Path())
			return
		}
		if _, err := converterFor(it); err != nil {
			f.leave(fmt.Sprintf("%s of %s", it.Kind, it.Market), path, err.Error())
			return
		}
		f.files = append(f.files, file{it, path})
	}
}

// itemOf finds the archive's path in a longer one: it does not matter from where on
// the tree was given.
func itemOf(path string) (Item, bool) {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	rest := filepath.ToSlash(path)
	for more := true; more; _, rest, more = strings.Cut(rest, "/") {
		if it, ok := ParsePath(rest); ok {
			return it, true
		}
		if it, ok := ParsePath("data/" + rest); ok {
			return it, true
		}
	}
	return Item{}, false
}

func (f *finder) leave(what, path, why string) {
	for i := range f.left {
		if f.left[i].What == what {
			f.left[i].Files++
			return
		}
	}
	f.left = append(f.left, LeftOut{What: what, Files: 1, First: path, Why: why})
}

// hint says what there is instead of what was looked for.
func (f *finder) hint() string {
	if len(f.left) == 0 {
		return ""
	}
	l := f.left[0]
	return fmt.Sprintf(": %d %s (%s): %s", l.Files, l.What, l.First, l.Why)
}

// groups puts the series together that make one file.
func (f *finder) groups() (groups []group) {
	slices.SortFunc(f.files, bySeries)
	var all [][]file
	for _, x := range f.files {
		if n := len(all); n > 0 && all[n-1][0].series() == x.series() {
			all[n-1] = append(all[n-1], x)
			continue
		}
		all = append(all, []file{x})
	}
	place := map[string]int{}
	for _, s := range all {
		c, err := converterFor(s[0].Item)
		if err != nil {
			continue // add has asked for it
		}
		i, known := place[c.path]
		if !known {
			i, groups = len(groups), append(groups, nil)
			place[c.path] = i
		}
		groups[i] = append(groups[i], s)
	}
	return groups
}

// series names what an item is a part of.
func (it Item) series() string {
	return strings.Join([]string{it.Market.String(), string(it.Kind), it.Symbol, it.Interval}, "/")
}

// bySeries orders files by series and time; a month goes before its first day.
func bySeries(a, b file) int {
	if c := strings.Compare(a.series(), b.series()); c != 0 {
		return c
	}
	if c := a.From.Compare(b.From); c != 0 {
		return c
	}
	if c := b.To().Compare(a.To()); c != 0 {
		return c
	}
	return strings.Compare(a.path, b.path)
}

// holes lists the time between files that do not join.
func holes(s []file) (out []string) {
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
