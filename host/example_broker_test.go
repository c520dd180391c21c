package host_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host"
)

// otc is a broker that fills every order at once at its own price: the book's, and a tick
// worse.
type otc struct{ asked int }

func (b *otc) Describe() host.BrokerInfo {
	return host.BrokerInfo{Name: "otc", Version: "1", Notes: []string{"every order is filled a tick beyond the book"}}
}

func (b *otc) Open(_ context.Context, s *host.BrokerSession) (exchange.Execution, error) {
	return &otcSession{s: s, broker: b}, nil
}

type otcSession struct {
	s      *host.BrokerSession
	broker *otc
	trades int
}

func (x *otcSession) Submit(o *exchange.Order, now exchange.Time) {
	x.broker.asked++
	x.trades++
	level, _ := x.s.Book(o.Instrument).Level(-o.Side, 1)
	fill := &exchange.Fill{Order: o.ID, TradeID: strconv.Itoa(x.trades), Instrument: o.Instrument, Side: o.Side,
		Price: level.Price + exchange.Ticks(o.Side), Qty: o.Qty, Fee: decimal.RequireFromString("0.10"), FeeAsset: "USDT"}
	for _, ev := range []exchange.Event{
		{Kind: exchange.KindOrder, Update: exchange.OrderUpdate{ID: o.ID, VenueID: fmt.Sprint("otc-", o.ID), Status: exchange.StatusAccepted}},
		{Kind: exchange.KindFill, Fill: fill, Time: now + 50*exchange.Millisecond}, // when the desk calls back
	} {
		if err := x.s.Post(ev); err != nil {
			fmt.Println(err)
		}
	}
}

func (x *otcSession) Cancel(id exchange.OrderID, _ exchange.Time) {
	late := exchange.OrderUpdate{ID: id, Status: exchange.StatusAccepted, CancelRejected: true, Reason: "the desk does not take orders back"}
	if err := x.s.Post(exchange.Event{Kind: exchange.KindOrder, Update: late}); err != nil {
		fmt.Println(err)
	}
}

func (x *otcSession) Transfer(*exchange.Transfer, exchange.Time) {}

// Orders of a session go to a broker of one's own. What it answered is in the journal: a
// replay asks nobody.
func ExampleBroker() {
	script, remove, err := writeScript(swinger)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remove()
	dir, err := os.MkdirTemp("", "broker")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	desk := &otc{}
	sum, err := host.Run(context.Background(), &host.Options{
		Scripts: []string{script}, Source: swing(), Broker: desk, DB: filepath.Join(dir, "otc.db"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(sum.Broker, "orders:", desk.asked, "fills:", sum.Fills, "fees:", sum.Fees)
	again, err := host.Replay(context.Background(), sum.Journal)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("differs:", again.Diff != nil, "orders:", desk.asked)
	// Output:
	// otc@1 orders: 25 fills: 25 fees: 2.5
	// differs: false orders: 25
}
