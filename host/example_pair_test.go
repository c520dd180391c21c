package host_test

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host"
)

// carry holds a coin and is short its perpetual, for the funding.
type carry struct{ states []host.PairState }

func (c *carry) OnStart(p *host.Port) error { return p.SetTimer("open", p.Now()+exchange.Minute, 0) }

func (c *carry) OnTimer(p *host.Port, _ string) error {
	spot, err := p.Universe().Lookup("spot:BTCUSDT")
	if err != nil {
		return err
	}
	perp, err := p.Universe().Lookup("usdm:BTCUSDT")
	if err != nil {
		return err
	}
	_, err = p.OpenPair(host.PairRequest{Spot: spot.ID, Perp: perp.ID, Notional: decimal.NewFromInt(4000), Style: host.PairTaker})
	return err
}

func (c *carry) OnPair(p *host.Port, x *host.Pair) error {
	if n := len(c.states); n > 0 && c.states[n-1] == x.State {
		return nil // a fill
	}
	c.states = append(c.states, x.State)
	if x.State == host.PairOpen {
		return p.ClosePair(host.CloseRequest{Pair: x.ID, Reason: "that was all"})
	}
	return nil
}

// A strategy written in Go opens a hedged pair and closes it. Whatever a Port takes and gives
// has a name in host.
func ExamplePairRequest() {
	c := &carry{}
	s, err := host.GoStrategy("carry", []string{"spot:BTCUSDT", "usdm:BTCUSDT"}, c)
	if err != nil {
		fmt.Println(err)
		return
	}
	sum, err := host.Run(context.Background(), &host.Options{Strategies: []host.Strategy{s}, For: exchange.Hour, Ledger: host.LedgerNone})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.states, sum.Errors)
	// Output: [opening open closing closed] 0
}
