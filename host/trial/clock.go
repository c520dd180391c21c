package trial

import (
	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
)

// advance lets time pass in every session of the test: timers are due, bars close, answers of
// the venue come, and funding settles where a rate is known.
func (f *runner) advance(rt *bindings.Runtime) int {
	d := rt.Arg(1).Duration()
	for _, s := range f.sessions(rt) {
		must(rt, s.market.pass(d))
	}
	return 0
}

func (f *runner) now(rt *bindings.Runtime) int {
	all := f.sessions(rt)
	return rt.PushNumber(bindings.Seconds(all[len(all)-1].stage.Now()))
}

// pass goes from settlement to settlement.
func (m *scripted) pass(d exchange.Time) error {
	end := m.s.stage.Now() + d
	for {
		at := m.settlement()
		if at == 0 || at > end {
			return m.s.stage.Advance(end - m.s.stage.Now())
		}
		if err := m.s.stage.Advance(at - m.s.stage.Now()); err != nil {
			return err
		}
		if err := m.settleDue(at); err != nil {
			return err
		}
	}
}

// settlement is when the next funding settles; 0: none does.
func (m *scripted) settlement() (at exchange.Time) {
	for _, one := range m.list {
		if t := one.told.NextFunding; one.rated && t > m.s.stage.Now() && (at == 0 || t < at) {
			at = t
		}
	}
	return at
}

func (m *scripted) settleDue(at exchange.Time) error {
	var events []exchange.Event
	for _, one := range m.list {
		if one.rated && one.told.NextFunding == at {
			events = append(events, one.settled(one.rate))
			if ev, ok := one.estimate(at); ok {
				events = append(events, ev)
			}
		}
	}
	return m.show(events)
}

func (one *scriptedOne) settled(rate exchange.E8) exchange.Event {
	return exchange.Event{Kind: exchange.KindFunding, Instrument: one.in.ID, Rate: rate, Mark: one.told.Mark, Hours: max(one.hours, 1)}
}

// settle settles a rate at once.
func (f *runner) settle(rt *bindings.Runtime) int {
	for _, l := range f.lists(rt, rt.Arg(1)) {
		one := l.s.market.list[l.in.ID]
		if !one.in.Perp() || one.told.Mark == 0 {
			rt.Raise("%s has no mark price that funding is paid on: push a book or a mark of a perpetual first", one.in.Key())
		}
		must(rt, l.s.market.show([]exchange.Event{one.settled(exchange.E8FromDecimal(rt.Arg(2).Decimal()))}))
	}
	return 0
}

// course is a candle that is to be shown.
type course struct {
	one    *scriptedOne
	length exchange.Time
	prices [4]exchange.Ticks
	volume exchange.Lots
}

// course reads a candle: its open, its low and high in the order that a fall or a rise has them,
// and its close.
func (m *scripted) course(one *scriptedOne, p bindings.Fields) course {
	c := course{one: one, length: exchange.Minute, volume: 4}
	if p.Has("length") {
		var err error
		if c.length, err = p.Get("length").BarLength(); err != nil {
			p.Get("length").Fail("%v", err)
		}
	}
	price := func(name, other string) exchange.Ticks {
		if !p.Has(name) {
			name = other
		}
		return exchange.Ticks(one.in.Tick.Floor(p.Get(name).Positive()))
	}
	last := price("close", "close")
	open := price("open", "close")
	high, low := max(price("high", "close"), open, last), min(price("low", "close"), open, last)
	if p.Has("volume") {
		c.volume = max(c.volume, exchange.Lots(one.in.Lot.Floor(p.Get("volume").Positive())))
	}
	c.prices = [4]exchange.Ticks{open, low, high, last}
	if last < open {
		c.prices[1], c.prices[2] = high, low
	}
	return c
}

// candles shows candles of one length as trades and books, within the time that they take,
// which passes.
func (m *scripted) candles(list []course) error {
	length, now := list[0].length, m.s.stage.Now()
	end := (now/length + 1) * length
	step := (end - now) / 5
	for i := range list[0].prices {
		var events []exchange.Event
		for _, c := range list {
			events = append(events, c.one.around(c.prices[i]), c.one.print(c.prices[i], share(c.volume, i)))
			if ev, ok := c.one.estimate(m.s.stage.Now()); ok && c.one.in.Perp() {
				events = append(events, ev)
			}
		}
		if err := m.show(events); err != nil {
			return err
		}
		if err := m.pass(step); err != nil {
			return err
		}
	}
	return m.pass(end - m.s.stage.Now())
}

// share is a quarter of a volume; the last one has what is left.
func share(volume exchange.Lots, i int) exchange.Lots {
	if i == 3 {
		return volume - 3*(volume/4)
	}
	return volume / 4
}

// around is a book a tick on each side of a price.
func (one *scriptedOne) around(at exchange.Ticks) exchange.Event {
	one.updates++
	one.book = exchange.Event{Kind: exchange.KindSnapshot, Instrument: one.in.ID, PrevID: -1, LastID: one.updates,
		Bids: one.levels(max(at-1, 1), -1, one.usual(at)), Asks: one.levels(max(at, 1)+1, 1, one.usual(at))}
	return one.book
}

func (one *scriptedOne) print(at exchange.Ticks, qty exchange.Lots) exchange.Event {
	one.trades++
	return exchange.Event{Kind: exchange.KindTrade, Instrument: one.in.ID, ID: one.trades, Price: at, Qty: qty, Side: exchange.Buy}
}
