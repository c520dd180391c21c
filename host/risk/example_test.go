package risk_test

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/risk"
)

// Every order passes the gate. One that only reduces passes while the latch is
// tripped.
func Example() {
	in := &exchange.Instrument{Venue: "binance.usdm", Symbol: "BTCUSDT", Contract: exchange.Linear, Base: "BTC", Quote: "USDT",
		Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("0.001"), Multiplier: 1}
	gate := risk.New(risk.Limits{MaxOrderNotional: decimal.NewFromInt(10_000)})
	now := risk.Market{Now: exchange.Second, Ready: true, Bid: 599_999, Ask: 600_001, Position: 100}
	buy := exchange.Order{Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.IOC, Price: 600_100, Qty: 200}
	sell := exchange.Order{Side: exchange.Sell, Type: exchange.Limit, TIF: exchange.IOC, Price: 599_900, Qty: 100, ReduceOnly: true}

	fmt.Println(gate.Check(in, &buy, now))
	buy.Qty = 50
	fmt.Println(gate.Check(in, &buy, now))
	gate.Kill("a person said so")
	fmt.Println(gate.Check(in, &buy, now))
	fmt.Println(gate.Check(in, &sell, now))
	// Output:
	// risk: order notional: buy 0.2 usdm:BTCUSDT is worth 12002.00 (limit 10000)
	// <nil>
	// risk: kill latch: a person said so
	// <nil>
}
