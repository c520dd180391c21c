package record

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// VerifyOptions are for Verify. The zero value is ready.
type VerifyOptions struct {
	// Problems is how many problems are described; 0 means 10. All are counted.
	Problems int
}

// Report is what Verify found.
type Report struct {
	Files    []string `json:"files"`
	Market   string   `json:"market"`
	Messages int64    `json:"messages"` // understood, all kinds

	Depth     int64 `json:"depth"`
	Tickers   int64 `json:"tickers"`
	Trades    int64 `json:"trades"`
	Snapshots int64 `json:"snapshots"`
	Ignored   int64 `json:"ignored"` // neither of these

	Gaps        int64 `json:"gaps"`         // diffs that do not follow the one before, by the venue's rule
	Repeats     int64 `json:"repeats"`      // diffs that came again, or after a later one
	TradeGaps   int64 `json:"trade_gaps"`   // trade ids that do not follow the one before
	TickerOrder int64 `json:"ticker_order"` // tickers whose id is not above the one before, or that say the same
	Samples     int64 `json:"samples"`      // books compared with the venue's own best bid and ask
	Near        bool  `json:"near"`         // these were compared by when they came: the tickers have no ids of the book
	Levels      int64 `json:"levels"`       // levels compared with a later snapshot
	Mismatches  int64 `json:"mismatches"`   // of either comparison; a crossed book is one too
	// TradesCompared had a ticker at hand. TradePrices of them lie more than 1 %
	// outside of best bid and ask; TradeSizes are instruments whose best levels do
	// not shrink by what is traded.
	TradesCompared int64 `json:"trades_compared"`
	TradePrices    int64 `json:"trade_prices"`
	TradeSizes     int64 `json:"trade_sizes"`

	Torn       int64 `json:"torn"`       // differences that the trades explain: the diff ends inside an execution
	Unverified int64 `json:"unverified"` // diffs that had no usable book under them
	Malformed  int64 `json:"malformed"`
	Clamped    int64 `json:"clamped"` // lines whose local time ran back

	Problems []Problem `json:"problems,omitempty"`
	keep     int
}

// Err is nil when the recording was compared with the venue's own figures and
// agrees with them. A recording in which nothing could be compared is not good:
// nobody knows.
func (r *Report) Err() error {
	var faults []string
	for _, c := range [...]struct {
		n    int64
		what string
	}{
		{r.Gaps, "gaps"}, {r.Mismatches, "mismatches"}, {r.Malformed, "malformed lines"},
		{r.Repeats, "repeated diffs"}, {r.TradePrices, "trades far from the book"}, {r.TradeSizes, "instruments with wrong quantities of trades"},
		{r.TradeGaps, "gaps in trade ids"}, {r.TickerOrder, "tickers out of order or repeated"},
	} {
		if c.n > 0 {
			faults = append(faults, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	if r.Samples == 0 {
		faults = append(faults, "nothing was compared: "+r.whyNothing())
	}
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("verify %s: %s", strings.Join(r.Files, " "), strings.Join(faults, ", "))
}

func (r *Report) whyNothing() string {
	switch {
	case r.Snapshots == 0:
		return "no snapshot to build a book from (give the files of one stream together, the one with the snapshot first)"
	case r.Depth == 0:
		return "no depth updates"
	case r.Tickers == 0:
		return "no tickers to compare with"
	}
	return "no book was usable while there was a ticker"
}

func (r *Report) problem(at place, format string, args ...any) {
	if len(r.Problems) < r.keep {
		r.Problems = append(r.Problems, Problem{File: at.file, Line: at.line, What: fmt.Sprintf(format, args...)})
	}
}

// place is where in a recording something came from.
type place struct {
	file string
	line int
}

// CheckMarket says what is wrong with the name of a segment whose recordings Verify is
// to prove: usdm, or binance.usdm.
func (f Formats) CheckMarket(name string) error {
	if err := f.check(); err != nil {
		return err
	}
	_, err := f.segment(name)
	return err
}

// Verify rebuilds the books of raw recordings and compares them with what the
// venue itself published. files are consecutive parts of one stream, in order;
// market is "" to detect it. The error is about reading only: ask Report.Err
// whether the recording is good.
//
// The oracle is the bookTicker stream (where tickers have no ids of the book, see
// connect.Numbering, only the rough agreement of prices can be proved): after a diff that ends at u, best bid
// and ask, price and size, equal the ticker with the largest id up to u. A
// sample is judged when a later ticker has come, so it does not matter which of
// the two streams is ahead. Every later snapshot is compared level by level.
//
// What it finds: any lost, repeated-out-of-place or reordered diff; any lost
// trade; any line that is not what the venue writes; a wrong price or size that
// is, or becomes, the best of its side, or that a later snapshot covers; trades
// far from the ticker, and quantities of all trades that are not the book's. What
// it cannot find: a wrong size deep in the book that the venue overwrites before
// it is ever the best, the first or last message of a recording missing, and
// most tickers that another one replaced before the next diff.
func (f Formats) Verify(market string, files []string, opts VerifyOptions) (Report, error) {
	rep := Report{Files: files, keep: opts.Problems}
	if err := f.check(); err != nil {
		return rep, err
	}
	var venue exchange.Venue // by content and name
	if market != "" {
		var err error
		if venue, err = f.segment(market); err != nil {
			return rep, err
		}
	}
	if rep.keep == 0 {
		rep.keep = keepProblems
	}
	infos, u, err := f.inspectAll(files, venue)
	if err != nil {
		return rep, err
	}
	rep.Market = infos[0].segment
	c := &checker{report: &rep, markets: make([]*checked, u.Len())}
	ids := infos[0].format.Numbering(infos[0].venue)
	rep.Near = !ids.Tickers
	for _, in := range u.All() {
		c.markets[in.ID] = newChecked(in, ids)
	}
	for _, info := range infos {
		err = errors.Join(err, c.file(newRaw(info, u, estimates{})))
	}
	c.finish()
	return rep, err
}

func (f Formats) inspectAll(files []string, venue exchange.Venue) ([]*rawInfo, *exchange.Universe, error) {
	if len(files) == 0 {
		return nil, nil, errors.New("verify: no file was named")
	}
	var infos []*rawInfo
	var p part
	for _, path := range files {
		info, err := f.inspectRaw(path, venue)
		if err != nil {
			return nil, nil, err
		}
		if len(infos) > 0 && info.venue != infos[0].venue {
			return nil, nil, fmt.Errorf("verify: %s is of %s and %s of %s: verify one stream at a time",
				infos[0].path, infos[0].segment, path, info.segment)
		}
		for _, o := range info.symbols {
			if o.worth.IsZero() { // what sizes are worth is not looked at
				o.worth = decimal.NewFromInt(1)
			}
		}
		infos = append(infos, info)
		p.observed = append(p.observed, info.symbols...)
	}
	u, err := universeOf(combine([]*part{&p}))
	return infos, u, err
}

// checker holds the state of a verification, by instrument.
type checker struct {
	report  *Report
	markets []*checked
}

func (c *checker) file(r *Raw) error {
	defer r.Close()
	r.ignored = func(frame []byte) { c.ignoredTrade(r, frame) }
	var ev exchange.Event
	var err error
	for err = r.Next(&ev); err == nil; err = r.Next(&ev) {
		c.event(r, &ev)
	}
	c.collect(r)
	if errors.Is(err, io.EOF) {
		return nil
	}
	c.report.problem(place{r.info.path, r.Line()}, "%v", err)
	return err
}

func (c *checker) collect(r *Raw) {
	s := r.Stats()
	c.report.Messages += s.Messages
	c.report.Ignored += s.Ignored + s.Unknown
	c.report.Malformed += s.Malformed
	c.report.Clamped += s.Clamped
	for _, p := range s.Problems {
		c.report.problem(place{p.File, p.Line}, "%s", p.What)
	}
}

func (c *checker) event(r *Raw, ev *exchange.Event) {
	m, at := c.markets[ev.Instrument], place{r.info.path, r.Line()}
	switch ev.Kind {
	case exchange.KindDiff:
		c.report.Depth++
		m.diff(c.report, ev, at)
	case exchange.KindSnapshot:
		c.report.Snapshots++
		m.snapshot(c.report, ev, at)
	case exchange.KindTicker:
		c.report.Tickers++
		m.ticker(c.report, ev, at)
	case exchange.KindTrade:
		c.report.Trades++
		aggregate := r.info.format.Aggregate(r.frame)
		m.trade(c.report, ev.ID, aggregate, at)
		if !aggregate {
			m.fair(c.report, ev, at)
		}
		m.torn.trade(ev)
		m.absolve(c.report)
	case exchange.KindGap:
		m.book.Apply(ev)
		m.shadow.Apply(ev)
		if m.ids.Snapshots {
			m.last = 0 // what follows follows a snapshot
		}
	default:
		c.report.Ignored++
	}
}

// ignoredTrade follows the ids of trades that did not happen in the book (the
// insurance fund's, for one): they take numbers too.
func (c *checker) ignoredTrade(r *Raw, frame []byte) {
	symbol, id, ok := r.info.format.SkippedTrade(frame)
	if in := r.bySymbol[symbol]; ok && in != nil {
		c.markets[in.ID].trade(c.report, id, false, place{r.info.path, r.Line()})
	}
}

func (c *checker) finish() {
	for _, m := range c.markets {
		m.finish(c.report)
	}
	if c.report.Samples == 0 {
		c.report.problem(place{file: strings.Join(c.report.Files, " ")}, "nothing was compared: %s", c.report.whyNothing())
	}
}
