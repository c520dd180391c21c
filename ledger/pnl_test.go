package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
)

func (r *rig) pnl(f Filter) []PnL {
	r.t.Helper()
	out, err := r.PnL(f)
	must(r.t, err)
	return out
}

func (p PnL) text() string {
	return fmt.Sprintf("%s/%d %s: trading %s basis %s funding %s fees %s net %s", p.Strategy, p.Pair, p.Asset, p.Trading, p.Basis, p.Funding, p.Fees, p.Net)
}

// A pair opened and closed by hand: spot bought at 100 and sold at 110, fees in
// coin on the way in; the perpetual sold at 101 and bought back at 110.5.
func TestPairPnL(t *testing.T) {
	r := newRig(t, WriterOptions{})
	leg := func(seq uint64, in *exchange.Instrument, side exchange.Side, price, qty, fee, asset string) {
		row := fillRow(seq, in, side, price, qty)
		row.Pair, row.Fee, row.FeeAsset = 3, dec(fee), asset
		r.post(row)
	}
	leg(1, spotBTC, exchange.Buy, "100", "2", "0.002", "BTC")
	leg(2, perpBTC, exchange.Sell, "101", "2", "0.08", "USDT")
	r.post(&FundingRow{At: at(3), Instrument: perpBTC, Strategy: "rotation", Pair: 3,
		FundingPayment: exchange.FundingPayment{Amount: dec("0.5"), Asset: "USDT", TranID: "f1"}})
	leg(4, spotBTC, exchange.Sell, "110", "1.998", "0.2", "USDT")
	leg(5, perpBTC, exchange.Buy, "110.5", "2", "0.01", "BNB")
	r.sync()

	// By cash: -200 +219.78 spot, -19 perp, +0.5 funding, -0.08-0.2 fees = 1.0.
	want := []string{
		"rotation/3 BNB: trading 0 basis 0 funding 0 fees 0.01 net -0.01",
		"rotation/3 USDT: trading 0 basis 0.98 funding 0.5 fees 0.48 net 1",
	}
	got := r.pnl(Filter{})
	if len(got) != 2 || got[0].text() != want[0] || got[1].text() != want[1] {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func TestInversePnL(t *testing.T) {
	r := newRig(t, WriterOptions{})
	// 100 contracts of 100 USD at 50000 and 100 at 40000, all closed at 32000:
	// 10000/50000 + 10000/40000 - 20000/32000 = -0.175 BTC.
	r.post(fillRow(1, coinBTC, exchange.Buy, "50000", "100"), fillRow(2, coinBTC, exchange.Buy, "40000", "100"))
	r.sync()
	s, err := r.Restore("paper-1")
	must(t, err)
	if len(s.Positions) != 1 || !s.Positions[0].Entry().Round(8).Equal(dec("44444.44444444")) {
		t.Errorf("position %+v, want the harmonic average 44444.4…", s.Positions)
	}
	r.post(fillRow(3, coinBTC, exchange.Sell, "32000", "200"))
	r.sync()
	if got := r.pnl(Filter{}); len(got) != 1 || got[0].Asset != "BTC" || !got[0].Trading.Equal(dec("-0.175")) {
		t.Errorf("got %v, want -0.175 BTC", got)
	}
}

// Whatever the order of fills, once flat the profit is the cash that moved, to
// the last digit; and before that, profit and open cost add up to it.
func TestProfitIsCash(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Position{Venue: "usdm", Terms: Terms{Contract: exchange.Linear}}
		cash := decimal.Zero
		fill := func(qty, price decimal.Decimal) {
			p.trade(qty, price)
			cash = cash.Sub(qty.Mul(price))
			if !p.Realised.Sub(p.Cost).Equal(cash) {
				t.Fatalf("realised %s - cost %s is not the cash %s", p.Realised, p.Cost, cash)
			}
		}
		for range rapid.IntRange(1, 20).Draw(t, "fills") {
			fill(decimal.New(rapid.Int64Range(-1000, 1000).Draw(t, "qty"), -3), decimal.New(rapid.Int64Range(1, 1e9).Draw(t, "price"), -2))
		}
		fill(p.Qty.Neg(), dec("777.77"))
		if !p.Qty.IsZero() || !p.Cost.IsZero() || !p.Realised.Equal(cash) {
			t.Fatalf("flat with qty %s cost %s realised %s, cash %s", p.Qty, p.Cost, p.Realised, cash)
		}
	})
}

func TestRestore(t *testing.T) {
	r := newRig(t, WriterOptions{})
	for seq := uint64(1); seq <= 4; seq++ {
		r.post(everyRow(seq)...)
	}
	r.post(&PairRow{At: at(5), ID: 4, Spot: spotBTC, Perp: perpBTC, State: "closed", Done: true},
		&TransferRow{At: at(5), Transfer: exchange.Transfer{ID: 4, From: "spot", To: "usdm", Done: true}},
		&VersionRow{At: at(5), Strategy: "rotation", Version: 2, Outcome: "refused"},
		&TxnRow{At: at(5), Kind: "transfer_out", Ref: "9", Postings: []exchange.Posting{{Account: "A:spot", Asset: "USDT", Amount: dec("-100")}, {Account: "A:transit", Asset: "USDT", Amount: dec("100")}}})
	r.w.Mark(5)
	r.sync()
	s, err := r.Restore("paper-1")
	must(t, err)
	for what, pair := range map[string][2]any{
		"balances": {fmt.Sprint(s.Balances), "[{A:spot USDT -99.999999999999999996} {A:transit USDT 100}]"},
		"position": {s.Positions[0].Qty.String(), "-1.6"}, "entry": {s.Positions[0].Entry().String(), "61800.3"},
		"orders": {len(s.Orders), 4}, "pairs": {len(s.Pairs), 3}, "transit": {len(s.Transit), 3},
		"states": {len(s.States), 1}, "version": {s.Versions[0].Outcome, "loaded"},
		"next order": {s.NextOrder, exchange.OrderID(5)}, "next pair": {s.NextPair, exchange.PairID(5)},
		"next transfer": {s.NextTransfer, uint64(5)}, "next trade": {s.NextTrade, uint64(5)},
		"last time": {s.LastTime, at(5).Time}, "cursor": {s.LastRun.Committed, uint64(5)}, "seed": {s.Session.Seed, uint64(1<<64 - 1)},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %v, want %v", what, pair[0], pair[1])
		}
	}
	if _, err := r.Restore("nobody"); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown account: %v", err)
	}
}

func TestSessionsAndRuns(t *testing.T) {
	r := newRig(t, WriterOptions{})
	if _, err := r.CreateSession(Session{Account: "paper-1"}); !errors.Is(err, ErrExists) {
		t.Errorf("an account's second life: %v", err)
	}
	next, err := r.NextAccount("paper")
	must(t, err)
	if next != "paper-2" {
		t.Errorf("next account %q", next)
	}
	must(t, r.w.Close())
	must(t, errors.Join(r.EndRun(r.run.ID), r.CompleteSession(r.run.Session)))
	runs, err := r.Runs("paper-1")
	must(t, err)
	session, err := r.Session("paper-1")
	must(t, err)
	if len(runs) != 1 || !runs[0].Clean || runs[0].Journal != "j/1" || runs[0].Scripts[0] != "a.lua" || !session.Complete {
		t.Errorf("run %+v of session %+v", runs, session)
	}
	if _, err := r.StartRun(Run{Session: 99}); err == nil {
		t.Error("a run of a session that does not exist starts")
	}
}

// The views are for people: they must run, and say sides, times and names.
func TestViews(t *testing.T) {
	r := newRig(t, WriterOptions{})
	r.post(everyRow(1)...)
	r.post(&PairRow{At: at(2), ID: 2, Strategy: "rotation", Spot: spotBTC, Perp: perpBTC, State: "closed", Done: true,
		Realised: dec("3"), Funding: dec("1"), Fees: dec("0.5"), Opened: at(1).Time, Closed: at(2).Time})
	r.sync()
	for view, want := range map[string][]string{
		"v_orders":       {"paper-1", "2026-01-01T00:00:01.000Z", "rotation", "sell", "ioc", "61800.3"},
		"v_fills":        {"2026-01-01T00:00:01.000Z", "usdm", "maker", "-0.012", "adl"},
		"v_positions":    {"rotation", "BTCUSDT", "-0.4"},
		"v_funding":      {"2026-01-01T00:00:01Z", "2.472", "0.0001"},
		"v_balances":     {"paper-1", "spot", "USDT"},
		"v_pnl_pair":     {"spot:BTCUSDT", "usdm:BTCUSDT", "closed", "2.5"},
		"v_realised":     {"rotation", "usdm", "BTCUSDT", "-0.4"},
		"v_pnl_strategy": {"rotation", "USDT", "2.472", "-0.012"},
	} {
		text := r.dump(view)
		for _, part := range want {
			if !strings.Contains(text, part) {
				t.Errorf("%s lacks %q:\n%s", view, part, text)
			}
		}
	}
}

func (r *rig) dump(view string) string {
	r.t.Helper()
	rows, err := r.Query(context.Background(), "SELECT * FROM "+view)
	must(r.t, err)
	defer rows.Close()
	names, err := rows.Columns()
	must(r.t, err)
	var out strings.Builder
	for rows.Next() {
		values := make([]any, len(names))
		into := make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		must(r.t, rows.Scan(into...))
		fmt.Fprintln(&out, values...)
	}
	must(r.t, rows.Err())
	return out.String()
}
