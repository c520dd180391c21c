package core

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// chartist is a strategy that declares bars and notes those it is shown.
type chartist struct {
	script
	lengths []exchange.Time
	shown   []shownBar
	reads   bool
}

type shownBar struct {
	at exchange.Time // when it was shown
	in exchange.InstrumentID
	exchange.Bar
}

func (c *chartist) Bars() []exchange.Time { return c.lengths }
func (c *chartist) UsesBars() bool        { return c.reads }

func newChartist(lengths ...exchange.Time) *chartist {
	c := &chartist{lengths: lengths}
	c.name, c.subs, c.wants = "chartist", []string{"*"}, map[Handler]bool{OnBar: true}
	c.call = func(p *Port, n *Callback) error {
		b := n.Event.Bar
		if list := p.Bars(n.Instrument, b.Interval); !slices.Contains(list, b) {
			return fmt.Errorf("%v is shown and not among the bars", b)
		}
		c.shown = append(c.shown, shownBar{p.Now(), n.Instrument, b})
		return nil
	}
	return c
}

// tape is public trades, and what a loop does with them: at equal times data
// comes before timers, and timers come at their time.
type tape []exchange.Event

func (tp tape) play(t testing.TB, c *Core, until exchange.Time) {
	t.Helper()
	step := func(ev exchange.Event) {
		var fx []Effect
		c.Step(&ev, &fx)
		for _, line := range bodies[*LogLine](fx) {
			if line.Level == intent.Error {
				t.Fatal(line.Text)
			}
		}
	}
	timers := func(before exchange.Time) {
		for at, ok := c.NextTimer(); ok && at < before; at, ok = c.NextTimer() {
			step(exchange.Event{Kind: exchange.KindTimer, Instrument: exchange.NoInstrument, Time: at})
		}
	}
	for _, ev := range tp {
		timers(ev.Time)
		step(ev)
	}
	timers(until + 1)
}

func begin(t testing.TB, cfg Config, at exchange.Time, strategies ...Strategy) *Core {
	t.Helper()
	cfg.Universe = universe(t)
	c, err := New(cfg, strategies, nil)
	if err != nil {
		t.Fatal(err)
	}
	tape{{Kind: exchange.KindCommand, Instrument: exchange.NoInstrument, Name: CommandStart, Time: at}}.play(t, c, at-1)
	return c
}

// drawTape returns trades of three instruments that come alone, in bursts at one
// moment, at the very end of intervals, and after long silences.
func drawTape(t *rapid.T, from exchange.Time) tape {
	var out tape
	at := from
	for range rapid.IntRange(0, 120).Draw(t, "trades") {
		switch rapid.IntRange(0, 5).Draw(t, "gap") {
		case 0: // the same moment
		case 1:
			at = (at/exchange.Minute + 1) * exchange.Minute
		case 2:
			at += exchange.Time(rapid.IntRange(0, 9).Draw(t, "minutes")) * exchange.Minute
		default:
			at += exchange.Time(rapid.Int64Range(0, int64(40*exchange.Second)).Draw(t, "ns"))
		}
		out = append(out, exchange.Event{Kind: exchange.KindTrade, Time: at, Instrument: exchange.InstrumentID(rapid.IntRange(0, 2).Draw(t, "in")),
			Price: exchange.Ticks(rapid.Int64Range(90, 110).Draw(t, "price")), Qty: exchange.Lots(rapid.Int64Range(1, 1000).Draw(t, "qty")), Side: rapid.SampledFrom([]exchange.Side{exchange.Buy, exchange.Sell}).Draw(t, "side")})
	}
	return out
}

// chart is the bars of one instrument and length, computed from all trades at
// once: interval by interval, from the first whole one.
func chart(tp tape, in *exchange.Instrument, length, from, until exchange.Time) (out []exchange.Bar) {
	var last exchange.Ticks
	open := from / length * length
	for ; open+length <= until; open += length {
		b := exchange.Bar{Interval: length, Time: open + length, Flow: exchange.Flow{Known: exchange.FlowAll}}
		var lots, taken exchange.Lots
		for _, ev := range tp {
			if ev.Instrument != in.ID || ev.Time < open || ev.Time >= open+length {
				continue
			}
			if lots == 0 {
				b.Open, b.High, b.Low = ev.Price, ev.Price, ev.Price
			}
			b.High, b.Low, b.Close, last = max(b.High, ev.Price), min(b.Low, ev.Price), ev.Price, ev.Price
			lots += ev.Qty
			if ev.Side == exchange.Buy {
				taken += ev.Qty
			}
			b.Trades++
			b.Quote += in.NotionalFloat(ev.Price, ev.Qty)
		}
		b.TakerBuy = in.QtyFloat(taken)
		if lots == 0 {
			b.Open, b.High, b.Low, b.Close = last, last, last, last
		}
		b.Volume = in.QtyFloat(lots)
		if open >= from && last != 0 {
			out = append(out, b)
		}
	}
	return out
}

// Every bar is what its interval's trades say, at each of several lengths at once,
// and is shown at the moment it closes, after all trades of earlier moments.
func TestBarsAreWhatTradesSay(t *testing.T) {
	lengths := []exchange.Time{exchange.Second * 15, exchange.Minute, 5 * exchange.Minute, exchange.Hour}
	rapid.Check(t, func(rt *rapid.T) {
		from := exchange.Date(2026, 1, 5) + exchange.Time(rapid.SampledFrom([]int{0, 1, 59_999, 3_600_000 - 1, 90_000}).Draw(rt, "from"))*exchange.Millisecond
		tp := drawTape(rt, from)
		until := from + exchange.Hour
		if len(tp) > 0 {
			until = tp[len(tp)-1].Time + exchange.Time(rapid.Int64Range(0, int64(exchange.Hour)).Draw(rt, "more"))
		}
		s := newChartist(lengths...)
		c := begin(t, Config{}, from, s)
		tp.play(t, c, until)
		for _, in := range c.Universe().All() {
			for _, length := range lengths {
				var got []exchange.Bar
				for _, b := range s.shown {
					if b.in == in.ID && b.Interval == length {
						got = append(got, b.Bar)
					}
				}
				if want := chart(tp, in, length, from, until); !slices.Equal(got, want) {
					rt.Fatalf("%s %s:\n got %v\nwant %v", in.Key(), exchange.BarLength(length), got, want)
				}
			}
		}
		for i, b := range s.shown {
			if b.at != b.Time {
				rt.Fatalf("the bar that closes at %v is shown at %v", b.Time, b.at)
			}
			if i > 0 && b.at == s.shown[i-1].at && b.Interval < s.shown[i-1].Interval {
				rt.Fatalf("at %v a bar of %s comes after one of %s", b.at, exchange.BarLength(b.Interval), exchange.BarLength(s.shown[i-1].Interval))
			}
		}
	})
}

// A loop that is late shows a bar before what came after its end.
func TestALateLoopShowsTheBarFirst(t *testing.T) {
	from := exchange.Date(2026, 1, 5)
	s := newChartist(exchange.Minute)
	c := begin(t, Config{}, from, s)
	var fx []Effect
	for _, at := range []exchange.Time{10 * exchange.Second, 61 * exchange.Second, 200 * exchange.Second} {
		c.Step(&exchange.Event{Kind: exchange.KindTrade, Time: from + at, Price: exchange.Ticks(at / exchange.Second), Qty: 1}, &fx)
	}
	if len(s.shown) != 3 || s.shown[0].Close != 10 || s.shown[1].Close != 61 || s.shown[2].Volume != 0 || s.shown[2].Open != 61 {
		t.Fatalf("%+v", s.shown)
	}
}

// A machine that slept for a month is not shown the bars of that month.
func TestALongSleepIsLeftOut(t *testing.T) {
	from := exchange.Date(2026, 1, 5)
	s := newChartist(exchange.Second)
	c := begin(t, Config{}, from, s)
	var fx []Effect
	for _, at := range []exchange.Time{0, 30 * exchange.Day} {
		c.Step(&exchange.Event{Kind: exchange.KindTrade, Time: from + at, Price: 100, Qty: 1}, &fx)
	}
	told := slices.ContainsFunc(bodies[*LogLine](fx), func(l *LogLine) bool { return strings.Contains(l.Text, "left out") })
	if len(s.shown) > 1001 || !told {
		t.Fatalf("%d bars, told %v", len(s.shown), told)
	}
}

// Bars of bars: 1h to 4h. The first interval is left out when it was seen in part,
// a hole within one is no reason to be silent, and an interval of which nothing is
// known has none.
func TestBarsOfBars(t *testing.T) {
	from := exchange.Date(2026, 1, 5)
	s := newChartist(4*exchange.Hour, exchange.Hour)
	c := begin(t, Config{Bars: func(*exchange.Instrument) exchange.Time { return exchange.Hour }, NoTrades: true}, from+2*exchange.Hour, s)
	var tp tape
	for _, hour := range []exchange.Time{3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 22, 23, 24} {
		p := exchange.Ticks(100 + hour)
		tp = append(tp, exchange.Event{Kind: exchange.KindBar, Instrument: 1, Time: from + hour*exchange.Hour, VenueTime: from + hour*exchange.Hour,
			Bar: exchange.Bar{Open: p - 1, High: p + 5, Low: p - 5, Close: p, Volume: float64(hour), Interval: exchange.Hour}})
	}
	tp.play(t, c, from+30*exchange.Hour)
	var four []string
	hours := 0
	for _, b := range s.shown {
		if b.Interval == exchange.Hour {
			hours++
			continue
		}
		four = append(four, fmt.Sprintf("%d: %d %d %d %d %g", (b.Time-from)/exchange.Hour, b.Open, b.High, b.Low, b.Close, b.Volume))
	}
	want := []string{"8: 104 113 100 108 26", "12: 108 117 104 112 31", "16: 112 120 108 115 42", "24: 121 129 117 124 69"}
	if !slices.Equal(four, want) || hours != len(tp) {
		t.Errorf("%d of an hour, of four:\n%s\nwant\n%s", hours, strings.Join(four, "\n"), strings.Join(want, "\n"))
	}
}

// A market that brings bars and trades: finer bars than it brings are built.
func TestFinerBarsThanTheMarketBrings(t *testing.T) {
	from := exchange.Date(2026, 1, 5)
	s := newChartist(15*exchange.Second, exchange.Minute)
	c := begin(t, Config{Bars: func(*exchange.Instrument) exchange.Time { return exchange.Minute }}, from, s)
	tape{
		{Kind: exchange.KindTrade, Time: from + exchange.Second, Price: 100, Qty: 1},
		{Kind: exchange.KindBar, Time: from + 61*exchange.Second, VenueTime: from + exchange.Minute, Bar: exchange.Bar{Open: 1, High: 4, Low: 1, Close: 3, Volume: 9, Interval: exchange.Minute}},
	}.play(t, c, from+62*exchange.Second)
	var got []string
	for _, b := range s.shown {
		got = append(got, fmt.Sprintf("%s %g", exchange.BarLength(b.Interval), b.Volume))
	}
	if want := "15s 1e-05 15s 0 15s 0 15s 0 1m 9"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// Without a declared length a strategy gets the market's bars, and minutes where
// it brings none; without a use for any, none are built.
func TestBarsByDefault(t *testing.T) {
	from := exchange.Date(2026, 1, 5)
	idle := &chartist{}
	idle.name, idle.wants = "idle", map[Handler]bool{OnTimer: true}
	reader := &chartist{reads: true}
	reader.name, reader.wants = "reader", map[Handler]bool{OnTimer: true}
	for _, c := range []struct {
		s    *chartist
		want int
	}{{newChartist(), 2}, {idle, 0}, {reader, 2}} {
		core := begin(t, Config{}, from, c.s)
		tape{{Kind: exchange.KindTrade, Time: from, Price: 100, Qty: 1}}.play(t, core, from+2*exchange.Minute)
		if n := len(core.markets.list[0].list(exchange.Minute)); n != c.want {
			t.Errorf("%s: %d bars, want %d", c.s.name, n, c.want)
		}
		if at, ok := core.NextTimer(); ok != (c.want > 0) {
			t.Errorf("%s: a timer at %v: %v", c.s.name, at, ok)
		}
	}
}

// A new version that declares a longer bar has what the shorter ones tell.
func TestAReloadLearnsFromShorterBars(t *testing.T) {
	from := exchange.Date(2026, 1, 5)
	s, next := newChartist(exchange.Minute), newChartist(exchange.Minute, 5*exchange.Minute)
	s.next = next
	c := begin(t, Config{}, from, s)
	var tp tape
	for i := range exchange.Time(13 * 4) {
		tp = append(tp, exchange.Event{Kind: exchange.KindTrade, Time: from + i*15*exchange.Second, Price: exchange.Ticks(100 + i%7), Qty: exchange.Lots(i + 1), Side: exchange.Sell})
	}
	early, late := tp[:49], tp[49:]
	early.play(t, c, early[len(early)-1].Time)
	tape{{Kind: exchange.KindReload, Instrument: exchange.NoInstrument, Time: c.now, Reload: &exchange.Reload{}}}.play(t, c, c.now)
	late.play(t, c, from+16*exchange.Minute)
	in := c.Universe().Get(0)
	got, want := c.markets.list[0].list(5*exchange.Minute), chart(tp, in, 5*exchange.Minute, from, from+16*exchange.Minute)
	if len(got) != len(want) {
		t.Fatalf("%d bars of five minutes, want %d", len(got), len(want))
	}
	for i := range got {
		g, w := got[i], want[i]
		if d := g.Volume - w.Volume; d > 1e-12 || d < -1e-12 {
			t.Errorf("volume %v, want %v", g.Volume, w.Volume)
		}
		if d := g.Quote - w.Quote; d > 1e-12 || d < -1e-12 {
			t.Errorf("quote volume %v, want %v", g.Quote, w.Quote)
		}
		g.Volume, g.Quote = w.Volume, w.Quote
		if g != w {
			t.Errorf("got %+v\nwant %+v", g, w)
		}
	}
	if n := len(next.shown); n != 4+1 {
		t.Errorf("%d bars were shown to the new version", n)
	}
}

// A session that goes on is told what was under way; then it is as if it had
// never stopped.
func TestBarsSurviveARestart(t *testing.T) {
	lengths := []exchange.Time{exchange.Minute, 5 * exchange.Minute}
	rapid.Check(t, func(rt *rapid.T) {
		from := exchange.Date(2026, 1, 5)
		tp := drawTape(rt, from)
		cut := rapid.IntRange(0, len(tp)).Draw(rt, "cut")
		at := from + exchange.Second
		if cut > 0 {
			at = tp[cut-1].Time
		}
		until := at + 20*exchange.Minute
		for len(tp) > cut && tp[cut].Time == at {
			cut++
		}
		if len(tp) > cut {
			until = max(until, tp[len(tp)-1].Time)
		}
		whole := newChartist(lengths...)
		tp.play(t, begin(t, Config{}, from, whole), until)

		first := newChartist(lengths...)
		c := begin(t, Config{}, from, first)
		tp[:cut].play(t, c, at)
		again := newChartist(lengths...)
		d, err := New(Config{Universe: universe(t)}, []Strategy{again}, nil)
		if err != nil {
			t.Fatal(err)
		}
		prelude := tape{}
		for _, ev := range c.RecallBars() {
			ev.Time = at
			prelude = append(prelude, ev)
		}
		prelude = append(prelude, exchange.Event{Kind: exchange.KindCommand, Instrument: exchange.NoInstrument, Name: CommandStart, Time: at})
		prelude.play(t, d, at-1)
		tp[cut:].play(t, d, until)
		if got := append(first.shown, again.shown...); !slices.Equal(got, whole.shown) {
			rt.Fatalf("cut at %v:\n got %v\nwant %v", at, got, whole.shown)
		}
	})
}
