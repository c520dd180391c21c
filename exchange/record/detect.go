package record

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
)

const (
	headLines  = 4000 // how far a recording is read ahead for its symbols
	studyLines = 24   // how many messages of a symbol are studied for its steps
)

// rawInfo is what the beginning of a raw recording says about it.
type rawInfo struct {
	path    string
	format  connect.Format
	venue   exchange.Venue // "": not known yet
	segment string         // the venue's name for people
	symbols []*observed    // sorted by symbol
	first   exchange.Time
}

func (in *rawInfo) names() string {
	var s []string
	for _, o := range in.symbols {
		s = append(s, o.symbol)
	}
	return strings.Join(s, ",")
}

// venueOfName is the venue that a file name begins with, as in
// spot-btcusdt-20240808.jsonl.gz.
func venueOfName(path string, of connect.Format) (exchange.Venue, error) {
	prefix, _, _ := strings.Cut(filepath.Base(path), "-")
	return of.Segment(exchange.Within(prefix, of.House()))
}

// inspectRaw reads the beginning of a raw recording, as each format would. That which
// knows most of its frames is its own. forced is the venue when the caller knows it,
// else "".
func (f Formats) inspectRaw(path string, forced exchange.Venue) (*rawInfo, error) {
	r, err := openLines(path)
	if err != nil {
		return nil, err
	}
	defer r.close()
	var all []*inspection
	for _, format := range f {
		if forced == "" || forced.House() == format.House() {
			all = append(all, &inspection{rawInfo: rawInfo{path: path, format: format, venue: forced}, sure: forced != "", found: map[string]*finding{}})
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: nobody here reads recordings of %s", path, forced)
	}
	for r.line < headLines {
		line, err := r.next()
		if err != nil {
			var cut *TruncatedError
			if err == io.EOF || (errors.As(err, &cut) && r.line > 0) {
				break // reading it in earnest will say so
			}
			return nil, err
		}
		for _, in := range all {
			in.see(line)
		}
	}
	best := slices.MaxFunc(all, func(a, b *inspection) int { return a.known - b.known }) // the first of equals
	return best.conclude(f, r.line)
}

// inspection is rawInfo in the making.
type inspection struct {
	rawInfo
	sure  bool
	found map[string]*finding
	bare  []connect.Frame
	known int // frames that name a symbol
}

type finding struct {
	studied []connect.Frame
	worth   decimal.Decimal // of a contract, where a frame told it
	unsized bool            // frames are looked at until one tells it
}

func (in *inspection) see(line []byte) {
	at, frame, ok := splitLine(line)
	if !ok {
		return
	}
	if in.first == 0 {
		in.first = at
	}
	if f := in.found[string(in.format.Symbol(frame))]; f != nil && len(f.studied) >= studyLines && !f.unsized {
		in.known++
		return
	}
	s, ok := in.format.Inspect(frame)
	switch {
	case !ok:
	case s.Symbol != "":
		in.known++
		in.study(s)
	case s.Snapshot && len(in.bare) < 2:
		in.bare = append(in.bare, s)
	}
}

func (in *inspection) study(s connect.Frame) {
	f := in.found[s.Symbol]
	if f == nil {
		f = &finding{}
		if u, ok := in.format.(connect.Unsized); ok {
			f.unsized = u.Unsized(s.Venue, s.Symbol)
		}
		in.found[s.Symbol] = f
	}
	if f.unsized && s.Worth.IsPositive() {
		f.worth, f.unsized = s.Worth, false
	}
	if len(f.studied) < studyLines {
		f.studied = append(f.studied, s)
	}
	if s.Venue != "" && !in.sure && (in.venue == "" || s.Sure) {
		in.venue, in.sure = s.Venue, s.Sure
	}
}

// coarse names the unit of a time of our years that is not in nanoseconds; "" for
// one that is.
func coarse(t exchange.Time) string {
	for _, u := range []struct {
		name string
		unit exchange.Time
	}{{"seconds", exchange.Second}, {"milliseconds", exchange.Millisecond}, {"microseconds", exchange.Microsecond}} {
		if from, to := exchange.Date(2009, 1, 1)/u.unit, exchange.Date(2200, 1, 1)/u.unit; t >= from && t < to {
			return u.name
		}
	}
	return ""
}

func (in *inspection) conclude(formats Formats, lines int) (*rawInfo, error) {
	if lines == 0 {
		return nil, fmt.Errorf("%s: the file is empty", in.path)
	}
	if unit := coarse(in.first); unit != "" {
		return nil, fmt.Errorf("%s: its lines begin with a time in %s (%d): want nanoseconds since 1970, 19 digits", in.path, unit, in.first)
	}
	if len(in.found) == 0 {
		return nil, fmt.Errorf("%s: none of the first %d lines is a market message of the form `<local_ns> <JSON>` that names a symbol", in.path, lines)
	}
	if in.venue == "" {
		var err error
		if in.venue, err = venueOfName(in.path, in.format); err != nil {
			return nil, fmt.Errorf("%s: cannot tell the market from the messages: begin the file's name with it and a dash, or say which it is (%w)", in.path, err)
		}
	}
	in.segment = formats.name(in.venue)
	for symbol, f := range in.found {
		o := observe(in.format, in.venue, symbol)
		o.worth = f.worth
		for _, s := range f.studied {
			s.Numbers(o.price.seeText, o.qty.seeText)
		}
		in.symbols = append(in.symbols, o)
	}
	sort.Slice(in.symbols, func(i, j int) bool { return in.symbols[i].symbol < in.symbols[j].symbol })
	if len(in.symbols) == 1 {
		for _, s := range in.bare {
			s.Numbers(in.symbols[0].price.seeText, in.symbols[0].qty.seeText)
		}
	}
	return &in.rawInfo, nil
}
