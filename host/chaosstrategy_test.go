package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/core"
)

// monkey is a strategy that asks for anything at any time. It is a function of
// its seed and of what it sees, so a replay does the same.
type monkey struct {
	rnd   *rand.Rand
	count tally
	done  int
	parts map[exchange.PairID]bool // that are being closed in part
}

func newMonkey(seed uint64, count tally) *monkey {
	return &monkey{rnd: rand.New(rand.NewPCG(seed, 77)), count: count, parts: map[exchange.PairID]bool{}}
}

func (m *monkey) Name() string                              { return "monkey" }
func (m *monkey) Subscriptions() []string                   { return []string{"*"} }
func (m *monkey) State() ([]byte, error)                    { return json.Marshal(map[string]int{"done": m.done}) }
func (m *monkey) Close()                                    {}
func (m *monkey) Restart(*core.Port) (core.Strategy, error) { return nil, nil }
func (m *monkey) Reload(*core.Port, *exchange.Reload) (core.Strategy, error) {
	return nil, errors.New("a monkey can't be reloaded")
}

func (m *monkey) Wants(h core.Handler) bool {
	switch h {
	case core.OnStart, core.OnTimer, core.OnOrder, core.OnFill, core.OnPair, core.OnGap:
		return true
	}
	return false
}

func (m *monkey) Call(p *core.Port, n *core.Callback) error {
	switch n.Handler {
	case core.OnStart:
		m.again(p)
		if m.rnd.IntN(3) > 0 {
			return p.MaintainMargin(intent.MaintainRequest{Wallet: "usdm", Asset: "USDT", Target: decimal.RequireFromString("0.6"),
				Soft: decimal.RequireFromString("0.35"), Hard: decimal.RequireFromString("0.25"), Reserve: decimal.NewFromInt(m.rnd.Int64N(60000))})
		}
	case core.OnTimer:
		m.again(p)
		return m.act(p)
	case core.OnOrder:
		if n.Order.Status == exchange.StatusDenied {
			m.count["order denied"]++
		}
	case core.OnPair:
		switch n.Pair.State {
		case intent.PairClosing:
			m.parts[n.Pair.ID] = n.Pair.Keep > 0
		case intent.PairOpen:
			if m.parts[n.Pair.ID] {
				m.count["part of a pair closed"]++
			}
			m.parts[n.Pair.ID] = false
		case intent.PairFailed:
			m.count["pair failed"]++
		case intent.PairClosed:
			m.count["pair closed"]++
		}
	}
	return nil
}

func (m *monkey) again(p *core.Port) {
	p.SetTimer("act", p.Now()+exchange.Time(1+m.rnd.Int64N(int64(40*exchange.Second))), 0)
}

func (m *monkey) act(p *core.Port) error {
	m.done++
	switch m.rnd.IntN(22) {
	case 20, 21:
		m.plan(p)
	case 0, 1, 2:
		m.open(p)
	case 3: // several things in one callback
		m.order(p)
		m.open(p)
		m.order(p)
		m.closeOne(p)
	case 4, 5, 6:
		m.closeOne(p)
	case 7, 8:
		if list := p.Orders(); len(list) > 0 {
			p.Cancel(list[m.rnd.IntN(len(list))].ID)
		}
	case 9:
		m.transfer(p)
	case 10:
		if m.rnd.IntN(8) == 0 { // rarely enough not to be paused
			m.count["callback failed"]++
			m.order(p)
			m.open(p)
			return fmt.Errorf("monkey business %d", m.done)
		}
	default:
		m.order(p)
	}
	return nil
}

// plan asks for a schedule of any kind, or takes one back.
func (m *monkey) plan(p *core.Port) {
	if list := p.Schedules(); len(list) > 0 && m.rnd.IntN(6) == 0 {
		_ = p.CancelSchedule(list[m.rnd.IntN(len(list))].ID) // it may have ended in this callback
		return
	}
	all := p.Universe().All()
	r := intent.ScheduleRequest{Algo: intent.Algo(1 + m.rnd.IntN(3)), Instrument: all[m.rnd.IntN(len(all))].ID, Side: exchange.Buy,
		Notional: decimal.NewFromInt(20 + m.rnd.Int64N(4000)), Duration: exchange.Time(60+m.rnd.IntN(1200)) * exchange.Second,
		Participation: 0.01 + 0.5*m.rnd.Float64(), AtEnd: intent.AtEnd(m.rnd.IntN(3))}
	if m.rnd.IntN(2) == 0 {
		r.Side = exchange.Sell
	}
	if m.rnd.IntN(3) == 0 {
		r.SlippageBP = 1 + m.rnd.Float64()*20
	}
	r.Static = r.Algo == intent.VWAP && m.rnd.IntN(2) == 0
	_, _ = p.StartSchedule(r) // another one may be under way on the other side
}

func (m *monkey) open(p *core.Port) {
	contract := exchange.Linear
	if m.rnd.IntN(2) == 0 {
		contract = exchange.Inverse
	}
	pairs := p.Universe().Pairs(exchange.Perpetuals(contract))
	pair := pairs[m.rnd.IntN(len(pairs))]
	r := intent.PairRequest{Spot: pair.Spot.ID, Perp: pair.Perp.ID, Level: 1 + m.rnd.IntN(5),
		Notional:    decimal.NewFromInt(200 + m.rnd.Int64N(6000)),
		MaxUnhedged: decimal.NewFromInt(300 + m.rnd.Int64N(3000)),
		Timeout:     exchange.Time(1+m.rnd.IntN(10)) * exchange.Minute}
	if m.rnd.IntN(2) == 0 {
		r.Batch = decimal.Min(r.MaxUnhedged, decimal.NewFromInt(150+m.rnd.Int64N(1500)))
	}
	if m.rnd.IntN(2) == 0 {
		r.Style, r.MakerLeg = intent.Maker, intent.Leg(m.rnd.IntN(3))
		r.MakerTime = exchange.Time(m.rnd.IntN(10)) * exchange.Minute
	}
	if m.rnd.IntN(3) == 0 {
		least := m.rnd.Float64()*30e-4 - 20e-4
		r.MinBasis = &least
	}
	if contract == exchange.Inverse {
		m.coinMargined(&r)
	}
	_, _ = p.OpenPair(r) // a pair on the same perpetual may be under way
}

// coinMargined fills in what only a coin-margined pair has.
func (m *monkey) coinMargined(r *intent.PairRequest) {
	if m.rnd.IntN(3) == 0 {
		r.Buffer = decimal.New(1+m.rnd.Int64N(100), -3)
	}
	switch m.rnd.IntN(4) {
	case 0:
		r.RebalanceBP = float64(m.rnd.IntN(100))
	case 1:
		r.Harvest = decimal.NewFromInt(100 + m.rnd.Int64N(100))
	}
	if m.rnd.IntN(3) == 0 {
		r.MaxUnhedgedTime = exchange.Time(4+m.rnd.IntN(60)) * exchange.Second
	}
}

func (m *monkey) closeOne(p *core.Port) {
	pairs := p.Pairs()
	if len(pairs) == 0 {
		return
	}
	r := intent.CloseRequest{Pair: pairs[m.rnd.IntN(len(pairs))].ID, Patience: exchange.Time(1+m.rnd.IntN(5)) * exchange.Minute}
	if m.rnd.IntN(3) == 0 {
		r.Style = intent.Maker
	}
	if m.rnd.IntN(3) == 0 {
		r.Notional = decimal.NewFromInt(5 + m.rnd.Int64N(3000))
	}
	if m.rnd.IntN(2) == 0 {
		most := m.rnd.Float64()*30e-4 - 10e-4
		r.MaxBasis = &most
	}
	_ = p.ClosePair(r) // it may be closing already
}

func (m *monkey) transfer(p *core.Port) {
	wallets := []exchange.Wallet{"spot", "usdm"}
	i := m.rnd.IntN(2)
	if m.rnd.IntN(4) == 0 { // coins of the account, beside those of the pairs
		p.Transfer("BTC", []exchange.Wallet{"spot", "coinm"}[i], []exchange.Wallet{"coinm", "spot"}[i], decimal.New(1+m.rnd.Int64N(50), -4))
		return
	}
	amount := decimal.NewFromInt(1 + m.rnd.Int64N(2000))
	if m.rnd.IntN(10) == 0 {
		amount = decimal.NewFromInt(1e9)
		m.count["transfer refused"]++
	}
	p.Transfer("USDT", wallets[i], wallets[1-i], amount)
}

// order asks for an order of any kind near the touch, in a size that is mostly
// allowed.
func (m *monkey) order(p *core.Port) {
	all := p.Universe().All()
	in := all[m.rnd.IntN(len(all))]
	o := exchange.Order{Instrument: in.ID, Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.TimeInForce(1 + m.rnd.IntN(4))}
	if m.rnd.IntN(2) == 0 {
		o.Side = exchange.Sell
	}
	near, ok := p.Book(in.ID).Level(o.Side, 1)
	if !ok {
		return
	}
	o.Price = max(1, near.Price+exchange.Ticks(float64(near.Price)*(m.rnd.NormFloat64()*10e-4)))
	if m.rnd.IntN(5) == 0 {
		o.Type, o.TIF, o.Price = exchange.MarketOrder, exchange.IOC, 0
	}
	o.ReduceOnly = in.Perp() && m.rnd.IntN(4) == 0
	worth := in.Notional(near.Price, 1).InexactFloat64()
	o.Qty = max(1, exchange.Lots((5+m.rnd.ExpFloat64()*1500)/worth))
	p.Submit(o)
}
