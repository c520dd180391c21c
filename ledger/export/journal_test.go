package export

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger"
	"github.com/perilune/perilune/ledger/journal"
)

// saw writes the journal of a run: a timer, a trade, a bar, and what was decided at it.
func saw(t *testing.T, dir string) {
	t.Helper()
	header, err := json.Marshal(map[string]any{"Instruments": []exchange.Instrument{*btc}})
	must(t, err)
	w, err := journal.Create(dir, header, journal.Options{})
	must(t, err)
	add := func(kind byte, data []byte) { must(t, w.Append(kind, data)) }
	at := exchange.Date(2026, 1, 2)
	for _, ev := range []exchange.Event{
		{Kind: exchange.KindTimer, Time: at, Seq: 1, Name: "tick"},
		{Kind: exchange.KindTrade, Time: at + 2, VenueTime: at + 1, Seq: 2, ID: 77, Price: 9000012, Qty: 25, Side: exchange.Sell},
		{Kind: exchange.KindBar, Time: at + 3, Seq: 3, Bar: exchange.Bar{Open: 100, High: 300, Low: 50, Close: 200, Volume: 1.5, Interval: exchange.Minute}},
	} {
		add(journal.RecordEvent, journal.AppendEvent(nil, &ev))
	}
	add(journal.RecordEffect, []byte("submit id=1 side=buy"))
	must(t, w.Close())
}

func TestJournalsAreExportedBesideTheLedger(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "ledger.db")
	db, err := ledger.Open(ledger.Options{Path: path, Mode: ledger.Paper, Venue: "binance"})
	must(t, err)
	defer db.Close()
	s, err := db.CreateSession(ledger.Session{Account: "paper-1", Market: "synth", Seed: 1, Started: exchange.Date(2026, 1, 1)})
	must(t, err)
	_, err = db.StartRun(ledger.Run{Session: s.ID, Started: "2026-01-01T00:00:00Z", Journal: "elsewhere/paper-1-run-1"})
	must(t, err)
	o := Options{Dir: filepath.Join(dir, "out"), Format: CSV, Tables: []string{"trades", "bars", "events", "effects", "fills"}, Journals: dir}
	if _, err := Export(context.Background(), db, o); err == nil || !strings.Contains(err.Error(), "no run has a journal") {
		t.Errorf("without journals: %v", err)
	}
	saw(t, filepath.Join(dir, "paper-1-run-1"))
	files, err := Export(context.Background(), db, o)
	must(t, err)
	rows := map[string]int64{}
	for _, f := range files {
		rows[f.Table] = f.Rows
	}
	if len(files) != 5 || rows["trades"] != 1 || rows["bars"] != 1 || rows["events"] != 3 || rows["effects"] != 1 || rows["fills"] != 0 {
		t.Errorf("files %+v", files)
	}
	for table, want := range map[string]string{
		"trades":  "paper-1,2026-01-02T00:00:00.000000002Z,2026-01-02T00:00:00.000000001Z,spot,BTCUSDT,90000.12,0.00025,sell,77,1,2",
		"bars":    "paper-1,2026-01-02T00:00:00.000000003Z,,spot,BTCUSDT,60000000000,1,3,0.5,2,1.5,1,3",
		"events":  "paper-1,2026-01-02T00:00:00.000000000Z,,,,timer,,,,,,tick,1,1",
		"effects": "paper-1,2026-01-02T00:00:00.000000003Z,submit,submit id=1 side=buy,1,3",
	} {
		text, err := os.ReadFile(filepath.Join(o.Dir, table+".csv"))
		must(t, err)
		if !strings.Contains(string(text), want) {
			t.Errorf("%s: want the row %s in\n%s", table, want, text)
		}
	}
	o.Dir, o.Format, o.From = filepath.Join(dir, "later"), Parquet, exchange.Date(2026, 1, 3)
	files, err = Export(context.Background(), db, o)
	must(t, err)
	for _, f := range files {
		if f.Rows != 0 || f.Bytes == 0 {
			t.Errorf("of later: %+v", f)
		}
	}
}
