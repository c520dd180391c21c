package core

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/goldentest"
	"github.com/perilune/perilune/exchange/intent"
)

// delayPlayer is a core on two markets of a house, whose messages come as late as the
// scenario says.
type delayPlayer struct {
	*goldentest.Scenario
	*bench
	s      *asks
	from   exchange.Time
	orders map[string]*exchange.Order
	trades int
}

func TestDelayScenarios(t *testing.T) {
	goldentest.Play(t, "testdata/delay/*.txt", func(s *goldentest.Scenario) goldentest.Player {
		return &delayPlayer{Scenario: s, s: newAsks(), orders: map[string]*exchange.Order{}}
	})
}

func (p *delayPlayer) begin(limit exchange.Time) {
	var list []exchange.Instrument
	for _, in := range universe(p).All()[:2] {
		x := *in
		x.Venue = "north." + in.Venue
		list = append(list, x)
	}
	u, err := exchange.NewUniverse(list)
	if err != nil {
		p.Fatalf("%v", err)
	}
	cfg := Config{Universe: u, SampleEvery: exchange.Day}
	cfg.Limits.MaxFeedLatency, cfg.Limits.StaleAfter = limit, exchange.Hour
	c, err := New(cfg, []Strategy{p.s}, nil)
	if err != nil {
		p.Fatalf("%v", err)
	}
	p.bench = &bench{t: p, core: c, now: exchange.Date(2026, 1, 5)}
	p.from = p.now
	for _, in := range u.All() {
		p.step(exchange.Event{Kind: exchange.KindBalance, Wallet: in.Wallet, Asset: "USDT", Amount: decimal.NewFromInt(100000)})
	}
	p.book(spotBTC, 6000000, 6000001, 1000000)
	p.book(perpBTC, 600000, 600001, 1000000)
}

// Command implements goldentest.Player.
func (p *delayPlayer) Command(words []string) {
	instruments := map[string]exchange.InstrumentID{"spot": spotBTC, "perp": perpBTC}
	switch words[0] {
	case "limit":
		p.begin(p.span(words[1]))
	case "clock": // clock ahead 300ms
		p.tell(p.step(exchange.Event{Kind: exchange.KindClock, Instrument: exchange.NoInstrument, Name: "north", ID: int64(p.span(words[2]))}))
	case "caught":
		p.tell(p.step(exchange.Event{Kind: exchange.KindCommand, Instrument: exchange.NoInstrument, Name: CommandCaughtUp}))
	case "data": // data perp 40 late 20ms
		n, err := strconv.Atoi(words[2])
		if err != nil {
			p.Fatalf("%v", err)
		}
		for range n {
			p.now += 100 * exchange.Millisecond
			p.tell(p.update1(instruments[words[1]], p.span(words[4])))
		}
	case "buy", "sell": // buy 0.01 perp
		in := p.core.Universe().Get(instruments[words[2]])
		side, price := exchange.Buy, exchange.Ticks(600001)
		if words[0] == "sell" {
			side, price = exchange.Sell, 600000
		}
		p.ask(limit(in.ID, side, price, exchange.Lots(in.Lot.Floor(decimal.RequireFromString(words[1])))))
	case "pair":
		p.ask(func(port *Port) error {
			_, err := port.OpenPair(intent.PairRequest{Spot: spotBTC, Perp: perpBTC, Notional: decimal.RequireFromString(words[1]), Level: 1})
			if err != nil {
				p.Say(p.now-p.from, "not opened: %v", err)
			}
			return nil
		})
	case "cancel":
		id := p.orders[words[1]].ID
		p.ask(func(port *Port) error { port.Cancel(id); return nil })
	case "fill":
		p.trades++
		o := p.orders[words[1]]
		p.tell(p.filled(o, o.Qty, strconv.Itoa(p.trades)))
	case "expire":
		o := p.orders[words[1]]
		p.tell(p.update(o, exchange.StatusExpired, 0))
	case "latency":
		for _, l := range p.core.FeedLatencies() {
			p.Say(p.now-p.from, "%s %s: %d messages, %d from the future, p50 %s p99 %s max %s", l.Venue, l.Stream, l.Messages, l.Early, milliseconds(l.P50), milliseconds(l.P99), milliseconds(l.Max))
		}
	default:
		p.Fatalf("unknown command %q", words[0])
	}
}

func (p *delayPlayer) span(text string) exchange.Time {
	d, err := time.ParseDuration(text)
	if err != nil {
		p.Fatalf("%v", err)
	}
	return exchange.Time(d)
}

// update1 is one update of a book that was under way for so long.
func (p *delayPlayer) update1(id exchange.InstrumentID, late exchange.Time) []Effect {
	return p.step(exchange.Event{Kind: exchange.KindTicker, Instrument: id, VenueTime: p.now - late, Price: 600000, Price2: 600001, Qty: 1, Qty2: 1})
}

// ask has the strategy do something at a book that is of no time of the venue's.
func (p *delayPlayer) ask(f func(*Port) error) { p.tell(p.do(p.s, f)) }

func (p *delayPlayer) tell(fx []Effect) {
	for i := range fx {
		switch b := fx[i].Body.(type) {
		case Submit:
			p.orders[strconv.FormatUint(uint64(b.Order.ID), 10)] = b.Order
			reduce := ""
			if b.Order.ReduceOnly {
				reduce = " reduce-only"
			}
			p.Say(p.now-p.from, "order %d: %s %s %s%s", b.Order.ID, b.Order.Side, p.core.Universe().Get(b.Order.Instrument).QtyDecimal(b.Order.Qty), p.core.Universe().Get(b.Order.Instrument).Key(), reduce)
		case Cancel:
			p.Say(p.now-p.from, "cancel %d", b.Order.ID)
		case OrderChanged:
			if b.Order.Status == exchange.StatusDenied {
				p.Say(p.now-p.from, "denied: %s", strings.TrimPrefix(b.Order.Reason, "risk: "))
			}
		case PairChanged:
			p.Say(p.now-p.from, "pair %s", b.Pair.State)
		case *LogLine:
			p.Say(p.now-p.from, "%s: %s", b.Level, b.Text)
		}
	}
}

// A message is judged by in some nanoseconds and without memory.
func BenchmarkDelay(b *testing.B) {
	cfg := Config{Universe: universe(b)}
	cfg.Limits.MaxFeedLatency = exchange.Second
	d := newDelays(&outbox{now: exchange.Date(2026, 1, 5)}, &cfg)
	in := cfg.Universe.Get(spotBTC)
	ev := exchange.Event{Kind: exchange.KindDiff, VenueTime: d.now - 10*exchange.Millisecond}
	b.ReportAllocs()
	for b.Loop() {
		d.onData(&ev, in)
	}
}
