package ledger

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// A ledger of before fill_shares opens with every row it had, and what was taken from
// a pair and from strategies is theirs again.
func TestOldForcedFillsGetTheirShares(t *testing.T) {
	db, path := v1(t)
	ctx := context.Background()
	must(t, migrate(ctx, db, embedded[:3], path))
	_, err := db.Exec(`INSERT INTO run (id, session, started, scripts, journal, config, committed_seq, clean) VALUES (1, 1, '', '[]', '', '{}', 9, 1);
		INSERT INTO instrument VALUES ('usdm', 'DOGEUSDT', 'DOGE', 'USDT', 'USDT', '0.00001', '1', 1, '1'), ('spot', 'DOGEUSDT', 'DOGE', 'USDT', 'USDT', '0.00001', '1', 1, '1')`)
	must(t, err)
	fill := func(n int, market, strategy string, pair, order int, side, qty, fee, realised, reason string) {
		t.Helper()
		_, err := db.Exec(`INSERT INTO fills (session, run, seq, time, venue, account, market, symbol, trade_id, order_id, client_id, venue_id, strategy,
				pair, side, price, qty, maker, fee, fee_asset, realised, reason)
			VALUES (1, 1, ?1, ?1, 'paper', 'paper-1', ?2, 'DOGEUSDT', ?3, ?4, '', '', ?5, ?6, ?7, '0.1', ?8, 0, ?9, 'USDT', ?10, ?11)`,
			n, market, fmt.Sprint(n), order, strategy, pair, side, qty, fee, realised, reason)
		must(t, err)
	}
	fill(1, "spot", "r", 1, 1, "buy", "100", "0", "0", "")
	fill(2, "usdm", "r", 1, 2, "sell", "100", "1", "0", "")
	fill(3, "usdm", "ann", 0, 3, "sell", "30", "1", "0", "")
	fill(4, "usdm", "bob", 0, 4, "sell", "10", "1", "0", "")
	fill(5, "usdm", "", 0, 0, "buy", "120", "1.2", "-6", "liquidation")
	fill(6, "usdm", "", 0, 0, "buy", "30", "1", "-1", "foreign order 7")
	must(t, migrate(ctx, db, embedded, path))

	list := func(query string) string {
		t.Helper()
		rows, err := db.Query(query)
		must(t, err)
		defer rows.Close()
		var out []string
		for rows.Next() {
			var a, b string
			must(t, rows.Scan(&a, &b))
			out = append(out, a+" "+b)
		}
		must(t, rows.Err())
		return strings.Join(out, ", ")
	}
	if got, want := list("SELECT strategy, qty FROM v_positions WHERE market = 'usdm' ORDER BY 1"), " 10, ann 0, bob 0, r 0"; got != want {
		t.Errorf("positions %q, want %q", got, want)
	}
	if got, want := list("SELECT strategy || '/' || pair || ' ' || qty, fee || ' ' || realised FROM fill_shares WHERE fill = 5 ORDER BY n"),
		"r/1 100 1 -5, ann/0 15 0.15 -0.75, bob/0 5 0.05 -0.25"; got != want {
		t.Errorf("shares %q, want %q", got, want)
	}
	if got := list("SELECT count(*), sum(realised) FROM fills"); got != "6 -7" {
		t.Errorf("fills %q, want all six as they were", got)
	}
}
