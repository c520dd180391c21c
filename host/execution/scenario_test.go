package execution

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/goldentest"
	"github.com/perilune/perilune/exchange/intent"
)

// TestScenarios plays testdata/*.txt: what a trader would want to know of a pair
// trade before trusting it. "expect" holds whatever the answers say. See
// testdata/README.
func TestScenarios(t *testing.T) {
	goldentest.Play(t, "testdata/*.txt", func(s *goldentest.Scenario) goldentest.Player { return &player{Scenario: s, t: t, coin: "ABC"} })
}

// player runs one scenario.
type player struct {
	*goldentest.Scenario
	*desk
	t    *testing.T
	coin string
}

// End makes sure that no scenario stops half-way.
func (p *player) End() {
	if p.desk == nil || p.m == nil {
		p.Fatalf("it opens no pair")
	}
	for _, o := range p.orders {
		if p.live(o) {
			p.Errorf("%s: order %d is left without a last word", p.Path, o.ID)
		}
	}
	for _, v := range p.moves {
		if !v.Done && !v.Failed {
			p.Errorf("%s: transfer %d is left without a last word", p.Path, v.ID)
		}
	}
}

// Command carries out a line.
func (p *player) Command(w []string) {
	if w[0] == "coin" {
		p.coin = w[1]
		return
	}
	if p.desk == nil {
		p.desk = newDesk(p.t, p.coin)
		if w[0] == "margin" {
			p.coinMargined()
		}
		p.desk.say = func(format string, a ...any) { p.Say(p.now-p.start, format, a...) }
	}
	switch w[0] {
	case "margin": // read when the desk was made
	case "legs":
		p.apart(w[1:])
	case "dark", "back":
		p.goDark(w[1], strings.Join(w[2:], " "))
	case "held":
		p.held = dec(w[1])
	case "book":
		p.book(p.market(w[1]), w[2:])
	case "gap":
		p.books[p.market(w[1])].Apply(&exchange.Event{Kind: exchange.KindGap, Reason: "test"})
	case "forget": // a new run has not seen its book
		p.books[p.market(w[1])] = book.New(p.u.Get(p.market(w[1])))
	case "deny":
		p.deny[p.market(w[1])] = strings.Join(w[2:], " ")
	case "allow":
		p.deny[p.market(w[1])] = ""
	case "missing":
		p.missing = dec(w[1])
	case "unpriced":
		p.unpriced = w[1] == "yes"
	case "tell":
		p.Changed(p.m)
	case "owed":
		p.owed = dec(w[1])
	case "hidden":
		p.hidden = p.lots(p.perp, w[1])
	case "wait":
		p.wait(p.Duration(w[1]))
	default:
		if !p.coinCommand(w) {
			p.trade(w)
		}
	}
}

func (p *player) trade(w []string) {
	switch w[0] {
	case "open":
		m, err := checkedMachine(p.request(w[1:]), p)
		if err != nil {
			p.say("refused: %v", err)
			return
		}
		p.m = m
		p.step()
	case "close":
		if err := p.m.StartClose(p, p.closing(w[1:])); err != nil {
			p.say("refused: %v", err)
			return
		}
		p.step()
	case "fill":
		p.fillWords(w[1:])
	case "reject", "expire", "canceled":
		status := map[string]exchange.OrderStatus{"reject": exchange.StatusRejected, "expire": exchange.StatusExpired, "canceled": exchange.StatusCanceled}
		p.finish(p.id(w[1]), status[w[0]])
	case "late":
		o := p.order(p.id(w[1]))
		p.fill(o.ID, p.lots(o.Instrument, w[2]), 0)
		p.step()
	case "liquidate":
		p.liquidate(p.lots(p.perp, w[1]), p.ticks(p.perp, w[3]))
	case "halt":
		p.latched = strings.Join(w[1:], " ")
		p.m.Halt(p, p.latched)
		p.guard()
	case "foreign":
		p.foreign(p.market(w[1]), w[2:])
	case "stop":
		p.m.Stop()
		p.step()
	case "crash":
		p.restart(len(w) > 1)
	case "expect":
		for _, want := range w[1:] {
			if err := p.condition(want); err != nil {
				p.Fatalf("%v", err)
			}
		}
	case "measured":
		p.say("at most %s unhedged, for %s", p.m.Pair.MaxUnhedged, time.Duration(p.m.Pair.MaxUnhedgedTime))
	case "basis":
		p.say("basis at open %.1f bp, at close %.1f bp", p.m.Pair.OpenBasis*1e4, p.m.Pair.CloseBasis*1e4)
	default:
		p.Unknown(w[0])
	}
}

// foreign spot 4 at 99.00 is somebody else selling the coins, or buying the short
// back.
func (p *player) foreign(id exchange.InstrumentID, w []string) {
	side, in := exchange.Buy, p.u.Get(id)
	if id == p.spot {
		side = exchange.Sell
	}
	p.m.Fill(p, &exchange.Fill{Instrument: id, Side: side, Price: p.ticks(id, w[2]), Qty: p.lots(id, w[0]), FeeAsset: in.Quote, Reason: "external"})
	p.guard()
	p.Changed(p.m)
}

// book spot bid 99.9x10 99.8x10 ask 100x10
func (p *player) book(id exchange.InstrumentID, w []string) {
	var sides [2][]exchange.Level
	at := 0
	for _, word := range w {
		switch word {
		case "bid":
			at = 0
		case "ask":
			at = 1
		default:
			sides[at] = append(sides[at], p.level(id, word))
		}
	}
	p.show(id, sides[0], sides[1])
}

// fill 1 all, fill 1 2.5, fill 1 2.5 at 99.95
func (p *player) fillWords(w []string) {
	o := p.order(p.id(w[0]))
	qty := o.Qty - o.Filled
	if w[1] != "all" {
		qty = p.lots(o.Instrument, w[1])
	}
	price := o.Price
	if len(w) == 4 {
		price = p.ticks(o.Instrument, w[3])
	}
	p.fill(o.ID, qty, price)
}

func (p *player) request(w []string) intent.PairRequest {
	r := intent.PairRequest{Spot: p.spot, Perp: p.perp, Level: 1}
	for _, word := range w {
		k, v, _ := strings.Cut(word, "=")
		switch k {
		case "notional":
			r.Notional = dec(v)
		case "batch":
			r.Batch = dec(v)
		case "max_unhedged":
			r.MaxUnhedged = dec(v)
		case "max_unhedged_time":
			r.MaxUnhedgedTime = p.Duration(v)
		case "timeout":
			r.Timeout = p.Duration(v)
		case "level":
			r.Level = int(dec(v).IntPart())
		case "buffer":
			r.Buffer = dec(v)
		case "rebalance_bp":
			r.RebalanceBP = dec(v).InexactFloat64()
		case "harvest":
			r.Harvest = dec(v)
		case "min_basis":
			r.MinBasis = p.bp(v)
		case "style":
			r.Style = p.style(v)
		case "maker_leg":
			r.MakerLeg = map[string]intent.Leg{"spot": intent.SpotLeg, "perp": intent.PerpLeg}[v]
		case "maker_time":
			r.MakerTime = p.Duration(v)
		case "dark_wait":
			r.Dark.Wait = p.Duration(v)
		case "dark":
			r.Dark.Then = map[string]intent.Then{"flatten": intent.FlattenThen, "hold": intent.HoldThen, "substitute": intent.SubstituteThen}[v]
			r.Dark.Substitute = p.standIn
		default:
			p.Fatalf("open %s?", word)
		}
	}
	return r
}

func (p *player) closing(w []string) intent.CloseRequest {
	r := intent.CloseRequest{Pair: 1}
	for _, word := range w {
		k, v, _ := strings.Cut(word, "=")
		switch k {
		case "max_basis":
			r.MaxBasis = p.bp(v)
		case "patience":
			r.Patience = p.Duration(v)
		case "reason":
			r.Reason = v
		case "notional":
			r.Notional = dec(v)
		case "style":
			r.Style = p.style(v)
		default:
			p.Fatalf("close %s?", word)
		}
	}
	return r
}

func (p *player) style(s string) intent.Style {
	if s != intent.Maker.String() {
		p.Fatalf("style %s?", s)
	}
	return intent.Maker
}

func (p *player) bp(s string) *float64 {
	v, err := strconv.ParseFloat(strings.TrimSuffix(s, "bp"), 64)
	if err != nil {
		p.Fatalf("%v", err)
	}
	v /= 1e4
	return &v
}

func (p *player) market(s string) exchange.InstrumentID {
	switch s {
	case "spot", "long":
		return p.spot
	case "substitute":
		return p.standIn
	}
	return p.perp
}

func (p *player) id(s string) exchange.OrderID {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > len(p.orders) {
		p.Fatalf("there is no order %s", s)
	}
	return exchange.OrderID(n)
}

func (p *player) lots(id exchange.InstrumentID, s string) exchange.Lots {
	n, ok := p.u.Get(id).Lot.Exact(dec(s))
	if !ok {
		p.Fatalf("%s is off the grid", s)
	}
	return exchange.Lots(n)
}

func (p *player) ticks(id exchange.InstrumentID, s string) exchange.Ticks {
	n, ok := p.u.Get(id).Tick.Exact(dec(s))
	if !ok {
		p.Fatalf("%s is off the grid", s)
	}
	return exchange.Ticks(n)
}
