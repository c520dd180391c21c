package tearsheet

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Exposure is how much was at stake, over the time of a sheet. Gross is the sum of the
// values of all positions whatever their side, net that of longs less shorts; a hedged pair
// has a gross of two legs and a net of about nothing. Ratios are of the account's equity at
// the time, and means are weighted by time.
type Exposure struct {
	InMarket  float64 // part of the time in which something was held
	Known     bool    // the sheet has a span, and equity to compare with
	MeanGross float64 // ratio
	MeanNet   float64 // ratio, signed
	MaxGross  float64 // ratio
	Largest   decimal.Decimal
	Gross     []Sample // ratio, where it changed
	Net       []Sample
}

// exposed adds up exposure as time goes on.
type exposed struct {
	at         exchange.Time // up to where; 0: it has not begun
	gross, net decimal.Decimal
	held       int // legs with more than dust
	equity     float64

	span, in           float64 // nanoseconds
	sumGross, sumNet   float64 // ratio × nanoseconds
	weighed            float64 // nanoseconds with equity
	maxGross           float64
	largest            decimal.Decimal
	grossLine, netLine []Sample
}

// advance adds the time up to a moment. It is called with clipped times, so that what is
// before or after the sheet's time has no length.
func (e *exposed) advance(to exchange.Time) {
	if e.at == 0 {
		e.at = to
	}
	d := float64(to - e.at)
	if d <= 0 {
		return
	}
	e.at = to
	e.span += d
	if e.held > 0 {
		e.in += d
	}
	e.largest = decimal.Max(e.largest, e.gross)
	if e.equity <= 0 {
		return
	}
	gross, net := e.gross.InexactFloat64()/e.equity, e.net.InexactFloat64()/e.equity
	e.weighed += d
	e.sumGross, e.sumNet = e.sumGross+gross*d, e.sumNet+net*d
	e.maxGross = max(e.maxGross, gross)
	e.grossLine, e.netLine = append(e.grossLine, Sample{to, gross}), append(e.netLine, Sample{to, net})
}

// change replaces what a leg was worth.
func (e *exposed) change(was, is decimal.Decimal, wasHeld, isHeld bool) {
	e.gross = e.gross.Add(is.Abs().Sub(was.Abs()))
	e.net = e.net.Add(is.Sub(was))
	if wasHeld != isHeld {
		if isHeld {
			e.held++
		} else {
			e.held--
		}
	}
}

func (e *exposed) result() Exposure {
	x := Exposure{Largest: e.largest, MaxGross: e.maxGross, Gross: e.grossLine, Net: e.netLine}
	if e.span > 0 {
		x.InMarket = e.in / e.span
	}
	if e.weighed > 0 {
		x.Known, x.MeanGross, x.MeanNet = true, e.sumGross/e.weighed, e.sumNet/e.weighed
	}
	return x
}
