package paper

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Models replaces how the venue charges, delays and queues, by an embedder's own. A
// model that is nil is made of the other options. Models must depend on nothing but
// their arguments: a replay asks them again, in the same order.
type Models struct {
	Fees     FeeModel
	Latency  LatencyModel // of orders, cancels, and what the venue says
	Transfer LatencyModel // of transfers under way
	Queue    QueueModel
}

// FeeModel says what an execution costs. String describes it for a report.
type FeeModel interface {
	// Fee returns what a fill costs, and in which asset: on spot one of the pair's, for
	// contracts the one they settle in. Negative: a rebate. Of f the price, the quantity,
	// the side and Maker are known.
	Fee(in *exchange.Instrument, f *exchange.Fill) (amount decimal.Decimal, asset string)
	// Taker is the part of notional that must be there before a contract is opened.
	Taker(in *exchange.Instrument) decimal.Decimal
	fmt.Stringer
}

// LatencyModel says how long messages are on their way. String describes it for a
// report.
type LatencyModel interface {
	// Delay is that of one message, 0 or more: the venue's seed, the number of the order
	// or transfer, and the direction tell it from all others.
	Delay(seed, id uint64, d Direction) exchange.Time
	fmt.Stringer
}

// QueueModel says how a resting order moves forward when the level that it rests at
// changes. Trades at its price bring it forward by themselves. String describes it for a
// report.
type QueueModel interface {
	// Front returns how many lots are in front of the order, 0 to shown. There were front
	// before it and back behind it; gone have left the level other than by trades
	// (negative: have come to it), and shown are displayed now.
	Front(front, back, gone, shown float64) float64
	fmt.Stringer
}

// fill replaces what is nil.
func (m Models) fill(o *Options) Models {
	if m.Fees == nil {
		m.Fees = o.ownRates()
	}
	if m.Latency == nil {
		m.Latency = o.Latency
	}
	if m.Transfer == nil {
		m.Transfer = o.TransferLatency
	}
	if m.Queue == nil {
		m.Queue = o.Queue
	}
	return m
}

// rates are the default FeeModel: fractions of notional by instrument. Spot charges
// what was received, futures the margin asset. Coin amounts of inverse contracts have no
// exact decimal and are rounded half to even at 8 places; the others are exact.
type rates []FeeRate

func (o *Options) ownRates() rates {
	var out rates
	for _, in := range o.Universe.All() {
		out = append(out, o.fees(in))
	}
	return out
}

func (r rates) String() string { return "each instrument's own rates" }

// Taker implements FeeModel.
func (r rates) Taker(in *exchange.Instrument) decimal.Decimal { return r[in.ID].Taker }

// Fee implements FeeModel.
func (r rates) Fee(in *exchange.Instrument, f *exchange.Fill) (decimal.Decimal, string) {
	rate := r[in.ID].Taker
	if f.Maker {
		rate = r[in.ID].Maker
	}
	switch {
	case in.Inverse():
		size := in.QtyDecimal(f.Qty).Mul(in.ContractSize).Mul(rate)
		return divBank(size, in.PriceDecimal(f.Price), 8), in.Base
	case in.Perp() || f.Side == exchange.Sell:
		return in.Notional(f.Price, f.Qty).Mul(rate), in.Quote
	}
	return coins(in, f.Qty).Mul(rate), in.Base
}
