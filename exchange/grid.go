package exchange

import "fmt"

// Coarser says that prices from From on are multiples of Every, which is more than a tick:
// at some venues the price increment grows with the price.
type Coarser struct{ From, Every Ticks }

// TickAt is the price increment at a price, in ticks: 1 where the instrument has one for
// all prices.
func (in *Instrument) TickAt(p Ticks) Ticks {
	every := Ticks(1)
	for _, c := range in.Coarser {
		if p < c.From {
			break
		}
		every = c.Every
	}
	return every
}

// OnGrid is the nearest price that a limit order may have, in the direction that is less
// aggressive for the side; p itself where that is one.
func (in *Instrument) OnGrid(side Side, p Ticks) Ticks {
	every := in.TickAt(p)
	if rest := p % every; rest > 0 {
		p -= rest
		if side == Sell {
			p += every // no more than the next From, which is on the coarser grid
		}
	}
	return p
}

// SignificantDigits are the steps of an instrument whose prices have at most n digits that
// count, and are whole numbers above those: 5 digits are 1234.5, 12345 and 123456.
func SignificantDigits(tick Step, n int) (out []Coarser) {
	if tick.M != 1 || n < 1 || n+int(tick.Scale) > len(intPow10) {
		return nil
	}
	for scale := 1; scale <= int(tick.Scale); scale++ {
		out = append(out, Coarser{From: Ticks(intPow10[n+scale-1]), Every: Ticks(intPow10[scale])})
	}
	return out
}

func (in *Instrument) checkGrid() error {
	last := Coarser{0, 1}
	for i, c := range in.Coarser {
		if c.From <= last.From || c.Every <= last.Every || c.Every%last.Every != 0 || c.From%c.Every != 0 {
			return fmt.Errorf("Coarser[%d]: From %d, Every %d: want steps that ascend, each a multiple of the one before that begins at a multiple of itself", i, c.From, c.Every)
		}
		last = c
	}
	return nil
}
