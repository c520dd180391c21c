package export

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger"
)

var btc = func() *exchange.Instrument {
	u, err := exchange.NewUniverse([]exchange.Instrument{{Venue: "spot", Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT",
		Tick: exchange.MustStep("0.01"), Lot: exchange.MustStep("0.00001")}})
	if err != nil {
		panic(err)
	}
	return u.Get(0)
}()

const hostile = `=HYPERLINK("http://x","y"), and "more"`

// written is a ledger with some rows, whose writer is still there.
func written(t *testing.T) (*ledger.DB, *ledger.Writer) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.db")
	db, err := ledger.Open(ledger.Options{Path: path, Mode: ledger.Paper, Venue: "binance"})
	must(t, err)
	s, err := db.CreateSession(ledger.Session{Account: "paper-1", Market: "synth", Seed: 1, Started: exchange.Date(2026, 1, 1)})
	must(t, err)
	run, err := db.StartRun(ledger.Run{Session: s.ID, Started: "2026-01-01T00:00:00Z"})
	must(t, err)
	w, err := db.NewWriter(run, ledger.WriterOptions{})
	must(t, err)
	t.Cleanup(func() { _ = w.Close(); _ = db.Close() })
	for seq := uint64(1); seq <= 3; seq++ {
		must(t, w.Post(fill(seq)))
	}
	must(t, w.Sync(context.Background()))
	return db, w
}

func fill(seq uint64) *ledger.FillRow {
	return &ledger.FillRow{At: ledger.At{Seq: seq, Time: exchange.Date(2026, 1, int(seq)) + 123456789}, Instrument: btc, Strategy: hostile, ClientID: fmt.Sprint("c-", seq),
		Fill: exchange.Fill{Order: exchange.OrderID(seq - 1), TradeID: fmt.Sprint(seq), Side: exchange.Sell, Price: 9000012, Qty: 25,
			Fee: decimal.RequireFromString("-0.000000000000000001"), FeeAsset: "USDT"}}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A Parquet file has the types that it promises, exact amounts, and columns in their order.
func TestParquet(t *testing.T) {
	db, w := written(t)
	dir := t.TempDir()
	files, err := Export(context.Background(), db, Options{Dir: dir, Format: Parquet})
	must(t, err)
	if len(files) != len(Tables()) || files[0].Rows != 3 {
		t.Fatalf("%+v", files)
	}
	in, err := os.Open(filepath.Join(dir, "fills.parquet"))
	must(t, err)
	defer in.Close()
	info, err := in.Stat()
	must(t, err)
	p, err := parquet.OpenFile(in, info.Size())
	must(t, err)
	var names []string
	for _, c := range p.Schema().Fields() {
		names = append(names, c.Name())
	}
	for i, c := range Tables()[0].Columns {
		if names[i] != c.Name {
			t.Fatalf("columns %v, want those of the table in their order", names)
		}
	}
	for column, want := range map[string]string{"time": "TIMESTAMP(isAdjustedToUTC=true,unit=NANOS)", "price": "DECIMAL(38,18)", "strategy": "STRING"} {
		if got := p.Schema().Fields()[slices.Index(names, column)].Type().LogicalType().String(); got != want {
			t.Errorf("%s is %s, want %s", column, got, want)
		}
	}
	rows := make([]parquet.Row, 4)
	n, err := p.RowGroups()[0].Rows().ReadRows(rows)
	if n != 3 || err != nil && !errors.Is(err, io.EOF) {
		t.Fatalf("%d rows, %v", n, err)
	}
	first := rows[0]
	if at := first[slices.Index(names, "time")].Int64(); at != int64(exchange.Date(2026, 1, 1))+123456789 {
		t.Errorf("time %d", at)
	}
	if text := first[slices.Index(names, "strategy")].String(); text != hostile {
		t.Errorf("strategy %q", text)
	}
	if raw := fmt.Sprintf("%x", first[slices.Index(names, "fee")].ByteArray()); raw != strings.Repeat("f", 32) {
		t.Errorf("fee is %s, want -1 of the smallest unit", raw)
	}
	if raw := fmt.Sprintf("%x", first[slices.Index(names, "price")].ByteArray()); raw != fmt.Sprintf("%032x", decimal.RequireFromString("90000.12").Shift(18).BigInt()) {
		t.Errorf("price is %s", raw)
	}
	if !first[slices.Index(names, "order_id")].IsNull() || rows[1][slices.Index(names, "order_id")].IsNull() {
		t.Error("an order that is none is not null, or one that is")
	}

	x := fill(4)
	x.Fill.Fee = decimal.RequireFromString("0.0000000000000000001")
	must(t, w.Post(x))
	must(t, w.Sync(context.Background()))
	files, err = Export(context.Background(), db, Options{Dir: t.TempDir(), Format: Parquet, Tables: []string{"fills"}})
	if must(t, err); !slices.Equal(files[0].Text, []string{"fee"}) || files[0].Rows != 4 {
		t.Errorf("%+v: want fee as text, because it does not fit", files[0])
	}
}

// A CSV file reads back as what was written, but for what a spreadsheet would run.
func TestCSV(t *testing.T) {
	db, _ := written(t)
	dir := t.TempDir()
	o := Options{Dir: dir, Format: CSV, Tables: []string{"fills"}, From: exchange.Date(2026, 1, 2), To: exchange.Date(2026, 1, 3), Session: "paper-1"}
	_, err := Export(context.Background(), db, o)
	must(t, err)
	raw, err := os.ReadFile(filepath.Join(dir, "fills.csv"))
	must(t, err)
	list, err := csv.NewReader(strings.NewReader(string(raw))).ReadAll()
	must(t, err)
	if len(list) != 2 || !strings.Contains(string(raw), "\r\n") {
		t.Fatalf("%q: want a header and the row of one day", raw)
	}
	row := map[string]string{}
	for i, name := range list[0] {
		row[name] = list[1][i]
	}
	for name, want := range map[string]string{"time": "2026-01-02T00:00:00.123456789Z", "strategy": "'" + hostile, "fee": "-0.000000000000000001", "order_id": "1", "maker": "false"} {
		if row[name] != want {
			t.Errorf("%s is %q, want %q", name, row[name], want)
		}
	}
	if _, err := Export(context.Background(), db, o); !errors.Is(err, ledger.ErrExists) {
		t.Errorf("once more: %v, want that the file exists", err)
	}
	if again, err := os.ReadFile(filepath.Join(dir, "fills.csv")); err != nil || string(again) != string(raw) {
		t.Errorf("the file is another: %v", err)
	}
}

// An export that breaks off leaves nothing.
func TestExportInterrupted(t *testing.T) {
	db, _ := written(t)
	dir := t.TempDir()
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := Export(ctx, db, Options{Dir: dir, Format: Parquet}); err == nil {
		t.Error("it went on")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
}

// All tables of an export are of one moment: what is written meanwhile is in none of them.
func TestExportIsOfOneMoment(t *testing.T) {
	db, w := written(t)
	must(t, db.At(context.Background(), func(v *ledger.View) error {
		o, tables := Options{Dir: t.TempDir(), Format: CSV}, Tables()
		before, err := o.write(context.Background(), v, &tables[0], o.Dir)
		must(t, err)
		must(t, w.Post(fill(5)))
		must(t, w.Sync(context.Background()))
		after, err := o.write(context.Background(), v, &tables[0], o.Dir)
		if must(t, err); before.Rows != after.Rows {
			t.Errorf("%d rows, and %d after one was written", before.Rows, after.Rows)
		}
		return nil
	}))
}
