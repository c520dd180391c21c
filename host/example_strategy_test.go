package host_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host"
)

// dips buys a hundredth of a coin every hour, and counts what it got.
type dips struct {
	btc exchange.InstrumentID
	n   int
}

func (d *dips) OnStart(p *host.Port) error {
	in, err := p.Universe().Lookup("spot:BTCUSDT")
	if err != nil {
		return err
	}
	d.btc = in.ID
	return p.SetTimer("buy", p.Now()+exchange.Hour, exchange.Hour)
}

func (d *dips) OnTimer(p *host.Port, _ string) error {
	if !p.Book(d.btc).Ready() {
		return nil // look again in an hour
	}
	in := p.Universe().Get(d.btc)
	p.Submit(exchange.Order{Instrument: d.btc, Side: exchange.Buy, Type: exchange.MarketOrder, TIF: exchange.IOC,
		Qty: exchange.Lots(in.Lot.Nearest(0.01))})
	return nil
}

func (d *dips) OnFill(_ *host.Port, f *exchange.Fill) error {
	d.n++
	return nil
}

func (*dips) Version() string { return "1" }

// A strategy in Go has the handlers that it needs, and runs beside scripts. Its session
// is replayed by the program that has it.
func ExampleGoStrategy() {
	dir, err := os.MkdirTemp("", "go")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	d := &dips{}
	strategy, err := host.GoStrategy("dips", []string{"spot:BTCUSDT"}, d)
	if err != nil {
		fmt.Println(err)
		return
	}
	sum, err := host.Run(context.Background(), &host.Options{
		Scripts: []string{"../scripts/funding_rotation.lua"}, Strategies: []host.Strategy{strategy},
		For: 12 * exchange.Hour, DB: filepath.Join(dir, "go.db"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("bought", d.n, "times")

	fresh := &dips{}
	again, err := host.GoStrategy("dips", []string{"spot:BTCUSDT"}, fresh)
	if err != nil {
		fmt.Println(err)
		return
	}
	res, err := host.ReplayWith(context.Background(), sum.Journal, host.ReplayOptions{Strategies: []host.Strategy{again}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("replayed:", res.Diff == nil, fresh.n == d.n)
	_, err = host.GoStrategy("empty", nil, struct{}{})
	fmt.Println(err)
	// Output:
	// bought 12 times
	// replayed: true true
	// strategy "empty": a struct {} has none of the handlers OnStart(*Port) error, OnBook(*Port, exchange.InstrumentID) error, …: see go doc host StartHandler
}
