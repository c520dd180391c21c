package fixed_test

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/fixed"
)

// What a venue writes is a whole number of steps, or it is refused.
func ExampleTicks() {
	tick := exchange.MustStep("0.05")
	price, err := fixed.Ticks([]byte("61234.5500"), tick)
	fmt.Println(price, err, string(fixed.Append(nil, int64(price), tick)))

	_, err = fixed.Ticks([]byte("61234.56"), tick)
	fmt.Println(err)
	// Output:
	// 1224691 <nil> 61234.55
	// "61234.56" in steps of 0.05: not a whole number of steps
}
