package host

import (
	"context"
	"errors"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/ledger"
)

// The figures of each run cover that run, and a session that goes on says what all of
// them made: what the ledger says of it.
func TestASummaryAgreesWithTheLedger(t *testing.T) {
	perp, side := exchange.NoInstrument, exchange.Buy
	trader := &gopher{name: "trader", wants: []core.Handler{core.OnStart, core.OnTimer}, call: func(p *core.Port, n *core.Callback) error {
		if n.Handler == core.OnStart {
			return p.SetTimer("t", p.Now()+10*exchange.Minute, 10*exchange.Minute)
		}
		in, err := p.Universe().Lookup("usdm:BTCUSDT")
		if err != nil {
			return err
		}
		perp = in.ID
		touch, _ := p.Book(perp).Level(side.Opposite(), 1)
		p.Submit(exchange.Order{Instrument: perp, Side: side, Type: exchange.Limit, TIF: exchange.IOC, Price: touch.Price, Qty: 100})
		side = side.Opposite()
		return nil
	}}
	o := gopherOptions(t, trader)
	var fees, funding decimal.Decimal
	for run := range 3 {
		o.For = exchange.Time(9+run) * exchange.Hour
		sum, err := Run(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		if sum.Fees.IsZero() || (run > 0) != sum.Resumed || !sum.OthersFees.IsZero() || !sum.OthersFunding.IsZero() {
			t.Fatalf("run %d: fees %s, resumed %v; others' fees %s and funding %s", run, sum.Fees, sum.Resumed, sum.OthersFees, sum.OthersFunding)
		}
		fees, funding = fees.Add(sum.Fees.Decimal), funding.Add(sum.Funding.Decimal)
		if run == 0 {
			if sum.Whole != nil {
				t.Errorf("the first run is the whole session, and has totals beside it: %+v", sum.Whole)
			}
			continue
		}
		db, err := ledger.Open(ledger.Options{Path: o.DB, Mode: ledger.Paper, Venue: "paper"})
		if err != nil {
			t.Fatal(err)
		}
		list, err := db.PnL(ledger.Filter{Account: sum.Session})
		if err = errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		if len(list) != 1 || len(sum.Whole) != 1 {
			t.Fatalf("%d lines of profit, totals %+v: want one of each", len(list), sum.Whole)
		}
		if w, l := sum.Whole[0], list[0]; !w.Fees.Equal(fees) || !w.Funding.Sub(funding).Round(6).IsZero() || !w.Fees.Equal(l.Fees) || !w.Net.Equal(l.Net) {
			t.Errorf("run %d: the session made %+v, the ledger has %+v, the runs' fees are %s and their funding %s", run, w, l, fees, funding)
		}
	}
}
