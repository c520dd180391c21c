package record

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// playing is a history on its way to being a feed.
type playing struct {
	*History
	opts     HistoryOptions
	look     displayed
	observed []*observed // of the symbols that are played
	stats    HistoryStats
	notes    []string
}

// part makes the feed once the universe can be known.
func (h *History) part(opts HistoryOptions) (*part, error) {
	look, err := opts.displayed()
	if err != nil {
		return nil, err
	}
	if err := h.checkSymbols(opts.Symbols); err != nil {
		return nil, err
	}
	p := &playing{History: h, opts: opts, look: look}
	lengths := map[string]exchange.Time{}
	for _, o := range h.observed {
		if want(opts.Symbols).all(o) {
			p.observed = append(p.observed, o)
			lengths[o.fullKey()] = h.bars[o.fullKey()].interval
		}
	}
	var feed *history
	return &part{
		observed: p.observed, bars: lengths,
		open: func(u *exchange.Universe) (_ exchange.Feed, err error) {
			feed, err = p.feed(u)
			return feed, err
		},
		describe: p.describe,
		stats: func() Stats {
			s := h.stats
			s.Problems = slices.Clone(s.Problems)
			s.Messages, s.History = feed.count, feed.report()
			return s
		},
	}, nil
}

func (p *playing) feed(u *exchange.Universe) (*history, error) {
	h := &history{look: p.look, to: endOfTime}
	legs := map[exchange.InstrumentID]*leg{}
	for _, in := range u.All() {
		o := p.played(in)
		if o == nil {
			continue
		}
		unit, err := tickUnit(in)
		if err != nil {
			return nil, err
		}
		legs[in.ID] = &leg{in: in, unit: unit, series: p.bars[o.fullKey()]}
		if o.like != nil {
			legs[in.ID].stands, legs[in.ID].worse = true, o.said.worseBP/1e4
		}
		h.legs = append(h.legs, legs[in.ID])
	}
	for _, lg := range h.legs {
		if lg.in.Perp() {
			h.perps = append(h.perps, p.perp(lg))
		}
	}
	for _, pair := range u.Pairs(exchange.Perpetuals(exchange.Linear)) {
		for _, pp := range h.perps {
			if pp.in == pair.Perp {
				pp.spot = legs[pair.Spot.ID]
			}
		}
	}
	if p.opts.To != 0 {
		h.to = p.opts.To
	}
	p.findLacks(h)
	h.seek(p.opts.From)
	h.stats = p.stats
	return h, nil
}

// played is what was seen of an instrument that is played; nil: it is not.
func (p *playing) played(in *exchange.Instrument) *observed {
	for _, o := range p.observed {
		if o.venue == in.Venue && o.symbol == in.Symbol {
			return o
		}
	}
	return nil
}

// signed is what an instrument's random signs are made from: of the default house its
// symbol alone.
func (p *playing) signed(in *exchange.Instrument) string {
	if in.Venue.House() == p.formats[0].House() {
		return in.Symbol
	}
	return in.FullKey()
}

// tickUnit is one tick in 1e-8.
func tickUnit(in *exchange.Instrument) (exchange.E8, error) {
	unit := exchange.E8FromDecimal(in.Tick.Decimal(1))
	if !unit.Decimal().Equal(in.Tick.Decimal(1)) {
		return 0, fmt.Errorf("history: %s has a tick of %s; bars are kept in 1e-8", in.Key(), in.Tick)
	}
	return unit, nil
}

func (p *playing) perp(lg *leg) *perp {
	key := lg.in.FullKey()
	out := &perp{in: lg.in, leg: lg, mark: p.marks[key]}
	if out.mark == nil {
		p.stats.NoMark++
		p.notes = append(p.notes, lg.in.Key()+" has no mark file: its mark is its own close")
	}
	f, ok := p.funding[key]
	if len(f) == 0 {
		p.stats.NoFunding++
		if !ok {
			p.notes = append(p.notes, lg.in.Key()+" has no funding file: it pays no funding")
		}
		return out
	}
	p.countFunding(f)
	if p.opts.ShiftFunding != 0 || p.opts.RandomSign != 0 {
		f = slices.Clone(f)
	}
	if p.opts.ShiftFunding != 0 {
		shiftRates(f, p.opts.ShiftFunding)
	}
	if p.opts.RandomSign != 0 {
		flipRates(f, p.signed(lg.in), p.opts.RandomSign)
	}
	out.funding = f
	return out
}

func (p *playing) countFunding(f []settlement) {
	for _, s := range f {
		if s.at != s.venue {
			p.stats.FundingMoved++
		}
	}
}

// findLacks finds the holes of every file in the time that is played.
func (p *playing) findLacks(h *history) {
	from := p.opts.From
	add := func(key, kind string, spans []span) {
		if len(spans) > 0 {
			h.lacks = append(h.lacks, lack{key, kind, spans})
		}
	}
	for _, lg := range h.legs {
		if !lg.stands {
			add(lg.in.Key(), "bars", lg.spans(from, h.to))
		}
		h.close = max(h.close, lg.series.close(len(lg.bars)-1))
	}
	for _, pp := range h.perps {
		if pp.mark != nil && !pp.leg.stands {
			add(pp.in.Key(), "marks", pp.mark.within(pp.leg.series, from, h.to))
		}
		add(pp.in.Key(), "settlements", fundingSpans(pp.funding, pp.leg.series, from, h.to))
	}
}

func (p *playing) describe() []string {
	out := []string{
		fmt.Sprintf("bar history %s: %d markets", p.History.dir, len(p.observed)),
		fmt.Sprintf("books are made from bars at their close: spread %.4g bp, %d levels a side %.4g bp apart, together showing %.4g%% of the bar's volume a side",
			p.look.spread*1e4, p.look.levels, p.look.gap*1e4, p.look.participation*100),
		"the running funding estimate is not in the data: the last settled rate stands in for it",
		"what closes at one time is one instant: funding is settled on the positions held before it, bars are gone through from open to close, and only then a strategy sees any of it",
	}
	out = append(out, p.standing()...)
	if n := p.opts.ShiftFunding; n != 0 {
		out = append(out, fmt.Sprintf("VALIDITY TEST: funding rates are shifted by %d settlements", n))
	}
	if s := p.opts.RandomSign; s != 0 {
		out = append(out, fmt.Sprintf("VALIDITY TEST: funding rates have random signs (seed %d)", s))
	}
	notes := slices.Concat(p.History.notes, p.notes)
	sort.Strings(notes)
	return append(out, notes...)
}

// standing says whose prices stand in for whose.
func (p *playing) standing() (out []string) {
	for _, of := range p.places {
		var keys []string
		for _, o := range p.observed {
			if o.like != nil && o.venue.House() == of.house {
				keys = append(keys, o.symbol)
			}
		}
		if len(keys) == 0 {
			continue
		}
		out = append(out, fmt.Sprintf("%s has no prices of its own here: bars and marks of %s stand in for %s, each side of its book %g bp worse; what the prices of the two differ by, and how that moves, is not in the result",
			of.house, of.said.pricesOf, strings.Join(keys, ", "), of.said.worseBP))
		if of.format == nil {
			_, taker := of.said.fees(usualMaker, usualTaker)
			out = append(out, fmt.Sprintf("nobody here trades on %s: research only, at a taker fee of %s", of.house, percentage(taker)))
		}
	}
	return out
}
