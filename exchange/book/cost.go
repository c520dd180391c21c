package book

import (
	"math/big"
	"math/bits"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Cost is an exact sum of price×quantity, in ticks×lots. It has 128 bits, since
// one level of a cheap coin can already exceed 64. The zero value is zero.
type Cost struct{ hi, lo uint64 }

// plus adds p×q, both not negative.
func (c Cost) plus(p exchange.Ticks, q exchange.Lots) Cost {
	hi, lo := bits.Mul64(uint64(p), uint64(q))
	var carry uint64
	c.lo, carry = bits.Add64(c.lo, lo, 0)
	c.hi, _ = bits.Add64(c.hi, hi, carry)
	return c
}

// Float returns the nearest float64 of ticks×lots, for signals.
func (c Cost) Float() float64 { return float64(c.hi)*(1<<64) + float64(c.lo) }

// Decimal returns the cost exactly, as price×quantity of an instrument: the
// value in Quote of a spot or linear trade. For an inverse contract, whose value
// does not depend on the price, it means nothing.
func (c Cost) Decimal(in *exchange.Instrument) decimal.Decimal {
	n := new(big.Int).SetUint64(c.hi)
	n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(c.lo))
	n.Mul(n, big.NewInt(in.Tick.M)).Mul(n, big.NewInt(in.Lot.M))
	return decimal.NewFromBigInt(n, -int32(in.Tick.Scale)-int32(in.Lot.Scale))
}
