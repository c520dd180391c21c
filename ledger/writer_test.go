package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// everyRow is one row of each kind for an event.
func everyRow(seq uint64) []Record {
	order := exchange.Order{ID: exchange.OrderID(seq), ClientID: fmt.Sprint("c-", seq), Pair: 1, Leg: 1, Side: exchange.Sell, Type: exchange.Limit,
		TIF: exchange.IOC, ReduceOnly: true, Price: 6_180_030, Qty: 1000, Filled: 400, Status: exchange.StatusPartial,
		VenueID: "77", Reason: "half", Created: at(seq).Time, Updated: at(seq).Time + 1}
	fill := fillRow(seq, perpBTC, exchange.Sell, "61800.3", "0.4")
	fill.Pair, fill.Maker, fill.Fee, fill.Realised, fill.Reason = 1, true, dec("-0.012"), dec("1.5"), "adl"
	return []Record{
		&OrderRow{At: at(seq), Order: order, Instrument: spotBTC, Strategy: "rotation"},
		fill,
		&FundingRow{At: at(seq), Instrument: perpBTC, Strategy: "rotation", Pair: 1, FundingPayment: exchange.FundingPayment{
			Settled: at(seq).Time, Rate: 10_000, Mark: 61800 * exchange.E8One, Position: -400, Amount: dec("2.472"), Asset: "USDT", TranID: fmt.Sprint(seq)}},
		&TransferRow{At: at(seq), Strategy: "rotation", Transfer: exchange.Transfer{ID: seq, Asset: "USDT", From: "spot", To: "usdm", Amount: dec("100")}},
		depositRow(seq, "0.000000000000000001"),
		&PairRow{At: at(seq), ID: exchange.PairID(seq), Strategy: "rotation", Spot: spotBTC, Perp: perpBTC, State: "opening", PerpQty: -400,
			OpenBasis: 0.0012, Notional: dec("5000"), Opened: at(seq).Time, MaxUnhedgedTime: 3},
		&EquityRow{At: at(seq), Amount: dec("1e3")},
		&StateRow{At: at(seq), Strategy: "rotation", Version: 2, JSON: `{"n":1}`},
		&VersionRow{At: at(seq), Strategy: "rotation", Version: 2, Hash: "abc", Path: "a.lua", Sources: []exchange.Source{{Path: "a.lua", Text: "return {}"}}, Outcome: "loaded"},
		&ChartRow{At: at(seq), Strategy: "rotation", Series: "basis", Value: 1.5},
		&ChartRow{At: at(seq), Strategy: "rotation", Series: "basis", Value: 1.5},
		&LogRow{At: at(seq), Strategy: "rotation", Level: "warn", Where: "a.lua:3", Text: "late"},
	}
}

var allTables = map[string]int{"orders": 1, "fills": 1, "funding": 1, "transfers": 1, "txn": 1, "posting": 2, "pairs": 1,
	"equity": 1, "strategy_state": 1, "strategy_version": 1, "chart": 2, "log": 1}

func TestEveryRowIsWrittenOnce(t *testing.T) {
	r := newRig(t, WriterOptions{})
	for range 2 { // the second time is a replay
		for seq := uint64(1); seq <= 3; seq++ {
			r.post(everyRow(seq)...)
		}
		r.sync()
		must(t, r.w.Close())
		for table, n := range allTables {
			if got := r.count(table); got != 3*n {
				t.Errorf("%s has %d rows, want %d", table, got, 3*n)
			}
		}
		var err error
		r.w, err = r.NewWriter(r.run, WriterOptions{})
		must(t, err)
		t.Cleanup(func() { _ = r.w.Close() })
	}
	must(t, r.Verify(context.Background()))
}

func TestQueriesReturnWhatWasWritten(t *testing.T) {
	r := newRig(t, WriterOptions{})
	r.post(everyRow(7)...)
	r.sync()
	f := Filter{Account: "paper-1", Strategy: "rotation", From: at(7).Time, To: at(7).Time + 1}
	fills, err := r.Fills(f)
	must(t, err)
	orders, err := r.Orders(f)
	must(t, err)
	pairs, err := r.Pairs(f)
	must(t, err)
	funding, err := r.Funding(f)
	must(t, err)
	equity, err := r.Equity(f)
	must(t, err)
	chart, err := r.Chart(f)
	must(t, err)
	logs, err := r.Log(f, LogFilter{})
	must(t, err)
	versions, err := r.Versions(f)
	must(t, err)
	if len(fills) != 1 || len(orders) != 1 || len(pairs) != 1 || len(funding) != 1 || len(equity) != 1 || len(chart) != 2 || len(logs) != 1 || len(versions) != 1 {
		t.Fatalf("counts %d %d %d %d %d %d %d %d", len(fills), len(orders), len(pairs), len(funding), len(equity), len(chart), len(logs), len(versions))
	}
	for what, pair := range map[string][2]any{
		"fill price": {fills[0].Price.String(), "61800.3"}, "fill qty": {fills[0].Qty.String(), "0.4"}, "fill fee": {fills[0].Fee.String(), "-0.012"},
		"fill side": {fills[0].Side, exchange.Sell}, "fill venue": {fills[0].Venue, exchange.Venue("usdm")}, "fill reason": {fills[0].Reason, "adl"},
		"fill pair": {fills[0].Pair, exchange.PairID(1)}, "fill order": {fills[0].Order, exchange.OrderID(7)}, "fill settle": {fills[0].Terms.Settle, "USDT"},
		"order price": {orders[0].Price.String(), "61800.3"}, "order filled": {orders[0].Filled.String(), "0.004"},
		"order tif": {orders[0].TIF, exchange.IOC}, "order status": {orders[0].Status, exchange.StatusPartial}, "order type": {orders[0].Type, exchange.Limit},
		"pair qty": {pairs[0].PerpQty.String(), "-0.4"}, "pair perp": {pairs[0].Perp, "usdm:BTCUSDT"}, "pair detail": {pairs[0].Detail, "{}"},
		"funding rate": {funding[0].Rate.String(), "0.0001"}, "funding position": {funding[0].Position.String(), "-0.4"},
		"equity": {equity[0].Amount.String(), "1000"}, "log": {logs[0].Where, "a.lua:3"}, "source": {versions[0].Sources[0].Text, "return {}"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %v, want %v", what, pair[0], pair[1])
		}
	}
	for name, f := range map[string]Filter{"account": {Account: "x"}, "strategy": {Strategy: "x"}, "symbol": {Symbol: "x"},
		"pair": {Pair: 99}, "from": {From: at(8).Time}, "to": {To: at(7).Time}} {
		if got, err := r.Fills(f); err != nil || len(got) != 0 {
			t.Errorf("filter by %s lets %d fills pass, %v", name, len(got), err)
		}
	}
}

func TestLaterStateWins(t *testing.T) {
	r := newRig(t, WriterOptions{})
	row := func(seq uint64, status exchange.OrderStatus) *OrderRow {
		return &OrderRow{At: at(seq), Instrument: spotBTC, Order: exchange.Order{ID: 1, Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Status: status}}
	}
	r.post(row(1, exchange.StatusNew), row(2, exchange.StatusAccepted), row(5, exchange.StatusFilled), row(2, exchange.StatusAccepted))
	r.sync()
	got, err := r.Orders(Filter{})
	must(t, err)
	if len(got) != 1 || got[0].Status != exchange.StatusFilled {
		t.Errorf("order is %+v, want filled", got)
	}
}

func TestStateKeepsTheLastTwenty(t *testing.T) {
	r := newRig(t, WriterOptions{})
	for seq := uint64(1); seq <= 50; seq++ {
		r.post(&StateRow{At: at(seq), Strategy: "a", JSON: fmt.Sprint(seq)}, &StateRow{At: at(seq), Strategy: "b", JSON: "b"})
	}
	r.sync()
	if n := r.count("strategy_state"); n != 40 {
		t.Errorf("%d states kept, want 40", n)
	}
	s, err := r.Restore("paper-1")
	must(t, err)
	if len(s.States) != 2 || s.States[0].JSON != "50" {
		t.Errorf("latest states %+v", s.States)
	}
}

func TestUnbalancedTxnIsRefused(t *testing.T) {
	r := newRig(t, WriterOptions{})
	bad := &TxnRow{At: at(1), Kind: "fill", Ref: "x", Postings: []exchange.Posting{
		{Account: "A:spot", Asset: "USDT", Amount: dec("-10")}, {Account: "T:x", Asset: "USDT", Amount: dec("10")}, {Account: "A:spot", Asset: "BTC", Amount: dec("0.1")}, {Account: "T:x", Asset: "BTC", Amount: dec("-0.10000000000000000001")}}}
	if err := r.w.Post(bad); !errors.Is(err, ErrUnbalanced) || !strings.Contains(err.Error(), "BTC") {
		t.Errorf("%v, want ErrUnbalanced that names BTC", err)
	}
	if err := r.w.Post(&TxnRow{At: at(1)}); err == nil {
		t.Error("a txn without postings is taken")
	}
	if err := r.w.Post(&FillRow{At: at(1)}); err == nil {
		t.Error("a fill without an instrument is taken")
	}
	r.post(depositRow(2, "5"))
	r.sync()
	if r.count("txn") != 1 || r.w.Err() != nil {
		t.Errorf("%d txns, %v", r.count("txn"), r.w.Err())
	}
}

func TestMoneyTablesAreAppendOnly(t *testing.T) {
	r := newRig(t, WriterOptions{})
	r.post(everyRow(1)...)
	r.sync()
	for _, table := range []string{"txn", "posting", "fills", "funding"} {
		for _, query := range []string{"DELETE FROM " + table, "UPDATE " + table + " SET account = 'x'", "UPDATE " + table + " SET kind = 'x'"} {
			if _, err := r.exec(query); err == nil {
				t.Errorf("%s succeeded", query)
			}
		}
		if _, err := r.exec("DELETE FROM " + table); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("delete from %s: %v", table, err)
		}
	}
}

func TestCursor(t *testing.T) {
	r := newRig(t, WriterOptions{})
	cursor := func() uint64 {
		t.Helper()
		n, err := r.Committed(r.run.ID)
		must(t, err)
		return n
	}
	r.post(depositRow(5, "1"), depositRow(9, "1"))
	r.sync()
	if got := cursor(); got != 8 {
		t.Errorf("cursor %d before the mark: event 9 may have more rows, want 8", got)
	}
	r.w.Mark(9)
	r.sync()
	if got := cursor(); got != 9 {
		t.Errorf("cursor %d after Mark(9)", got)
	}
	r.w.Mark(40) // 31 events without rows
	r.post(depositRow(41, "1"))
	r.sync()
	if got := cursor(); got != 40 {
		t.Errorf("cursor %d, want 40", got)
	}
	s, err := r.Session("paper-1")
	must(t, err)
	if s.LastTime != at(41).Time {
		t.Errorf("last time %v, want %v", s.LastTime, at(41).Time)
	}
}

// A mark may only count for rows that were posted before it, also when they are
// committed in several transactions.
func TestCursorNeverPassesUncommittedRows(t *testing.T) {
	r := newRig(t, WriterOptions{Batch: 3, Delay: time.Microsecond})
	for seq := uint64(1); seq <= 400; seq++ {
		r.post(depositRow(seq, "1"), &LogRow{At: at(seq), Level: "warn"}, &LogRow{At: at(seq), Level: "warn"}, &LogRow{At: at(seq), Level: "warn"})
		r.w.Mark(seq)
		var cursor, rows uint64
		must(t, r.read.QueryRow("SELECT committed_seq, (SELECT count(*) FROM log WHERE seq <= committed_seq) FROM run").Scan(&cursor, &rows))
		if rows != 3*cursor {
			t.Fatalf("cursor %d, but %d rows up to it, want %d", cursor, rows, 3*cursor)
		}
	}
}

func TestDiskFull(t *testing.T) {
	r := newRig(t, WriterOptions{Queue: 300, Batch: 16, Retry: time.Millisecond})
	r.post(depositRow(1, "1"))
	r.sync()
	var pages int
	must(t, r.write.QueryRow("PRAGMA page_count").Scan(&pages))
	limit := func(n int) {
		t.Helper()
		var got int
		must(t, r.write.QueryRow(fmt.Sprintf("PRAGMA max_page_count = %d", n)).Scan(&got))
	}
	limit(pages + 2)

	posted := uint64(1)
	var err error
	for err == nil && posted < 100_000 {
		if err = r.w.Post(depositRow(posted+1, "1")); err == nil {
			posted++
		}
	}
	if !errors.Is(err, ErrFull) {
		t.Fatalf("after %d rows: %v, want ErrFull", posted, err)
	}
	if err := r.w.Sync(context.Background()); !errors.Is(err, ErrFull) {
		t.Errorf("sync on a full disk: %v", err)
	}
	if !errors.Is(r.w.Err(), ErrFull) {
		t.Errorf("Err is %v", r.w.Err())
	}
	safe := r.count("txn")
	if safe == 0 || uint64(safe)+uint64(r.w.Pending()) != posted {
		t.Errorf("%d rows in the ledger and %d waiting, posted %d", safe, r.w.Pending(), posted)
	}
	must(t, r.Verify(context.Background()))

	limit(1 << 30)
	r.sync()
	if n := r.count("txn"); uint64(n) != posted || r.w.Err() != nil {
		t.Errorf("%d rows after space was freed, posted %d, %v", n, posted, r.w.Err())
	}
	must(t, r.Verify(context.Background()))
}

func TestFinalFailureEndsTheWriter(t *testing.T) {
	r := newRig(t, WriterOptions{})
	_, err := r.exec("DROP TABLE log")
	must(t, err)
	r.post(&LogRow{At: at(1)})
	if err := r.w.Sync(context.Background()); err == nil || !strings.Contains(err.Error(), "log") {
		t.Fatalf("sync: %v, want an error that names the table", err)
	}
	if err := r.w.Post(depositRow(2, "1")); err == nil {
		t.Error("a failed writer takes rows")
	}
	if err := r.w.Close(); err == nil {
		t.Error("Close hides that a row was lost")
	}
}

// A trade id that comes again must be the same execution: otherwise one of the
// two would be missing from the position.
func TestReusedTradeIDIsRefused(t *testing.T) {
	r := newRig(t, WriterOptions{})
	r.post(fillRow(1, spotBTC, exchange.Buy, "100", "1"))
	again := fillRow(1, spotBTC, exchange.Buy, "100", "1")
	again.At = at(2)
	r.post(again, fillRow(1, perpBTC, exchange.Buy, "100", "1")) // another instrument has its own ids
	r.sync()
	if n := r.count("fills"); n != 2 {
		t.Errorf("%d fills, want 2", n)
	}
	other := fillRow(1, spotBTC, exchange.Buy, "100", "2")
	other.At = at(3)
	r.post(other)
	if err := r.w.Sync(context.Background()); !errors.Is(err, ErrConflict) {
		t.Errorf("another fill with the same trade id: %v, want ErrConflict", err)
	}
}

func TestClosedWriter(t *testing.T) {
	r := newRig(t, WriterOptions{Delay: time.Hour})
	r.post(depositRow(1, "1"))
	must(t, r.w.Close())
	must(t, r.w.Close())
	if r.count("txn") != 1 {
		t.Error("Close did not commit what was posted")
	}
	if err := r.w.Post(depositRow(2, "1")); !errors.Is(err, ErrClosed) {
		t.Errorf("post after Close: %v", err)
	}
}

func TestSyncHonoursItsContext(t *testing.T) {
	r := newRig(t, WriterOptions{})
	tx, err := r.write.Begin() // takes the only writing connection
	must(t, err)
	r.post(depositRow(1, "1"))
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := r.w.Sync(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("sync: %v, want the deadline", err)
	}
	must(t, tx.Rollback())
	r.sync()
}

func TestPostBlocksWhenTheQueueIsFull(t *testing.T) {
	r := newRig(t, WriterOptions{Queue: 4})
	tx, err := r.write.Begin()
	must(t, err)
	done := make(chan error)
	go func() {
		var err error
		for seq := uint64(1); seq <= 100 && err == nil; seq++ {
			err = r.w.Post(depositRow(seq, "1"))
		}
		done <- err
	}()
	for r.w.Pending() < 4 {
		time.Sleep(time.Millisecond)
	}
	select {
	case err := <-done:
		t.Fatalf("100 rows went into a queue of 4: %v", err)
	default:
	}
	must(t, tx.Rollback())
	must(t, <-done)
	r.sync()
	if n := r.count("txn"); n != 100 {
		t.Errorf("%d rows, want 100", n)
	}
}

func TestHugeAmountsAreExact(t *testing.T) {
	r := newRig(t, WriterOptions{})
	big := dec("123456789012345678901234567890.123456789012345678")
	r.post(&TxnRow{At: at(1), Kind: "deposit", Ref: "1", Postings: []exchange.Posting{{Account: "A:spot", Asset: "PEPE", Amount: big}, {Account: "Q:opening", Asset: "PEPE", Amount: big.Neg()}}})
	r.post(&TxnRow{At: at(2), Kind: "deposit", Ref: "2", Postings: []exchange.Posting{{Account: "A:spot", Asset: "PEPE", Amount: dec("1e-18")}, {Account: "Q:opening", Asset: "PEPE", Amount: dec("-1e-18")}}})
	r.sync()
	got, err := r.Balances("paper-1")
	must(t, err)
	if want := big.Add(decimal.New(1, -18)); len(got) != 1 || !got[0].Amount.Equal(want) {
		t.Errorf("balances %v, want %v", got, want)
	}
}

// A transaction ends where an event ends, so that a crash between two of them
// never shows a fill without the money it moved.
func TestNoEventIsHalfWritten(t *testing.T) {
	for _, tt := range []struct {
		name   string
		seqs   []uint64
		marked uint64
		syncs  int
		want   int
	}{
		{"all whole", []uint64{1, 1, 2}, 2, 0, 3},
		{"the last is being posted", []uint64{1, 1, 2}, 1, 0, 2},
		{"the only one is being posted", []uint64{2, 2}, 1, 0, 0},
		{"a batch ends inside an event", []uint64{1, 1, 2, 2, 2, 3}, 3, 0, 2},
		{"a batch ends with an event", []uint64{1, 2, 2, 2, 3}, 3, 0, 4},
		{"an event is larger than a batch", []uint64{1, 1, 1, 1, 1, 1, 2}, 2, 0, 6},
		{"somebody waits", []uint64{1, 1, 2}, 1, 1, 3},
		{"the queue is full of one event", []uint64{2, 2, 2, 2, 2, 2, 2, 2}, 1, 0, 8},
		{"nothing is ever marked", []uint64{1, 1, 2}, 0, 0, 3},
	} {
		w := &Writer{o: WriterOptions{Batch: 4, Queue: 8}, marked: tt.marked, syncs: tt.syncs}
		for _, seq := range tt.seqs {
			w.queue = append(w.queue, &LogRow{At: at(seq)})
		}
		if got := w.cut(); got != tt.want {
			t.Errorf("%s: takes %d rows, want %d", tt.name, got, tt.want)
		}
	}
}

// A fill is dated by its venue though it was heard of later, and the session ends with what
// was heard last.
func TestAFillIsDatedByItsVenue(t *testing.T) {
	r := newRig(t, WriterOptions{})
	row := fillRow(9, spotBTC, exchange.Buy, "50000", "0.1")
	row.Traded = at(5).Time
	r.post(row)
	r.sync()
	list, err := r.Fills(Filter{})
	must(t, err)
	s, err := r.Session("paper-1")
	must(t, err)
	if len(list) != 1 || list[0].Time != at(5).Time || s.LastTime != at(9).Time {
		t.Errorf("%+v, the session is of %s", list, s.LastTime)
	}
}
