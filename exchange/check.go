package exchange

import (
	"fmt"
	"math"
	"strings"

	"github.com/shopspring/decimal"
)

// Check says what is wrong with an instrument that somebody described, with the field
// and its value. What NewUniverse fills in may be left out.
func (in *Instrument) Check() error {
	for _, c := range []func() error{in.checkNames, in.checkSteps, in.checkGrid, in.checkMoney, in.checkContract} {
		if err := c(); err != nil {
			return err
		}
	}
	return nil
}

func (in *Instrument) checkNames() error {
	for _, f := range []struct{ name, value string }{
		{"Venue", string(in.Venue)}, {"Symbol", in.Symbol}, {"Base", in.Base}, {"Quote", in.Quote},
	} {
		if f.value == "" || strings.ContainsAny(f.value, ": \t\r\n*?[]\\") {
			return fmt.Errorf("%s %q: want a name without spaces, colons, *, ?, brackets and backslashes", f.name, f.value)
		}
	}
	if strings.ContainsAny(string(in.Wallet), ": \t\r\n") {
		return fmt.Errorf("Wallet %q: want a name without spaces and colons", in.Wallet)
	}
	if in.Contract > Inverse {
		return fmt.Errorf("Contract %d: want Spot, Linear or Inverse", in.Contract)
	}
	return nil
}

func (in *Instrument) checkSteps() error {
	for _, f := range []struct {
		name string
		step Step
	}{{"Tick", in.Tick}, {"Lot", in.Lot}} {
		if f.step.M <= 0 || int(f.step.Scale) >= len(pow10) {
			return fmt.Errorf("%s %d×10^-%d: want one above 0 with at most %d decimals, as MustStep(\"0.01\") makes", f.name, f.step.M, f.step.Scale, len(pow10)-1)
		}
	}
	if in.MinQty < 0 || in.MaxQty < 0 || in.MaxQty > 0 && in.MaxQty < in.MinQty {
		return fmt.Errorf("MinQty %d, MaxQty %d: want 0 or more, and the one not above the other", in.MinQty, in.MaxQty)
	}
	if in.Multiplier < 0 {
		return fmt.Errorf("Multiplier %d: want above 0, or 0 for 1", in.Multiplier)
	}
	return nil
}

func (in *Instrument) checkMoney() error {
	for _, f := range []struct {
		name  string
		value decimal.Decimal
	}{{"MinNotional", in.MinNotional}, {"ContractSize", in.ContractSize}, {"PriceUp", in.PriceUp}, {"PriceDown", in.PriceDown}, {"TakeBound", in.TakeBound}} {
		if f.value.IsNegative() {
			return fmt.Errorf("%s %s: want 0 or more", f.name, f.value)
		}
	}
	for _, f := range []struct {
		name  string
		value decimal.Decimal
	}{{"MakerFee", in.MakerFee}, {"TakerFee", in.TakerFee}} {
		if f.value.Abs().GreaterThanOrEqual(decimal.NewFromInt(1)) {
			return fmt.Errorf("%s %s: want a fraction of the notional, below 1", f.name, f.value)
		}
	}
	return nil
}

func (in *Instrument) checkContract() error {
	switch {
	case in.Inverse() && !in.ContractSize.IsPositive():
		return fmt.Errorf("ContractSize %s: an inverse contract is worth something: want above 0", in.ContractSize)
	case in.Delivery < 0 || in.Delivery > 0 && !in.Perp():
		return fmt.Errorf("Delivery %d: want 0, or the end of a future", in.Delivery)
	case in.FundingHours < 0:
		return fmt.Errorf("FundingHours %d: want 0 or more", in.FundingHours)
	case in.FundingFloor.GreaterThan(in.FundingCap):
		return fmt.Errorf("FundingFloor %s, FundingCap %s: want the one not above the other", in.FundingFloor, in.FundingCap)
	}
	one := decimal.NewFromInt(1)
	for _, c := range in.Collateral {
		if c.Asset == "" || c.Held.IsNegative() || c.Held.GreaterThan(one) || c.Owed.LessThan(one) {
			return fmt.Errorf("Collateral %q: Held %s, Owed %s: want an asset, a part from 0 to 1, and 1 or more", c.Asset, c.Held, c.Owed)
		}
	}
	last := decimal.Zero
	for i, b := range in.Brackets {
		if !b.Cap.GreaterThan(last) || b.MMR.IsNegative() || b.MMR.GreaterThanOrEqual(one) || b.MaxLeverage < 0 {
			return fmt.Errorf("Brackets[%d]: Cap %s, MMR %s, MaxLeverage %d: want caps that ascend, and rates from 0 to below 1", i, b.Cap, b.MMR, b.MaxLeverage)
		}
		last = b.Cap
	}
	return nil
}

// MostPrice is the highest price that a book keeps.
const MostPrice = Ticks(1)<<62 - 1

// Check says what is wrong with an event of market data of an instrument, with the
// field and its value. Of books it looks at the event alone: whether an update follows
// the one before is the book's to know.
func (ev *Event) Check(in *Instrument) error {
	if !ev.Kind.MarketData() {
		return fmt.Errorf("Kind %d: want market data", ev.Kind)
	}
	if ev.VenueTime < 0 {
		return fmt.Errorf("VenueTime %d: want 0 or more", ev.VenueTime)
	}
	if err := ev.CheckValues(in); err != nil {
		return err
	}
	switch ev.Kind {
	case KindSnapshot:
		return ev.checkTouch()
	case KindTicker:
		if ev.Price == 0 || ev.Price2 < ev.Price {
			return fmt.Errorf("Price %d, Price2 %d: want a bid above 0, and an ask not below it", ev.Price, ev.Price2)
		}
	case KindTrade:
		return ev.checkSide("that of the aggressor")
	case KindLiquidation:
		return ev.checkLiquidation(in)
	case KindBar:
		return ev.Bar.check()
	case KindMark, KindFunding, KindPremium:
		return ev.checkFunding(in)
	}
	return nil
}

// MostRate is the most that a funding rate may be either way: what is owed for a position
// can't be more than the position.
const MostRate = E8One

// mostVolumes is four weeks of minutes.
const mostVolumes = 28 * 24 * 60

func (v *Volumes) check() error {
	if v == nil {
		return nil
	}
	if v.Length < Minute || v.Length > Day || len(v.Qty) > mostVolumes {
		return fmt.Errorf("Volumes: %d of a length of %d ns: want at most %d, of a minute to a day", len(v.Qty), v.Length, mostVolumes)
	}
	for i, q := range v.Qty {
		if !(q >= 0) || math.IsInf(q, 0) {
			return fmt.Errorf("Volumes.Qty[%d] %v: want 0 or more", i, q)
		}
	}
	return nil
}

func (ev *Event) checkTouch() error {
	var best [2]Ticks // 0: there is none
	for side, levels := range [...][]Level{ev.Bids, ev.Asks} {
		for i := range levels {
			l := &levels[i]
			if l.Qty > 0 && (best[side] == 0 || (side == 0) == (l.Price > best[side])) {
				best[side] = l.Price
			}
		}
	}
	bid, ask := best[0], best[1]
	if bid > 0 && ask > 0 && (bid > ask || bid == ask && !ev.Synthetic) {
		return fmt.Errorf("Bids, Asks: the best bid of %d ticks is not below the best ask of %d", bid, ask)
	}
	return nil
}

func (ev *Event) checkSide(whose string) error {
	if ev.Side != Buy && ev.Side != Sell {
		return fmt.Errorf("Side %d: want %s, Buy or Sell", ev.Side, whose)
	}
	return nil
}

func (ev *Event) checkLiquidation(in *Instrument) error {
	if !in.Perp() {
		return fmt.Errorf("Kind %s: %s is spot, where no position can be liquidated", ev.Kind, in.Key())
	}
	return ev.checkSide("that of the forced order")
}

func (ev *Event) checkFunding(in *Instrument) error {
	p := &ev.Path
	switch {
	case !in.Perp():
		return fmt.Errorf("Kind %s: %s is spot, and has no mark price and no funding", ev.Kind, in.Key())
	case ev.Kind == KindPremium:
		return nil
	case ev.Hours < 0 || ev.NextFunding < 0:
		return fmt.Errorf("Hours %d, NextFunding %d: want 0 or more", ev.Hours, ev.NextFunding)
	case ev.Kind == KindMark && *p != (MarkPath{}) && (p.Low <= 0 || p.High < p.Low || p.Open < p.Low || p.Open > p.High || p.Interval < 0):
		return fmt.Errorf("Path: open %d, high %d, low %d: want prices above 0 that contain each other", p.Open, p.High, p.Low)
	}
	return nil
}

func (d *DayStats) check() error {
	for _, p := range [...]Ticks{d.Open, d.High, d.Low, d.Last} {
		if p < 0 || p > MostPrice {
			return fmt.Errorf("Day: open %d, high %d, low %d, last %d: want 0 or more", d.Open, d.High, d.Low, d.Last)
		}
	}
	for _, v := range [...]float64{d.Volume, d.Quote, float64(d.Count)} {
		if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
			return fmt.Errorf("Day: Volume %g, Quote %g, Count %d: want 0 or more", d.Volume, d.Quote, d.Count)
		}
	}
	return nil
}

func (b *Bar) check() error {
	if err := CheckBarLength(b.Interval); err != nil {
		return fmt.Errorf("Bar: Interval %d: %w", b.Interval, err)
	}
	return b.Flow.check(b.Volume)
}
