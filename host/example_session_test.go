package host_test

import (
	"context"
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host"
)

// A session is opened, followed and run; this one keeps no ledger.
func ExampleOpen() {
	s, err := host.Open(context.Background(), host.Options{Scripts: []string{"testdata/busy.lua"}, Ledger: host.LedgerNone, For: 6 * exchange.Hour})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	fills := s.Events(host.Filter{Kinds: host.Fills})
	sum, err := s.Run(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	seen := 0
	for range fills {
		seen++
	}
	fmt.Println(s.State(), "by", sum.EndedBy, "and every fill was seen:", seen == sum.Fills && seen > 0)
	// Output: ended by for and every fill was seen: true
}

// A session that runs is steered from any goroutine; each call is back when the loop
// has done what it asks for.
func ExampleSession_Halt() {
	s, err := host.Open(context.Background(), host.Options{Scripts: []string{"testdata/busy.lua"}, Ledger: host.LedgerNone, Speed: 3600})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		defer stop()
		fmt.Println(s.Halt(ctx, "too much at once"))
		if now, err := s.Snapshot(ctx); err == nil {
			fmt.Println("halted:", now.Halted)
		}
	}()
	if _, err := s.Run(ctx); err != nil {
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// halted: too much at once
}
