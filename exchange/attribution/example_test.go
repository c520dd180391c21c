package attribution_test

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/attribution"
)

// Two pairs are short 300 and 100 lots of a perpetual, and one is long 50. The
// venue liquidates 70 of the net short of 350.
func ExampleSplit() {
	held := []exchange.Lots{-300, -100, 50}
	fmt.Println(attribution.Split(exchange.Buy, 70, -350, held, true))
	// Output:
	// [53 17 0]
}
