package record

import (
	"fmt"
	"sort"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
)

// loader reads a history directory into memory: 48 bytes a bar, 2 MB for five
// years of hours.
type loader struct {
	dir      string
	opts     HistoryOptions
	files    [roles]map[string]string
	wanted   wanted
	stats    Stats
	hist     HistoryStats
	notes    []string
	observed []*observed
	bars     map[string]*series // by instrument key
}

// openHistory loads a history directory.
func openHistory(dir string, opts HistoryOptions) (*part, error) {
	look, err := opts.displayed()
	if err != nil {
		return nil, err
	}
	files, unused, ok, err := historyFiles(dir)
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	if !ok {
		return nil, fmt.Errorf("%s is no bar history: want folders spot…, perp… or klines… (and mark…, funding…) with SYMBOL.csv or .csv.gz", dir)
	}
	l := &loader{dir: dir, opts: opts, files: files, wanted: want(opts.Symbols), bars: map[string]*series{}}
	if len(unused) > 0 {
		l.notes = append(l.notes, notUsed(dir, unused))
	}
	if err := l.checkSymbols(); err != nil {
		return nil, err
	}
	if err := l.loadLegs(spotBars, api.Spot); err != nil {
		return nil, err
	}
	if err := l.loadLegs(perpBars, api.USDM); err != nil {
		return nil, err
	}
	if len(l.observed) == 0 {
		return nil, fmt.Errorf("history %s has no bars that can be played: %s", dir, l.stats.Problems[0])
	}
	return l.part(look), nil
}

// checkSymbols refuses a symbol that has no bars, rather than run without it.
func (l *loader) checkSymbols() error {
	for _, s := range l.opts.Symbols {
		market, symbol, keyed := strings.Cut(exchange.Within(s, api.House), ":")
		if !keyed {
			market, symbol = "", s
		}
		_, spot := l.files[spotBars][symbol]
		_, perp := l.files[perpBars][symbol]
		if market == "spot" && spot || market == "usdm" && perp || market == "" && (spot || perp) {
			continue
		}
		return fmt.Errorf("history %s has no bars of %q; it has spot %s and usdm %s", l.dir, s,
			strings.Join(sortedKeys(l.files[spotBars]), " "), strings.Join(sortedKeys(l.files[perpBars]), " "))
	}
	return nil
}

func (l *loader) loadLegs(r role, m api.Market) error {
	for _, symbol := range sortedKeys(l.files[r]) {
		if !l.wanted.has(m, symbol) {
			continue
		}
		if m == api.USDM && !namedLinear(symbol) {
			why := "a history holds spot and linear perpetuals such as BTCUSDT, and this is named as a contract that is delivered or margined in coins"
			if len(l.wanted) > 0 {
				return fmt.Errorf("history: %s: %s", l.files[r][symbol], why)
			}
			l.stats.note(l.files[r][symbol], 0, why+": it was left out")
			continue
		}
		o := observe(m, symbol)
		s, err := loadBars(l.files[r][symbol], &l.stats, o)
		if err != nil {
			return fmt.Errorf("history: %w", err)
		}
		o.price.most, o.qty.most = min(o.price.most, 8), min(o.qty.most, 8)
		l.observed = append(l.observed, o)
		l.bars[m.String()+":"+symbol] = s
	}
	return nil
}

// part makes the feed once the universe can be known.
func (l *loader) part(look displayed) *part {
	var h *history
	lengths := map[string]exchange.Time{}
	for key, s := range l.bars {
		lengths[key] = s.interval
	}
	return &part{
		observed: l.observed, bars: lengths,
		open: func(u *exchange.Universe) (_ exchange.Feed, err error) {
			h, err = l.feed(u, look)
			return h, err
		},
		describe: func() []string { return l.describe(look) },
		stats: func() Stats {
			s := l.stats
			s.Messages, s.History = h.count, h.report()
			return s
		},
	}
}

func (l *loader) feed(u *exchange.Universe, look displayed) (*history, error) {
	h := &history{look: look, to: endOfTime}
	legs := map[exchange.InstrumentID]*leg{}
	for _, in := range u.All() {
		s := l.bars[in.Key()]
		if s == nil {
			continue
		}
		unit, err := tickUnit(in)
		if err != nil {
			return nil, err
		}
		legs[in.ID] = &leg{in: in, unit: unit, series: s}
		h.legs = append(h.legs, legs[in.ID])
	}
	for _, lg := range h.legs {
		if lg.in.Perp() {
			p, err := l.perp(lg)
			if err != nil {
				return nil, err
			}
			h.perps = append(h.perps, p)
		}
	}
	for _, pair := range u.Pairs(exchange.Perpetuals(exchange.Linear)) {
		for _, p := range h.perps {
			if p.in == pair.Perp {
				p.spot = legs[pair.Spot.ID]
			}
		}
	}
	if l.opts.To != 0 {
		h.to = l.opts.To
	}
	l.lacks(h)
	h.seek(l.opts.From)
	h.stats = l.hist
	return h, nil
}

// tickUnit is one tick in 1e-8.
func tickUnit(in *exchange.Instrument) (exchange.E8, error) {
	unit := exchange.E8FromDecimal(in.Tick.Decimal(1))
	if !unit.Decimal().Equal(in.Tick.Decimal(1)) {
		return 0, fmt.Errorf("history: %s has a tick of %s; bars are kept in 1e-8", in.Key(), in.Tick)
	}
	return unit, nil
}

func (l *loader) perp(lg *leg) (*perp, error) {
	p := &perp{in: lg.in, leg: lg}
	symbol := lg.in.Symbol
	if path, ok := l.files[markBars][symbol]; ok {
		s, err := loadBars(path, &l.stats, nil)
		if err != nil {
			return nil, fmt.Errorf("history: %w", err)
		}
		p.mark = s
	} else {
		l.hist.NoMark++
		l.notes = append(l.notes, lg.in.Key()+" has no mark file: its mark is its own close")
	}
	path, ok := l.files[fundingRates][symbol]
	if !ok {
		l.hist.NoFunding++
		l.notes = append(l.notes, lg.in.Key()+" has no funding file: it pays no funding")
		return p, nil
	}
	f, err := loadFunding(path, &l.stats)
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	if len(f) == 0 {
		l.hist.NoFunding++
		l.stats.note(path, 0, "there is no settlement in it: "+lg.in.Key()+" pays no funding")
	}
	l.countFunding(f)
	if l.opts.ShiftFunding != 0 {
		shiftRates(f, l.opts.ShiftFunding)
	}
	if l.opts.RandomSign != 0 {
		flipRates(f, symbol, l.opts.RandomSign)
	}
	p.funding = f
	return p, nil
}

func (l *loader) countFunding(f []settlement) {
	for _, s := range f {
		if s.at != s.venue {
			l.hist.FundingMoved++
		}
	}
}

// lacks finds the holes of every file in the time that is played.
func (l *loader) lacks(h *history) {
	from := l.opts.From
	add := func(key, kind string, spans []span) {
		if len(spans) > 0 {
			h.lacks = append(h.lacks, lack{key, kind, spans})
		}
	}
	for _, lg := range h.legs {
		add(lg.in.Key(), "bars", lg.spans(from, h.to))
		h.close = max(h.close, lg.series.close(len(lg.bars)-1))
	}
	for _, p := range h.perps {
		if p.mark != nil {
			add(p.in.Key(), "marks", p.mark.within(p.leg.series, from, h.to))
		}
		add(p.in.Key(), "settlements", fundingSpans(p.funding, p.leg.series, from, h.to))
	}
}

func (l *loader) describe(look displayed) []string {
	out := []string{
		fmt.Sprintf("bar history %s: %d markets", l.dir, len(l.observed)),
		fmt.Sprintf("books are made from bars at their close: spread %.4g bp, %d levels a side %.4g bp apart, together showing %.4g%% of the bar's volume a side",
			look.spread*1e4, look.levels, look.gap*1e4, look.participation*100),
		"the running funding estimate is not in the data: the last settled rate stands in for it",
		"what closes at one time is one instant: funding is settled on the positions held before it, bars are gone through from open to close, and only then a strategy sees any of it",
	}
	if n := l.opts.ShiftFunding; n != 0 {
		out = append(out, fmt.Sprintf("VALIDITY TEST: funding rates are shifted by %d settlements", n))
	}
	if s := l.opts.RandomSign; s != 0 {
		out = append(out, fmt.Sprintf("VALIDITY TEST: funding rates have random signs (seed %d)", s))
	}
	notes := append([]string(nil), l.notes...)
	sort.Strings(notes)
	return append(out, notes...)
}
