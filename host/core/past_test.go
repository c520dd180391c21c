package core

import (
	"fmt"
	"slices"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// pastBefore is an hour of candles and three settlements, up to a moment.
func pastBefore(at exchange.Time) *exchange.Past {
	p := &exchange.Past{}
	for n := exchange.Time(2); n >= 0; n-- {
		p.Settled = append(p.Settled, exchange.Settled{Time: at - 8*n*exchange.Hour, Rate: exchange.E8(100 - n), Hours: 8})
	}
	for n := exchange.Time(60); n > 0; n-- {
		p.Bars = append(p.Bars, exchange.Bar{Open: 10, High: 12, Low: 9, Close: 11, Volume: 1, Interval: exchange.Minute, Time: at - (n-1)*exchange.Minute})
	}
	return p
}

// What comes while strategies run stands before what was seen meanwhile; nobody is paid, no bar
// of it is shown, and who waits for it is told.
func TestThePastComesLater(t *testing.T) {
	start := exchange.Date(2026, 1, 5) + 8*exchange.Hour
	c, ch, told := lateCore(t)
	perp, ok := c.Universe().Find("usdm", "BTCUSDT")
	if !ok {
		t.Fatal("no perpetual")
	}
	var fx []Effect
	step := func(ev exchange.Event) []Effect {
		fx = fx[:0]
		c.Step(&ev, &fx)
		return fx
	}
	step(exchange.Event{Kind: exchange.KindCommand, Instrument: exchange.NoInstrument, Name: CommandStart, Time: start})
	if len(bodies[WantPast](fx)) != 1 || len(*told) != 0 {
		t.Fatalf("asked for %d pasts, told of %v", len(bodies[WantPast](fx)), *told)
	}
	for n := exchange.Time(1); n <= 7; n++ {
		at := start + n*exchange.Minute
		step(exchange.Event{Kind: exchange.KindBar, Instrument: perp.ID, Time: at, VenueTime: at, Bar: exchange.Bar{Open: 11, High: 11, Low: 11, Close: 11, Volume: 1, Interval: exchange.Minute}})
	}
	step(exchange.Event{Kind: exchange.KindFunding, Instrument: perp.ID, Time: start + 7*exchange.Minute, VenueTime: start, Rate: 100, Hours: 8})
	shown := len(ch.shown)
	step(exchange.Event{Kind: exchange.KindPast, Instrument: perp.ID, Time: start + 7*exchange.Minute, Past: pastBefore(start + 2*exchange.Minute)})
	if len(ch.shown) != shown {
		t.Error("bars of the past were shown")
	}
	m := &c.markets.list[perp.ID]
	if want := []string{"usdm:BTCUSDT true 4 65 12"}; !slices.Equal(*told, want) {
		t.Errorf("told %q, want %q", *told, want)
	}
	for i := 1; i < len(m.bars); i++ {
		if m.bars[i].Time != m.bars[i-1].Time+exchange.Minute {
			t.Fatalf("bar %d closed at %s, after that of %s", i, m.bars[i].Time, m.bars[i-1].Time)
		}
	}
	if len(bodies[*FundingPaid](fx)) != 0 {
		t.Error("funding of the past was paid")
	}
}

// lateCore has a strategy that looks back at its start and notes when it is told of a past, with
// how many rates and bars of a minute and five there are.
func lateCore(t *testing.T) (*Core, *chartist, *[]string) {
	told := &[]string{}
	ch := newChartist(exchange.Minute, 5*exchange.Minute)
	shown := ch.call
	ch.wants[OnPast], ch.wants[OnStart] = true, true
	ch.call = func(p *Port, n *Callback) error {
		perp, _ := p.Universe().Find("usdm", "BTCUSDT")
		switch n.Handler {
		case OnStart:
			if ready, why := p.Ready(perp.ID); ready || why == "" || len(p.Settled(perp.ID)) != 0 {
				return fmt.Errorf("ready: %v, %q", ready, why)
			}
			return nil
		case OnPast:
			ready, _ := p.Ready(n.Instrument)
			*told = append(*told, fmt.Sprint(p.Universe().Get(n.Instrument).FullKey(), " ", ready, " ", len(p.Settled(n.Instrument)), " ",
				len(p.Bars(n.Instrument, exchange.Minute)), " ", len(p.Bars(n.Instrument, 5*exchange.Minute))))
			return nil
		}
		return shown(p, n)
	}
	u := universe(t)
	c, err := New(Config{Universe: u, PastComes: true, Bars: func(*exchange.Instrument) exchange.Time { return exchange.Minute }}, []Strategy{ch}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c, ch, told
}

// A session whose past is all there tells of it at its start, after on_start.
func TestThePastIsToldAtTheStart(t *testing.T) {
	var calls []Handler
	st := &script{name: "one", subs: []string{"usdm:BTCUSDT"}, wants: map[Handler]bool{OnStart: true, OnPast: true}}
	st.call = func(p *Port, n *Callback) error {
		if ready, why := p.Ready(n.Instrument); n.Handler == OnPast && (!ready || why != "") {
			t.Errorf("not ready: %s", why)
		}
		calls = append(calls, n.Handler)
		return nil
	}
	c, err := New(Config{Universe: universe(t)}, []Strategy{st}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var fx []Effect
	c.Step(&exchange.Event{Kind: exchange.KindCommand, Instrument: exchange.NoInstrument, Name: CommandStart, Time: exchange.Second}, &fx)
	if !slices.Equal(calls, []Handler{OnStart, OnPast}) {
		t.Errorf("%v", calls)
	}
}
