package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"sort"
	"strconv"

	"github.com/perilune/perilune/exchange"
)

// bar is one row of a bar file. Prices are in 1e-8 so that a file can be read
// before its tick is known.
type bar struct {
	open       exchange.Time
	o, h, l, c exchange.E8
	volume     float64
	flow       int32 // its place in the series' flows, from 1; 0: it has none
}

// series is a file of bars, oldest first, times strictly rising.
type series struct {
	path     string
	interval exchange.Time
	bars     []bar
	flows    []exchange.Flow
}

func (s *series) close(i int) exchange.Time { return s.bars[i].open + s.interval }

// rows calls each for every row of a CSV file, with its line. An error of each is
// counted in stats and costs that row only; an unreadable file is an error.
func rows(path string, stats *Stats, header func(columns) error, each func(line int, fields [][]byte) error) error {
	r, err := openLines(path)
	if err != nil {
		return err
	}
	defer r.close()
	line, err := r.next()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: the file is empty", path)
	}
	if err != nil {
		return fmt.Errorf("%s: read the header: %w", path, err)
	}
	if err := header(parseHeader(line)); err != nil {
		if len(line) > 0 && line[0] >= '0' && line[0] <= '9' {
			return fmt.Errorf("%s:1: the first line is a row (%.40q…): want a header with the names of the columns", path, line)
		}
		return fmt.Errorf("%s:1: %w", path, err)
	}
	var fields [][]byte
	for {
		line, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		fields = splitCSV(line, fields)
		if err := each(r.line, fields); err != nil {
			stats.malformed(path, r.line, err)
		}
	}
}

// loadBars reads a bar file: a time (when the bar opens), open, high, low,
// close and volume, in any order of columns, and of trades what else it tells. Rows are
// sorted by time where they are not. The prices are shown to o unless it is nil: then it
// is a file of marks, which nobody traded at.
func loadBars(path string, stats *Stats, o *observed) (*series, error) {
	s := &series{path: path}
	var p barParser
	var lines []int32
	var first error
	var noted bool
	err := rows(path, stats, p.header, func(line int, f [][]byte) error {
		b, err := p.parse(f, o)
		if err != nil {
			if first == nil {
				first = fmt.Errorf("%s:%d: %w", path, line, err)
			}
			return err
		}
		if o != nil {
			s.keepFlow(&b, p.told)
			if p.untold != nil && !noted {
				noted = true
				stats.note(path, line, p.untold.Error()+": it is unknown, as is any like it")
			}
		}
		s.bars, lines = append(s.bars, b), append(lines, int32(line))
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.bars = inOrder(path, stats, s.bars, lines, func(b *bar) exchange.Time { return b.open }, s.same)
	switch {
	case len(s.bars) >= 2:
	case first != nil:
		return nil, fmt.Errorf("%s: %d good bars; at least two are needed to know their interval; the first row refused is %w", path, len(s.bars), first)
	default:
		return nil, fmt.Errorf("%s: %d bars; at least two are needed to know their interval", path, len(s.bars))
	}
	s.interval = intervalOf(path, stats, s.bars)
	s.bars = apart(path, stats, s.bars, s.interval)
	return s, nil
}

// inOrder returns the rows of a file in order of time, one for each. A row that
// repeats another is dropped and counted; one that contradicts the row of its time
// that came first is refused.
func inOrder[T any](path string, stats *Stats, list []T, lines []int32, at func(*T) exchange.Time, same func(a, b *T) bool) []T {
	back := int32(0)
	rising := true
	for i := 1; i < len(list); i++ {
		before, now := at(&list[i-1]), at(&list[i])
		rising = rising && now > before
		if now < before && back == 0 {
			back = lines[i]
		}
	}
	if rising {
		return list
	}
	if back > 0 {
		stats.Sorted++
		stats.note(path, int(back), "the row is earlier than the one before it: the file was sorted by time")
	}
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool { return at(&list[order[i]]) < at(&list[order[j]]) })
	out := make([]T, 0, len(list))
	kept := 0
	for _, i := range order {
		n := len(out)
		switch {
		case n == 0 || at(&list[i]) != at(&out[n-1]):
			out, kept = append(out, list[i]), i
		case same(&list[i], &out[n-1]):
			stats.Repeated++
		default:
			stats.malformed(path, int(lines[i]), fmt.Errorf("the row of %s contradicts line %d, which is kept", at(&list[i]), lines[kept]))
		}
	}
	return out
}

var priceNames = [...]string{"open", "high", "low", "close"}

type barParser struct {
	time, volume int
	price        [4]int
	width        int
	flow         flowColumns
	told         exchange.Flow // by the last row
	untold       error         // what of it was not believed
}

func (p *barParser) header(c columns) (err error) {
	if p.time, err = c.find("date", "open_time", "time", "timestamp"); err != nil {
		return err
	}
	for i, name := range priceNames {
		if p.price[i], err = c.find(name); err != nil {
			return err
		}
	}
	p.width = len(c)
	p.flow.find(c)
	p.volume, err = c.find("volume")
	return err
}

func (p *barParser) parse(f [][]byte, o *observed) (b bar, err error) {
	if len(f) != p.width {
		return b, fmt.Errorf("%d fields where the header has %d", len(f), p.width)
	}
	if b.open, err = parseTime(f[p.time]); err != nil {
		return b, err
	}
	for i, dst := range [...]*exchange.E8{&b.o, &b.h, &b.l, &b.c} {
		if *dst, err = parseE8(f[p.price[i]]); err != nil {
			return b, fmt.Errorf("field %s: %w", priceNames[i], err)
		}
	}
	if b.l <= 0 || b.h < max(b.o, b.c) || b.l > min(b.o, b.c) {
		return b, fmt.Errorf("bar of %s: low %s and high %s do not enclose open %s and close %s, all positive",
			b.open, b.l.Decimal(), b.h.Decimal(), b.o.Decimal(), b.c.Decimal())
	}
	if b.volume, err = strconv.ParseFloat(string(f[p.volume]), 64); err != nil || !(b.volume >= 0) || math.IsInf(b.volume, 0) {
		return b, fmt.Errorf("field volume is %q: want a number that is not negative", f[p.volume])
	}
	if o == nil {
		return b, nil
	}
	p.told, p.untold = p.flow.parse(f, b.volume)
	p.observe(f, o)
	return b, nil
}

// observe shows the prices to o. Volumes matter only when no rules are known:
// an order book made of bars is displayed in whole lots anyway.
func (p *barParser) observe(f [][]byte, o *observed) {
	for _, i := range p.price {
		o.price.see(f[i])
	}
	if !o.rules {
		o.qty.see(f[p.volume])
	}
}
