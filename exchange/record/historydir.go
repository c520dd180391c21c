package record

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// HistoryOptions say which part of a bar history is used, and what book its
// bars are shown as. The zero value is all of it with the defaults named below.
type HistoryOptions struct {
	From, To exchange.Time // events with From <= Time < To; zero: no bound
	Symbols  []string      // BTCUSDT, or spot:BTCUSDT for one leg; empty: all

	SpreadBP      *float64 // best bid to best ask in bp of the close; nil: 1. With 0 both are the close
	Levels        int      // a side; 0: 5
	LevelBP       float64  // from level to level in bp, at least a tick; 0: 0.1
	Participation float64  // part of a bar's volume shown on each side, spread evenly over the levels; 0: 0.1

	ShiftFunding int    // move every funding rate this many settlements later; a test of validity
	RandomSign   uint64 // seed: give every funding rate a random sign; 0: off
}

func (o HistoryOptions) displayed() (displayed, error) {
	d := displayed{spread: 1e-4, gap: 1e-5, levels: 5, participation: 0.1}
	if o.SpreadBP != nil {
		d.spread = *o.SpreadBP / 1e4
	}
	if o.Levels != 0 {
		d.levels = o.Levels
	}
	if o.LevelBP != 0 {
		d.gap = o.LevelBP / 1e4
	}
	if o.Participation != 0 {
		d.participation = o.Participation
	}
	switch {
	case !(d.spread >= 0 && d.spread < 1):
		return d, fmt.Errorf("history: spread %v bp: want 0 to 10000", d.spread*1e4)
	case d.levels < 1 || d.levels > 1000:
		return d, fmt.Errorf("history: %d levels: want 1 to 1000", d.levels)
	case !(d.gap >= 0 && d.gap < 1):
		return d, fmt.Errorf("history: %v bp between levels: want 0 to 10000", d.gap*1e4)
	case !(d.participation > 0 && d.participation <= 1):
		return d, fmt.Errorf("history: participation %v: want a fraction above 0, up to 1", d.participation)
	case o.To != 0 && o.To <= o.From:
		return d, fmt.Errorf("history: to %s is not later than from %s", o.To, o.From)
	}
	return d, nil
}

// folders maps what a subdirectory's name begins with to what it holds.
var folders = [...]struct {
	prefix string
	role   role
}{
	{"spot", spotBars}, {"perp", perpBars}, {"klines", perpBars}, {"mark", markBars}, {"funding", fundingRates},
}

type role uint8

const (
	spotBars role = iota
	perpBars
	markBars
	fundingRates
	roles
)

// roleFiles are the files of one house by role and symbol.
type roleFiles [roles]map[string]string

func (f *roleFiles) bars() bool { return len(f[spotBars])+len(f[perpBars]) > 0 }

// houseFiles are the files of a house and their folder.
type houseFiles struct {
	folder string
	files  roleFiles
}

// contents are what is in a directory of bars.
type contents struct {
	files  roleFiles
	houses map[string]houseFiles // of other houses, each in a folder of its name
	said   string                // path of what is said of houses; "": nothing is
	unused []string              // what is there and not read
}

// historyFiles finds the files of a history directory, through links too. ok is false
// when it has no folder of bars, and so is no history.
func historyFiles(dir string) (c contents, ok bool, err error) {
	c.houses = map[string]houseFiles{}
	folders, err := c.read(dir, &c.files)
	if err != nil {
		return c, false, err
	}
	said := c.said
	for _, path := range folders {
		var of roleFiles
		inside, err := c.read(path, &of)
		if err != nil {
			return c, false, err
		}
		if c.said != said && c.files.bars() {
			return c, false, fmt.Errorf("%s: what is said of venues belongs into the folder above, %s, one row for each", c.said, filepath.Join(dir, housesFile))
		}
		c.said = said
		if !of.bars() && len(of[fundingRates]) == 0 {
			c.unused = append(c.unused, path)
			continue
		}
		c.unused = append(c.unused, inside...)
		house := strings.ToLower(filepath.Base(path))
		if first, twice := c.houses[house]; twice {
			return c, false, fmt.Errorf("both %s and %s are folders of %s: join them, or keep one", first.folder, path, house)
		}
		c.houses[house] = houseFiles{path, of}
	}
	return c, c.files.bars(), nil
}

// read sorts what a folder holds, and returns the folders in it that are of no role.
func (c *contents) read(dir string, files *roleFiles) (folders []string, err error) {
	for i := range files {
		files[i] = map[string]string{}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		r, known := roleOf(e.Name())
		info, err := os.Stat(path)
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case err != nil:
			return nil, err
		case e.Name() == housesFile:
			c.said = path
		case !info.IsDir():
			c.unused = append(c.unused, path)
		case !known:
			folders = append(folders, path)
		default:
			more, err := addFiles(files[r], path)
			if err != nil {
				return nil, err
			}
			c.unused = append(c.unused, more...)
		}
	}
	return folders, nil
}

func roleOf(folder string) (role, bool) {
	for _, f := range folders {
		if strings.HasPrefix(strings.ToLower(folder), f.prefix) {
			return f.role, true
		}
	}
	return 0, false
}

// addFiles lists SYMBOL.csv, .csv.gz, .csv.zst and .csv.zip of one folder, and what
// else is in it.
func addFiles(to map[string]string, dir string) (unused []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		symbol, ext, _ := strings.Cut(e.Name(), ".")
		switch {
		case symbol == "":
			continue
		case ext != "csv" && ext != "csv.gz" && ext != "csv.zst" && ext != "csv.zip":
			unused = append(unused, path)
			continue
		}
		if other, twice := to[symbol]; twice {
			return nil, fmt.Errorf("history: both %s and %s hold %s: keep one", other, path, symbol)
		}
		to[symbol] = path
	}
	return unused, nil
}

// notUsed says in a line what of a directory is not read, naming the first few.
func notUsed(dir string, paths []string) string {
	const name = 5
	var list []string
	for _, p := range paths[:min(len(paths), name)] {
		list = append(list, strings.TrimPrefix(p, dir+string(filepath.Separator)))
	}
	if n := len(paths) - name; n > 0 {
		list = append(list, fmt.Sprintf("and %d more", n))
	}
	return fmt.Sprintf("not read in %s: %s", dir, strings.Join(list, ", "))
}

// wanted decides which symbols of a leg to load.
type wanted map[string]bool

func want(symbols []string) wanted {
	w := wanted{}
	for _, s := range symbols {
		w[s] = true
	}
	return w
}

func (w wanted) has(v exchange.Venue, symbol string) bool {
	return len(w) == 0 || w[symbol] || w[string(v)+":"+symbol] || w[string(v.Within(v.House()))+":"+symbol]
}

// all reports whether a leg is wanted: of one whose prices are another's, its own name
// or that.
func (w wanted) all(o *observed) bool {
	return w.has(o.venue, o.symbol) || o.like != nil && w[o.like.symbol]
}

func sortedKeys[T any](m map[string]T) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
