package limit_test

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/limit"
)

// A venue that counts twenty units a minute. Queries may use 70 % of it, so that a
// cancel still passes when they may not.
func Example() {
	table := &limit.Table{Pools: []string{"", "api"}, Meters: []limit.Rule{
		{Name: "weight per minute", Pool: 1, Period: exchange.Minute, Limit: 20},
	}}
	l, err := limit.New(limit.Options{Table: table})
	if err != nil {
		fmt.Println(err)
		return
	}
	cost := limit.Cost{Pool: 1}
	cost.Use[0] = 7
	now := exchange.Date(2026, 1, 5) + 10*exchange.Second
	for range 3 {
		v := l.Reserve(cost, limit.Query, now)
		fmt.Println(v.OK)
		if !v.OK {
			fmt.Println(v.Until, v.Reason)
		}
	}
	fmt.Println(l.Reserve(limit.Cost{Pool: 1, Use: [limit.MaxMeters]int32{1}}, limit.Cancel, now).OK)
	// Output:
	// true
	// true
	// false
	// 2026-01-05T00:01:00.500Z weight per minute: 7 more are over the 14 of 20 that a request of priority query may use, with 14 used
	// true
}
