package ledger

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/perilune/perilune/exchange"
)

func TestMain(m *testing.M) {
	if path := os.Getenv("LEDGER_CRASH_CHILD"); path != "" {
		crashChild(path)
		return
	}
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

var universe = func() *exchange.Universe {
	u, err := exchange.NewUniverse([]exchange.Instrument{
		{Venue: "spot", Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", Tick: exchange.MustStep("0.01"), Lot: exchange.MustStep("0.00001")},
		{Venue: "usdm", Contract: exchange.Linear, Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("0.001")},
		{Venue: "coinm", Contract: exchange.Inverse, Symbol: "BTCUSD_PERP", Base: "BTC", Quote: "USD", Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("1"),
			ContractSize: decimal.NewFromInt(100)},
	})
	if err != nil {
		panic(err)
	}
	return u
}()

var (
	spotBTC = find("spot", "BTCUSDT")
	perpBTC = find("usdm", "BTCUSDT")
	coinBTC = find("coinm", "BTCUSD_PERP")
)

func find(v exchange.Venue, symbol string) *exchange.Instrument {
	in, ok := universe.Find(v, symbol)
	if !ok {
		panic(symbol)
	}
	return in
}

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func paperAt(path string) Options { return Options{Path: path, Mode: Paper, Venue: "binance"} }

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "ledger.db") }

func openLedger(t testing.TB, o Options) *DB {
	t.Helper()
	db, err := Open(o)
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// rig is a ledger with a session, a run and a writer.
type rig struct {
	*DB
	run *Run
	w   *Writer
	t   testing.TB
}

func newRig(t testing.TB, o WriterOptions) *rig {
	t.Helper()
	db := openLedger(t, paperAt(newPath(t)))
	s, err := db.CreateSession(Session{Account: "paper-1", Market: "synth", Seed: 1<<64 - 1, Started: exchange.Date(2026, 1, 1)})
	must(t, err)
	run, err := db.StartRun(Run{Session: s.ID, Started: "2026-02-01T00:00:00Z", Scripts: []string{"a.lua"}, Journal: "j/1"})
	must(t, err)
	w, err := db.NewWriter(run, o)
	must(t, err)
	t.Cleanup(func() { _ = w.Close() })
	return &rig{db, run, w, t}
}

func (r *rig) post(rows ...Record) {
	r.t.Helper()
	for _, row := range rows {
		must(r.t, r.w.Post(row))
	}
}

func (r *rig) sync() {
	r.t.Helper()
	must(r.t, r.w.Sync(context.Background()))
}

func (r *rig) count(table string) (n int) {
	r.t.Helper()
	must(r.t, r.DB.read.QueryRow("SELECT count(*) FROM "+table).Scan(&n))
	return n
}

func at(seq uint64) At {
	return At{Seq: seq, Time: exchange.Date(2026, 1, 1) + exchange.Time(seq)*exchange.Second}
}

// fillRow is fill number n of an instrument.
func fillRow(seq uint64, in *exchange.Instrument, side exchange.Side, price, qty string) *FillRow {
	p, _ := in.Tick.Exact(dec(price))
	q, _ := in.Lot.Exact(dec(qty))
	return &FillRow{At: at(seq), Instrument: in, Strategy: "rotation", ClientID: fmt.Sprintf("c-%d", seq),
		Fill: exchange.Fill{Order: exchange.OrderID(seq), VenueID: "v", TradeID: fmt.Sprint(seq), Instrument: in.ID,
			Side: side, Price: exchange.Ticks(p), Qty: exchange.Lots(q), Fee: decimal.Zero, FeeAsset: in.Settle()}}
}

func depositRow(seq uint64, amount string) *TxnRow {
	return &TxnRow{At: at(seq), Kind: "deposit", Ref: fmt.Sprint(seq), Postings: []exchange.Posting{
		{Account: "A:spot", Asset: "USDT", Amount: dec(amount)}, {Account: "Q:opening", Asset: "USDT", Amount: dec(amount).Neg()}}}
}
