package carry_test

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/carry"
)

// A contract that settles 0.005 % every four hours pays what one does that settles
// twice of it every eight.
func Example() {
	fmt.Println(carry.Rate8h(0.00005, 4))
	now := exchange.Date(2026, 1, 5) + exchange.Hour
	fmt.Println(carry.Settlements(now, now+3*exchange.Hour, 4, exchange.Day))
	// Output:
	// 0.0001
	// 6
}
