package ledger

import (
	"context"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// What one market order would have cost is kept with a schedule. Of one that an earlier
// version began it is not known, which is not 0.
func TestAtOnce(t *testing.T) {
	db, path := v1(t)
	ctx := context.Background()
	must(t, migrate(ctx, db, embedded[:11], path))
	_, err := db.Exec(`INSERT INTO run (id, session, started, scripts, journal, config, committed_seq, clean) VALUES (1, 1, '', '[]', '', '{}', 9, 1);
		INSERT INTO schedules VALUES (1, 1, 1, 1, 'old', 'spot', 'BTCUSDT', 'vwap', 'buy', 'working', 0, '', '', '', '2', '1', '1', '0', '100', '0',
			100, 99, 10, 100, 0, 1, 0, 4, 1, 0, '{}')`)
	must(t, err)
	must(t, migrate(ctx, db, embedded, path))
	must(t, db.Close())
	led := openLedger(t, paperAt(path))
	list, err := led.Schedules(Filter{})
	must(t, err)
	if len(list) != 1 || list[0].SlippageAtOnce() != nil || list[0].Slippage(list[0].Arrival) == nil {
		t.Fatalf("of an earlier version: %+v", list)
	}
	if held, less := list[0].HeldOnly(); less {
		t.Errorf("the book held only %s, which nobody knows", held)
	}
	var bp, qty any
	must(t, led.read.QueryRowContext(ctx, "SELECT once_bp, once_qty FROM v_schedules").Scan(&bp, &qty))
	if bp != nil || qty != nil {
		t.Errorf("the view says %v bp of %v", bp, qty)
	}
}

func TestAtOnceIsKept(t *testing.T) {
	led := newRig(t, WriterOptions{})
	row := &ScheduleRow{At: at(1), ID: 1, Strategy: "s", Instrument: spotBTC, Algo: "vwap", Side: exchange.Sell, State: "working",
		Total: 400000, Arrival: 100, OnceQty: 300000, OnceCost: dec("297"), OncePrice: 99}
	led.post(row)
	led.sync()
	list, err := led.Schedules(Filter{})
	must(t, err)
	if len(list) != 1 || list[0].SlippageAtOnce() == nil || *list[0].SlippageAtOnce() < 99.99 || !list[0].OnceCost.Equal(dec("297")) {
		t.Fatalf("kept %+v", list)
	}
	if held, less := list[0].HeldOnly(); !less || !held.Equal(dec("3")) {
		t.Errorf("the book held only %s, %v", held, less)
	}
}
