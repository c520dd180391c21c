package api

import "github.com/shopspring/decimal"

// MarkTransfer lays the number of a transfer into the last two of the eight decimals of
// its amount, rounding down by less than two millionths: the venue's history has no
// id of ours, and so the amount alone tells which intent a row of it answers. An
// amount that carries its number already stays as it is. It is 0 when the amount is
// too small to carry one.
func MarkTransfer(amount decimal.Decimal, id uint64) decimal.Decimal {
	mark := decimal.New(int64(id%99)+1, -8)
	whole := amount.Sub(mark).RoundFloor(6)
	if !whole.IsPositive() {
		return decimal.Zero
	}
	return whole.Add(mark)
}
