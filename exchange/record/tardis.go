package record

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// tardisKind is one of the data types of Tardis CSV that are read here.
type tardisKind uint8

const (
	tardisL2 tardisKind = iota + 1
	tardisTop
	tardisTrades
	tardisQuotes
	tardisTicker
	tardisLiquidations
)

func (k tardisKind) String() string {
	return [...]string{"none", "incremental_book_L2", "book_snapshot", "trades", "quotes", "derivative_ticker", "liquidations"}[k]
}

// tardisInfo is what the beginning of a Tardis file says about it.
type tardisInfo struct {
	path     string
	exchange string // of a stream: the exchange of all its symbols
	kind     tardisKind
	layout   tardisLayout
	symbols  []*observed
	first    exchange.Time
	foreign  string // an exchange id that has no market of ours
	formats  Formats
	said     map[string]string
	err      error
}

func (i *tardisInfo) names() string {
	var s []string
	for _, o := range i.symbols {
		s = append(s, o.key())
	}
	return strings.Join(s, ",")
}

// tardisLayout is where the columns are. Source: docs.tardis.dev, "Data types".
type tardisLayout struct {
	width                              int
	exchange, symbol, venue, local     int
	snapshot, side, price, amount      int
	id                                 int
	askPrice, askQty, bidPrice, bidQty []int // quotes have one of each, snapshots many
	ticker                             tickerLayout
}

func tardisLayoutOf(c columns) (k tardisKind, l tardisLayout, err error) {
	l = tardisLayout{width: len(c), exchange: c["exchange"], symbol: c["symbol"], venue: c["timestamp"], local: c["local_timestamp"],
		snapshot: c["is_snapshot"], side: c["side"], price: c["price"], amount: c["amount"], id: c["id"]}
	switch {
	case c.has("is_snapshot", "side", "price", "amount"):
		return tardisL2, l, nil
	case c.has("id", "side", "price", "amount") && !c.has("liquidation"):
		return tardisTrades, l, nil
	case c.has("ask_amount", "ask_price", "bid_price", "bid_amount") && !c.has("strike_price"):
		l.askPrice, l.askQty = []int{c["ask_price"]}, []int{c["ask_amount"]}
		l.bidPrice, l.bidQty = []int{c["bid_price"]}, []int{c["bid_amount"]}
		return tardisQuotes, l, nil
	case c.has("funding_timestamp", "funding_rate", "open_interest", "last_price", "index_price", "mark_price"):
		l.ticker = tickerLayoutOf(c)
		return tardisTicker, l, nil
	case c.has("asks[0].price", "asks[0].amount", "bids[0].price", "bids[0].amount"):
		l.levels(c)
		return tardisTop, l, nil
	}
	return 0, l, errors.New("a Tardis data type that is not read here: want incremental_book_L2, book_snapshot_N, trades, quotes, derivative_ticker or liquidations")
}

func (l *tardisLayout) levels(c columns) {
	for n := 0; ; n++ {
		at := func(side, what string) int { return c[fmt.Sprintf("%s[%d].%s", side, n, what)] }
		if !c.has(fmt.Sprintf("asks[%d].price", n), fmt.Sprintf("asks[%d].amount", n),
			fmt.Sprintf("bids[%d].price", n), fmt.Sprintf("bids[%d].amount", n)) {
			return
		}
		l.askPrice, l.askQty = append(l.askPrice, at("asks", "price")), append(l.askQty, at("asks", "amount"))
		l.bidPrice, l.bidQty = append(l.bidPrice, at("bids", "price")), append(l.bidQty, at("bids", "amount"))
	}
}

// inspectTardis reads the beginning of a file for its symbols and steps.
// Tardis prints no trailing zeros, so the finest of many values counts.
func (f Formats) inspectTardis(path string, header columns, said map[string]string) (*tardisInfo, error) {
	info := &tardisInfo{path: path, formats: f, said: said}
	var err error
	if info.kind, info.layout, err = tardisLayoutOf(header); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if info.kind == tardisTrades && ofLiquidations(path) {
		info.kind = tardisLiquidations // its columns are those of trades: only the name tells
	}
	r, err := openLines(path)
	if err != nil {
		return nil, err
	}
	defer r.close()
	found := map[string]*observed{}
	var fields [][]byte
	for r.line < 5*headLines {
		line, err := r.next()
		if err != nil {
			break // reading it in earnest will say so
		}
		if fields = splitCSV(line, fields); len(fields) == info.layout.width && r.line > 1 {
			info.see(found, fields)
		}
	}
	if info.err != nil {
		return nil, info.err
	}
	if len(info.symbols) == 0 {
		return nil, fmt.Errorf("%s: no rows", path)
	}
	sort.Slice(info.symbols, func(i, j int) bool { return info.symbols[i].symbol < info.symbols[j].symbol })
	return info, nil
}

// ofLiquidations reports whether a path is one of liquidations: by a folder of that name, as
// downloads have it, or by the file's.
func ofLiquidations(path string) bool {
	name := tardisLiquidations.String()
	return slices.Contains(strings.Split(filepath.ToSlash(path), "/"), name) || strings.Contains(filepath.Base(path), name)
}

func (i *tardisInfo) see(found map[string]*observed, f [][]byte) {
	if i.first == 0 {
		i.first, _ = parseTime(f[i.layout.local])
	}
	if len(f[i.layout.symbol]) == 0 {
		return
	}
	o := found[string(f[i.layout.symbol])]
	if o == nil {
		o = i.observe(string(f[i.layout.exchange]), string(f[i.layout.symbol]))
		found[o.symbol] = o
		i.symbols = append(i.symbols, o)
	}
	i.layout.numbers(i.kind, f, o)
}

// observe begins to collect the numbers of a symbol.
func (i *tardisInfo) observe(venue, symbol string) *observed {
	if format, v, ours := i.formats.tardis(venue); ours {
		o := observe(format, v, symbol)
		o.tardis, o.contracts = venue, i.said
		return o
	}
	i.foreign = venue
	c, err := contractOf(venue, symbol, i.said)
	if err == nil && i.formats[0].VenueOf(c.kind) == "" {
		err = fmt.Errorf("%s:%s: %s has no market of %s contracts that could stand in for its own", venue, symbol, i.formats[0].House(), c.kind)
	}
	if err != nil && i.err == nil {
		i.err = fmt.Errorf("%s: %w", i.path, err)
	}
	o := observe(i.formats[0], i.formats[0].VenueOf(c.kind), symbol)
	// The symbol may be spelled like one of ours and be another.
	o.rules, o.price.step, o.qty.step = false, exchange.Step{}, exchange.Step{}
	o.tardis, o.foreign, o.contract = venue, venue, &c
	return o
}

func (l *tardisLayout) numbers(k tardisKind, f [][]byte, o *observed) {
	if k == tardisLiquidations {
		o.price.seeLoose(f[l.price])
		o.qty.see(f[l.amount])
		return
	}
	if k == tardisL2 || k == tardisTrades {
		o.price.see(f[l.price])
		o.qty.see(f[l.amount])
		return
	}
	if k == tardisTicker {
		o.price.see(f[l.ticker.last])
		o.qty.see(f[l.ticker.interest])
		return
	}
	for n := range l.askPrice {
		o.price.see(f[l.askPrice[n]])
		o.qty.see(f[l.askQty[n]])
		o.price.see(f[l.bidPrice[n]])
		o.qty.see(f[l.bidQty[n]])
	}
}

// tardisPart is the consecutive Tardis files of one kind and symbol set.
func tardisPart(infos []*tardisInfo) *part {
	var files []*tardisFeed
	var joined exchange.Feed
	p := &part{}
	for _, i := range infos {
		p.observed = append(p.observed, i.symbols...)
	}
	p.open = func(u *exchange.Universe) (exchange.Feed, error) {
		var feeds []exchange.Feed
		known := estimates{}
		for _, i := range infos {
			f := newTardis(i, u, known)
			files, feeds = append(files, f), append(feeds, f)
		}
		joined = Concat(feeds...)
		return joined, nil
	}
	p.describe = func() []string { return describeTardis(infos) }
	p.stats = func() Stats {
		s := Stats{Clamped: clampedBy(joined)}
		for _, f := range files {
			s.add(f.stats)
		}
		return s
	}
	return p
}

func describeTardis(infos []*tardisInfo) []string {
	var out []string
	for _, i := range infos {
		out = append(out, fmt.Sprintf("Tardis %s of %s: %s; it has no update ids, so a lost row cannot be seen", i.kind, i.names(), i.path))
		if i.kind == tardisTicker {
			out = append(out, fmt.Sprintf("%s: it states no settled funding: the last estimate before each settlement is taken for it (where none is said to be due, every full interval of the venue's)", i.path))
		}
		if i.foreign != "" {
			out = append(out, fmt.Sprintf("%s: it is of %s; fees, limits and margin are those of a market like it", i.path, i.foreign))
		}
	}
	return out
}
