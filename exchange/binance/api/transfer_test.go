package api

import (
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

// A mark never makes an amount larger, leaves at most two millionths behind, tells
// numbers that are close to each other apart, and is laid in once: who marks an
// amount that carries its number already leaves it as it is.
func TestAMarkTellsTransfersApart(t *testing.T) {
	most := decimal.New(2, -6)
	rapid.Check(t, func(r *rapid.T) {
		coins := decimal.New(rapid.Int64Range(1, 1e14).Draw(r, "coins"), -8)
		id := rapid.Uint64Range(1, 1e6).Draw(r, "id")
		marked, next := MarkTransfer(coins, id), MarkTransfer(coins, id+1)
		switch {
		case marked.GreaterThan(coins) || marked.IsNegative():
			r.Fatalf("%s became %s", coins, marked)
		case marked.IsZero() && coins.GreaterThan(most), !marked.IsZero() && coins.Sub(marked).GreaterThan(most):
			r.Fatalf("%s became %s: that leaves too much", coins, marked)
		case marked.IsPositive() && marked.Equal(next):
			r.Fatalf("transfers %d and %d are both of %s", id, id+1, marked)
		case marked.IsPositive() && !MarkTransfer(marked, id).Equal(marked):
			r.Fatalf("%s was marked as %s, and then again as %s", coins, marked, MarkTransfer(marked, id))
		}
	})
}
