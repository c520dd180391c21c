package projection

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/ledger"
)

func TestStrategiesOfEarlierRunsAreNumberedAsTheLedgerNamesThem(t *testing.T) {
	r := Roster{Running: []string{"a", "b"}}
	for _, tt := range []struct {
		name string
		want int32
		runs bool
	}{{"b", 1, true}, {"", -1, false}, {"old", 2, false}, {"older", 3, false}, {"old", 2, false}, {"a", 0, true}} {
		if got := r.Index(tt.name); got != tt.want || r.Runs(got) != tt.runs {
			t.Errorf("%q: index %d, runs %v; want %d, %v", tt.name, got, r.Runs(got), tt.want, tt.runs)
		}
	}
}

// What an effect leaves in the ledger is what a restorer finds there: an order that
// was half filled when its session broke off, and the latch.
func TestAnOrderComesBackWithItsFills(t *testing.T) {
	u, err := exchange.NewUniverse([]exchange.Instrument{{Venue: "spot", Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", Wallet: "spot",
		Tick: exchange.MustStep("0.01"), Lot: exchange.MustStep("0.001")}})
	if err != nil {
		t.Fatal(err)
	}
	db, err := ledger.Open(ledger.Options{Path: filepath.Join(t.TempDir(), "x.db"), Mode: ledger.Paper, Venue: "paper"})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	sess, err := db.CreateSession(ledger.Session{Account: "paper-1", Market: "m"})
	if err != nil {
		t.Fatal(err)
	}
	run, err := db.StartRun(ledger.Run{Session: sess.ID, Started: "2026-01-01T00:00:00Z"})
	if err != nil {
		t.Fatal(err)
	}
	w, err := db.NewWriter(run, ledger.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	in := u.Get(0)
	o := &exchange.Order{ID: 5, ClientID: "pl-5", Instrument: 0, Side: exchange.Buy, Price: 100_00, Qty: 10, Status: exchange.StatusAccepted, Created: 7}
	rows := Rows{Universe: u, Names: func(int32) string { return "gone" }}
	for seq, e := range []core.Effect{
		{Body: core.Submit{Order: o}},
		{Body: &core.Filled{Order: o, Fill: &exchange.Fill{Order: 5, Instrument: 0, Side: exchange.Buy, Price: 100_00, Qty: 4,
			Fee: decimal.NewFromInt(1), FeeAsset: "USDT", TradeID: "t1"}}},
		{Strategy: -1, Body: &core.HaltChanged{Reason: "enough"}},
	} {
		e.Seq, e.Time = uint64(seq+1), exchange.Time(seq+1)
		row, err := rows.Of(&e)
		if err != nil || row == nil {
			t.Fatal(row, err)
		}
		if err := w.Post(row); err != nil {
			t.Fatal(err)
		}
		w.Mark(e.Seq)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	snap, err := db.Restore("paper-1")
	if err != nil {
		t.Fatal(err)
	}
	var warned []string
	r := Restorer{DB: db, Account: "paper-1", Snapshot: snap, Universe: u, Roster: &Roster{}, Venue: true, Warn: func(s string) { warned = append(warned, s) }}
	got, err := r.Restore()
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Orders) != 1 || got.Orders[0].Filled != 4 || got.Orders[0].Qty != 10 || got.Orders[0].Strategy != 0 || got.Orders[0].Instrument != in.ID {
		t.Errorf("orders %+v", got.Orders)
	}
	if len(got.Fills) != 1 || got.Fills[0].Fill.Qty != 4 || got.Halted != "enough" || len(got.Absent) != 1 || got.Absent[0] != "gone" {
		t.Errorf("restored %+v", got)
	}
	if len(warned) != 1 || !strings.Contains(warned[0], "still halted") {
		t.Errorf("warned %q", warned)
	}
	if err := r.ExpireOrders(); err != nil {
		t.Fatal(err)
	}
	if snap, err = db.Restore("paper-1"); err != nil || len(snap.Orders) != 0 {
		t.Errorf("after they expired: %v, %v", snap.Orders, err)
	}
}
