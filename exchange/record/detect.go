package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sort"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
)

const (
	headLines  = 4000 // how far a recording is read ahead for its symbols
	studyLines = 24   // how many messages of a symbol are studied for its steps
)

// rawInfo is what the beginning of a raw recording says about it.
type rawInfo struct {
	path    string
	market  api.Market
	symbols []*observed // sorted by symbol
	first   exchange.Time
}

func (in *rawInfo) names() string {
	var s []string
	for _, o := range in.symbols {
		s = append(s, o.symbol)
	}
	return strings.Join(s, ",")
}

// study is one message taken apart. Keys are matched exactly: e and E, u and U
// are different fields.
type study struct {
	data map[string]json.RawMessage
	bare bool // a REST snapshot, which does not name its symbol on every market
}

func takeApart(frame []byte) (study, bool) {
	var outer map[string]json.RawMessage
	if json.Unmarshal(frame, &outer) != nil {
		return study{}, false
	}
	s := study{data: outer}
	if inner, ok := outer["data"]; ok {
		s.data = nil
		if json.Unmarshal(inner, &s.data) != nil {
			return study{}, false
		}
	}
	_, s.bare = s.data["lastUpdateId"]
	return s, true
}

func (s study) text(key string) string {
	return strings.Trim(string(s.data[key]), `"`)
}

func (s study) has(key string) bool { return s.data[key] != nil }

func (s study) symbol() string {
	if sym := s.text("s"); sym != "" {
		return sym
	}
	return s.text("symbol")
}

// market tells which market a message is from, 0 when it does not show. sure is
// set when the venue says so itself: since 2026 "st" is 1 for USD-M and 2 for
// COIN-M, and both can come over one socket.
func (s study) market() (m api.Market, sure bool) {
	switch s.text("st") {
	case "1":
		return api.USDM, true
	case "2":
		return api.COINM, true
	}
	pair, _, dated := strings.Cut(s.symbol(), "_")
	switch {
	case dated && strings.HasSuffix(pair, "USD"), s.has("ps"), s.has("pair"):
		return api.COINM, false
	case dated:
		return api.USDM, false // BTCUSDT_260327
	case s.symbol() == "":
		return 0, false
	case s.futures():
		return api.USDM, false
	}
	return api.Spot, false
}

// futures tells a futures message by fields that spot does not have, or lacks
// one that spot has: depth links by pu, trades carry no M, and only the futures
// bookTicker names itself.
func (s study) futures() bool {
	switch s.text("e") {
	case "depthUpdate":
		return s.has("pu")
	case "trade", "aggTrade":
		return !s.has("M")
	case "":
		return false
	}
	return s.text("e") == "bookTicker" || s.text("e") == "markPriceUpdate" || s.text("e") == "forceOrder"
}

// numbers shows the message's prices and quantities to o.
func (s study) numbers(o *observed) {
	for _, key := range [...]string{"b", "a", "bids", "asks"} {
		var levels [][2]string
		if json.Unmarshal(s.data[key], &levels) != nil {
			continue
		}
		for _, l := range levels {
			o.price.see([]byte(l[0]))
			o.qty.see([]byte(l[1]))
		}
	}
	for _, key := range [...]string{"p", "b", "a", "q", "B", "A"} {
		var text string
		if json.Unmarshal(s.data[key], &text) != nil || text == "" {
			continue
		}
		switch key {
		case "p", "b", "a":
			if s.text("e") != "markPriceUpdate" { // a mark price has no tick
				o.price.see([]byte(text))
			}
		default:
			o.qty.see([]byte(text))
		}
	}
}

// marketOfName is the market that a file name begins with, as in
// spot-btcusdt-20240808.jsonl.gz; 0 for none.
func marketOfName(path string) api.Market {
	prefix, _, _ := strings.Cut(filepath.Base(path), "-")
	m, err := api.ParseMarket(prefix)
	if err != nil {
		return 0
	}
	return m
}

// inspectRaw reads the beginning of a raw recording. forced is the market when
// the caller knows it, else 0.
func inspectRaw(path string, forced api.Market) (*rawInfo, error) {
	r, err := openLines(path)
	if err != nil {
		return nil, err
	}
	defer r.close()
	in := &inspection{rawInfo: rawInfo{path: path, market: forced}, sure: forced != 0, found: map[string]*finding{}}
	for r.line < headLines {
		line, err := r.next()
		if err != nil {
			var cut *TruncatedError
			if err == io.EOF || (errors.As(err, &cut) && r.line > 0) {
				break // reading it in earnest will say so
			}
			return nil, err
		}
		in.see(line)
	}
	return in.conclude(r.line)
}

// inspection is rawInfo in the making.
type inspection struct {
	rawInfo
	sure  bool
	found map[string]*finding
	bare  []study
}

type finding struct {
	studied []study
}

func (in *inspection) see(line []byte) {
	at, frame, ok := splitLine(line)
	if !ok {
		return
	}
	if in.first == 0 {
		in.first = at
	}
	symbol := quickSymbol(frame)
	f := in.found[string(symbol)]
	if f != nil && len(f.studied) >= studyLines {
		return
	}
	s, ok := takeApart(frame)
	switch {
	case !ok:
	case s.symbol() != "":
		in.study(s)
	case s.bare && len(in.bare) < 2:
		in.bare = append(in.bare, s)
	}
}

func (in *inspection) study(s study) {
	f := in.found[s.symbol()]
	if f == nil {
		f = &finding{}
		in.found[s.symbol()] = f
	}
	f.studied = append(f.studied, s)
	m, sure := s.market()
	if m != 0 && !in.sure && (in.market == 0 || sure) {
		in.market, in.sure = m, sure
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

// quickSymbol finds the symbol of a frame without parsing it, so that the head
// of a file costs little; nil when it is not in the usual place.
func quickSymbol(frame []byte) []byte {
	const key = `"s":"`
	i := bytes.Index(frame, []byte(key))
	if i < 0 {
		return nil
	}
	rest := frame[i+len(key):]
	return rest[:max(0, bytes.IndexByte(rest, '"'))]
}

func (in *inspection) conclude(lines int) (*rawInfo, error) {
	if lines == 0 {
		return nil, fmt.Errorf("%s: the file is empty", in.path)
	}
	if unit := coarse(in.first); unit != "" {
		return nil, fmt.Errorf("%s: its lines begin with a time in %s (%d): want nanoseconds since 1970, 19 digits", in.path, unit, in.first)
	}
	if len(in.found) == 0 {
		return nil, fmt.Errorf("%s: none of the first %d lines is a market message of the form `<local_ns> <JSON>` that names a symbol", in.path, lines)
	}
	if in.market == 0 {
		in.market = marketOfName(in.path)
	}
	if in.market == 0 {
		return nil, fmt.Errorf("%s: cannot tell the market from the messages: name the file spot-…, usdm-… or coinm-…, or say which it is", in.path)
	}
	for symbol, f := range in.found {
		o := observe(in.market, symbol)
		for _, s := range f.studied {
			s.numbers(o)
		}
		in.symbols = append(in.symbols, o)
	}
	sort.Slice(in.symbols, func(i, j int) bool { return in.symbols[i].symbol < in.symbols[j].symbol })
	if len(in.symbols) == 1 {
		for _, s := range in.bare {
			s.numbers(in.symbols[0])
		}
	}
	return &in.rawInfo, nil
}
