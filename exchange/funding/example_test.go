package funding_test

import (
	"fmt"

	"github.com/perilune/perilune/exchange/funding"
)

// A contract that settles every eight hours has had four hours at a premium of
// 0.10 %. Half of the time is a quarter of the weight.
func Example() {
	rule := funding.Rule{Hours: 8, Interest: 0.0001, Cap: 0.02, Floor: -0.02}
	var m funding.Mean
	all := funding.Samples(rule.Hours)
	m.Add(int(all/2), 0.0010)

	fmt.Println("so far:", rule.Rate(m.Value()).Decimal())
	fmt.Println("if the premium goes:", rule.Rate(m.Final(all, 0)).Decimal())
	fmt.Println("if it stays:", rule.Rate(m.Final(all, 0.0010)).Decimal())
	// Output:
	// so far: 0.0005
	// if the premium goes: 0.0001
	// if it stays: 0.0005
}
