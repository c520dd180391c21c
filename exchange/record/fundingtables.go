package record

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
)

// FundingTables say how tables of funding rates become a history of several houses: files
// SYMBOL_HOUSE_….csv[.gz] with the columns Symbol, Date and Funding Rate, as
// github.com/supervik/historical-funding-rates-fetcher writes them.
type FundingTables struct {
	// Prices is a history of the default house, whose bars and marks stand in for those
	// of all.
	Prices string
	// Ahead is how far the dates are ahead of UTC, by house; "" is that of all others.
	Ahead map[string]exchange.Time
	// WorseBP is what each side of a book that stands in is worse by.
	WorseBP float64
}

// UsualWorseBP is a FundingTables.WorseBP for venues whose own books are not known.
const UsualWorseBP = 1

// ParseAhead reads how far dates are ahead of UTC, in whole hours up to 14: "3h" of all
// houses, "gate=0h" of one, as FundingTables.Ahead has it.
func ParseAhead(list []string) (map[string]exchange.Time, error) {
	out := map[string]exchange.Time{}
	for _, s := range list {
		house, text, named := strings.Cut(s, "=")
		if !named {
			house, text = "", s
		}
		d, err := time.ParseDuration(text)
		if err != nil || d.Abs() > 14*time.Hour || d%time.Hour != 0 {
			return nil, fmt.Errorf("%q: want whole hours such as 3h, or venue=0h", s)
		}
		out[strings.ToLower(house)] = exchange.Time(d)
	}
	return out, nil
}

// table is one file.
type table struct {
	path, symbol, house string
	rows                []tableRow
	problems            Stats
}

type tableRow struct {
	at   exchange.Time
	rate string
}

// fundingTables lists the tables in a directory; none: there are other things in it.
func fundingTables(dir string) (out []*table, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		parts := strings.SplitN(e.Name(), "_", 3)
		base, quote, ok := strings.Cut(parts[0], "-")
		if ok && len(parts) == 3 && strings.Contains(parts[2], "funding") && strings.Contains(parts[2], ".csv") {
			out = append(out, &table{path: filepath.Join(dir, e.Name()), symbol: base + quote, house: strings.ToLower(parts[1])})
		}
	}
	return out, nil
}

// HoldsFundingTables reports whether a directory is one for ImportFunding.
func HoldsFundingTables(dir string) bool {
	list, err := fundingTables(dir)
	return err == nil && len(list) > 0
}

// ImportFunding writes a history of the houses of some tables, with the bars that stand in
// and a venues.csv that says so. Where the dates can't be what Ahead says, because no
// settlement would be at a full four hours, it fails and says what they can be.
func (f Formats) ImportFunding(dir, out string, o FundingTables, progress func(connect.Imported)) error {
	list, err := fundingTables(dir)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return fmt.Errorf("%s holds no tables of funding: want files named SYMBOL_VENUE_….csv, such as BTC-USDT_gate_funding.csv", dir)
	}
	if a, err := os.Stat(o.Prices); err == nil {
		if b, err := os.Stat(out); err == nil && os.SameFile(a, b) {
			return fmt.Errorf("%s would be written over with its own prices: name another directory to write to", out)
		}
	}
	var houses, symbols []string
	written := map[[2]string]string{}
	for _, t := range list {
		if first, twice := written[[2]string{t.house, t.symbol}]; twice {
			return fmt.Errorf("both %s and %s hold funding of %s at %s: join them, or keep one", first, t.path, t.symbol, t.house)
		}
		written[[2]string{t.house, t.symbol}] = t.path
		ahead, ok := o.Ahead[t.house]
		if !ok {
			ahead = o.Ahead[""]
		}
		if err := t.load(ahead); err != nil {
			return err
		}
		if err := f.spelled(t); err != nil {
			return err
		}
		houses, symbols = append(houses, t.house), append(symbols, t.symbol)
	}
	for _, t := range list {
		to := filepath.Join(out, t.house, "funding", t.symbol+".csv")
		if t.house == f[0].House() {
			to = filepath.Join(out, "funding", t.symbol+".csv")
		}
		if err := t.write(to); err != nil {
			return err
		}
		done := connect.Imported{Path: to, Files: 1, Rows: int64(len(t.rows)), LeftOut: t.problems.Malformed}
		for _, p := range t.problems.Problems {
			done.Problems = append(done.Problems, connect.ImportProblem{File: p.File, Line: p.Line, What: p.What})
		}
		progress(done)
	}
	slices.Sort(houses)
	if err := f.writeHouses(filepath.Join(out, housesFile), slices.Compact(houses), o.WorseBP); err != nil {
		return err
	}
	return copyPrices(o.Prices, out, want(symbols), progress)
}

// spelled refuses a symbol that the house spells in another way.
func (f Formats) spelled(t *table) error {
	for _, format := range f {
		if format.House() != t.house {
			continue
		}
		step := exchange.Step{M: 1, Scale: 2}
		in := format.Assume(format.VenueOf(exchange.Linear), t.symbol, step, step)
		if in.Base+in.Quote != t.symbol {
			return fmt.Errorf("%s: %s spells its perpetuals otherwise than %s, and tables of it are not read yet", t.path, t.house, t.symbol)
		}
	}
	return nil
}

// load reads the rows and moves them to UTC.
func (t *table) load(ahead exchange.Time) error {
	var c columns
	err := rows(t.path, &t.problems, func(h columns) error {
		c = h
		for _, name := range [...]string{"date", "funding rate"} {
			if _, err := h.find(name); err != nil {
				return err
			}
		}
		return nil
	}, func(_ int, f [][]byte) error {
		if len(f) != len(c) {
			return fmt.Errorf("%d fields where the header has %d", len(f), len(c))
		}
		s, err := parseSettlement(f[c["date"]], f[c["funding rate"]])
		if err == nil {
			t.rows = append(t.rows, tableRow{s.at - ahead, s.rate.Decimal().String()})
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(t.rows) == 0 {
		return fmt.Errorf("%s: no settlement in it can be read", t.path)
	}
	return t.inTime(ahead)
}

// inTime proves the offset by the hours at which venues settle, to a multiple of four hours:
// those of eight hours do at 00:00 or at 04:00 UTC. One that settles every hour proves nothing.
func (t *table) inTime(ahead exchange.Time) error {
	every := min(t.interval(), 4*exchange.Hour)
	if t.full(0, every) {
		return nil
	}
	var could []string
	for h := exchange.Time(-4); h <= 4; h++ {
		if t.full(h*exchange.Hour-ahead, every) {
			could = append(could, fmt.Sprintf("%s=%dh", t.house, h))
		}
	}
	why := fmt.Sprintf("%s: with dates %d h ahead of UTC its settlements are not at full %d hours (the first is at %s)", t.path, ahead/exchange.Hour, every/exchange.Hour, t.rows[0].at)
	if len(could) == 0 {
		return fmt.Errorf("%s, and with no --utc-offset of whole hours they are", why)
	}
	return fmt.Errorf("%s; they are with --utc-offset %s", why, strings.Join(could, " or "))
}

// interval is how far settlements are apart, most of the time: one, four or eight hours.
func (t *table) interval() exchange.Time {
	count := map[exchange.Time]int{}
	for i := 1; i < len(t.rows); i++ {
		count[t.rows[i].at-t.rows[i-1].at]++
	}
	most, n := 8*exchange.Hour, 0
	for _, hours := range [...]exchange.Time{8, 4, 2, 1} {
		if d := hours * exchange.Hour; count[d] > n {
			most, n = d, count[d]
		}
	}
	return most
}

// full reports whether nearly all settlements, when they are moved, are at multiples of a
// time.
func (t *table) full(moved, every exchange.Time) bool {
	n := 0
	for _, r := range t.rows {
		if (r.at-moved)%every == 0 {
			n++
		}
	}
	return 20*n >= 19*len(t.rows)
}

func (t *table) write(path string) error {
	return created(path, func(w *bufio.Writer) {
		fmt.Fprintln(w, "time,funding_rate")
		for _, r := range t.rows {
			fmt.Fprintf(w, "%s,%s\n", r.at, r.rate)
		}
	})
}

func (f Formats) writeHouses(path string, houses []string, worse float64) error {
	return created(path, func(w *bufio.Writer) {
		fmt.Fprintln(w, "venue,prices_of,worse_bp,maker_bp,taker_bp")
		for _, h := range houses {
			switch {
			case h == f[0].House():
			case slices.ContainsFunc(f, func(x connect.Format) bool { return x.House() == h }):
				fmt.Fprintf(w, "%s,%s,%g,,\n", h, f[0].House(), worse)
			default:
				fmt.Fprintf(w, "%s,%s,%g,%s,%s\n", h, f[0].House(), worse, usualMaker.Shift(4), usualTaker.Shift(4))
			}
		}
	})
}

func created(path string, fill func(*bufio.Writer)) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(file)
	fill(w)
	err = w.Flush() // the first error of any write
	return cmp.Or(err, file.Close())
}

// copyPrices copies the bars and marks of some symbols out of a history.
func copyPrices(from, to string, symbols wanted, progress func(connect.Imported)) error {
	c, ok, err := historyFiles(from)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("%s is no bar history, and the funding tables have no prices", from)
	}
	for r := spotBars; r < fundingRates; r++ {
		for _, symbol := range sortedKeys(c.files[r]) {
			if !symbols[symbol] {
				continue
			}
			source := c.files[r][symbol]
			target := filepath.Join(to, filepath.Base(filepath.Dir(source)), filepath.Base(source))
			if err := copyFile(source, target); err != nil {
				return err
			}
			progress(connect.Imported{Path: target, Files: 1})
		}
	}
	return nil
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	written := created(to, func(w *bufio.Writer) { _, err = io.Copy(w, source) })
	return cmp.Or(err, written)
}
