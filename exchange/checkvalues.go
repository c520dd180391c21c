package exchange

import (
	"fmt"
	"math"
)

// CheckValues says which number of an event of market data no market can have, such as a
// trade of nothing or a price of 0, with the field and its value. Whatever brings events is
// held against it before anybody acts on them: what it refuses would fill orders at prices
// that never were. It does not ask whether the event makes sense beside others, as [Event.Check]
// does of data that somebody made. A ticker's side without orders has price and quantity 0; an
// Index of 0, and the Mark of a settled rate, is not told.
func (ev *Event) CheckValues(in *Instrument) error {
	switch ev.Kind {
	case KindSnapshot, KindDiff:
		return ev.checkLevels(in)
	case KindTicker:
		if err := checkQuote(in, "Price", "Qty", ev.Price, ev.Qty); err != nil {
			return err
		}
		return checkQuote(in, "Price2", "Qty2", ev.Price2, ev.Qty2)
	case KindTrade, KindLiquidation:
		if ev.Price <= 0 || ev.Price > MostPrice {
			return priceError(in, "Price", ev.Price)
		}
		if ev.Qty <= 0 {
			return qtyError(in, "Qty", ev.Qty, "above 0")
		}
	case KindMark, KindFunding:
		return ev.checkMark()
	case KindOpenInterest:
		if ev.Qty < 0 {
			return qtyError(in, "Qty", ev.Qty, "0 or more")
		}
	case KindBar:
		return ev.Bar.checkValues()
	case KindDay:
		return ev.Day.check()
	case KindVolume:
		return ev.Volumes.check()
	}
	return nil
}

func priceError(in *Instrument, field string, p Ticks) error {
	return fmt.Errorf("%s %d ticks (%s): want above 0", field, p, in.PriceDecimal(p))
}

func qtyError(in *Instrument, field string, q Lots, want string) error {
	return fmt.Errorf("%s %d lots (%s): want %s", field, q, in.QtyDecimal(q), want)
}

func (ev *Event) checkLevels(in *Instrument) error {
	for side, levels := range [...][]Level{ev.Bids, ev.Asks} {
		for i := range levels {
			if levels[i].possible() {
				continue
			}
			return fmt.Errorf("%s[%d]: %w", [...]string{"Bids", "Asks"}[side], i, levels[i].Check(in))
		}
	}
	return nil
}

func (l *Level) possible() bool { return l.Price > 0 && l.Price <= MostPrice && l.Qty >= 0 }

// Check says which number of a level of an instrument's book no book can have.
func (l *Level) Check(in *Instrument) error {
	switch {
	case l.possible():
		return nil
	case l.Qty < 0:
		return qtyError(in, "level quantity", l.Qty, "0 or more")
	}
	return priceError(in, "level price", l.Price)
}

func checkQuote(in *Instrument, price, qty string, p Ticks, q Lots) error {
	switch {
	case q < 0:
		return qtyError(in, qty, q, "0 or more")
	case p < 0, p == 0 && q > 0, p > MostPrice:
		return priceError(in, price, p)
	}
	return nil
}

func (ev *Event) checkMark() error {
	switch {
	case ev.Mark < 0, ev.Mark == 0 && ev.Kind == KindMark:
		return fmt.Errorf("Mark %s: want above 0", ev.Mark.Decimal())
	case ev.Index < 0:
		return fmt.Errorf("Index %s: want above 0, or 0 where it is not told", ev.Index.Decimal())
	case ev.Rate < -MostRate, ev.Rate > MostRate:
		return fmt.Errorf("Rate %s: want a fraction from -1 to 1, such as 0.0001", ev.Rate.Decimal())
	}
	return nil
}

func (b *Bar) checkValues() error {
	switch {
	case b.Low <= 0 || b.High > MostPrice || b.Low > min(b.Open, b.Close) || b.High < max(b.Open, b.Close):
		return fmt.Errorf("Bar: open %d, high %d, low %d, close %d: want prices above 0 that contain each other", b.Open, b.High, b.Low, b.Close)
	case math.IsNaN(b.Volume) || math.IsInf(b.Volume, 0) || b.Volume < 0:
		return fmt.Errorf("Bar: Volume %g: want 0 or more", b.Volume)
	}
	return nil
}
