package projection

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger"
)

// Market is what prices are read from; a core is one.
type Market interface {
	// MidPrice is where an instrument stands; false: it is not known.
	MidPrice(exchange.InstrumentID) (decimal.Decimal, bool)
	// ValuedAt is what the equity values it at.
	ValuedAt(exchange.InstrumentID) (decimal.Decimal, bool)
	// HeldInstruments are those that strategies hold something of, in a fixed order.
	HeldInstruments() []exchange.InstrumentID
}

// A price is kept when it moved by so much, or after so long: a ledger of a year stays
// small, and no excursion that a sample saw is understated by more.
const (
	leastMoveBP  = 5
	longestQuiet = 15 * exchange.Minute
)

// prices are those that were kept last.
type prices map[exchange.InstrumentID]keptPrice

type keptPrice struct {
	price decimal.Decimal
	at    exchange.Time
}

// held are the prices of what strategies hold that are worth keeping now. All instruments of
// a coin are kept together: what a hedged pair stands at is the difference of two of them.
func (r *Rows) held(now exchange.Time) (out []ledger.InstrumentPrice) {
	if r.Market == nil {
		return nil
	}
	if r.prices == nil {
		r.prices = prices{}
	}
	var all []ledger.InstrumentPrice
	coins := map[string]bool{}
	for _, id := range r.Market.HeldInstruments() {
		p, ok := r.Market.ValuedAt(id)
		if !ok {
			continue
		}
		in := r.Universe.Get(id)
		all = append(all, ledger.InstrumentPrice{Instrument: in, Price: p})
		if was, kept := r.prices[id]; !kept || now-was.at >= longestQuiet || moved(was.price, p) {
			coins[in.Base] = true
		}
	}
	for _, p := range all {
		if coins[p.Instrument.Base] {
			r.prices[p.Instrument.ID] = keptPrice{p.Price, now}
			out = append(out, p)
		}
	}
	return out
}

func moved(from, to decimal.Decimal) bool {
	return to.Sub(from).Abs().Mul(decimal.NewFromInt(10_000)).GreaterThanOrEqual(from.Mul(decimal.NewFromInt(leastMoveBP)))
}

// arrival is where the market stands of an order; zero when it is not known.
func (r *Rows) arrival(id exchange.InstrumentID) decimal.Decimal {
	if r.Market == nil {
		return decimal.Zero
	}
	p, _ := r.Market.MidPrice(id)
	return p
}
