package account

import (
	"fmt"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/oms"
)

// told are the events that a frame of the private stream means, in a line each.
func told(t *testing.T, frame string) []string {
	t.Helper()
	s, out := tape()
	if err := s.read([]byte(frame)); err != nil {
		t.Fatal(err)
	}
	return *out
}

func frame(topic, row string) string {
	return `{"id":"x","topic":"` + topic + `","creationTime":1747825497130,"data":[` + row + `]}`
}

// Events in the shape of the manual's: what ended is told with why, whatever the venue
// calls it, and funding is no trade.
func TestEvents(t *testing.T) {
	const head = `"symbol":"BTCUSDT","orderId":"o1","orderLinkId":"c1","side":"Buy",`
	for _, tt := range []struct{ frame, want string }{
		{frame("order", `{"category":"linear",`+head+`"orderStatus":"New","price":"60000","qty":"0.02","cumExecQty":"0","rejectReason":"EC_NoError","updatedTime":"1747825497126"}`),
			"bybit.linear BTCUSDT c1 o1 accepted 0/0.02@60000 "},
		{frame("order", `{"category":"spot",`+head+`"orderStatus":"Cancelled","price":"60000","qty":"0.02","cumExecQty":"0","rejectReason":"EC_PostOnlyWillTakeLiquidity","updatedTime":"1"}`),
			"bybit.spot BTCUSDT c1 o1 rejected 0/0.02@60000 post-only, and it would have taken"},
		{frame("order", `{"category":"linear",`+head+`"orderStatus":"Cancelled","price":"60000","qty":"0.02","cumExecQty":"0.01","rejectReason":"EC_PerCancelRequest","updatedTime":"1"}`),
			"bybit.linear BTCUSDT c1 o1 canceled 0.01/0.02@60000 EC_PerCancelRequest"},
		{frame("execution", `{"category":"linear",`+head+`"execId":"e1","execPrice":"60001","execQty":"0.01","execFee":"0.33","feeCurrency":"","execType":"Trade","isMaker":true,"execPnl":"-1.5","closedSize":"0.01","execTime":"1747825497126"}`),
			"trade e1 buy 0.01@60001 fee 0.33 maker true profit -1.5"},
		{frame("execution", `{"category":"linear",`+head+`"execId":"e2","execPrice":"60001","execQty":"0.01","execFee":"0.33","feeCurrency":"USDT","execType":"Funding","execTime":"1747825497126"}`),
			"funding -0.33 USDT of BTCUSDT"},
		{frame("execution", `{"category":"inverse","symbol":"BTCUSD","orderId":"o2","side":"Sell","execId":"e3","execPrice":"60001","execQty":"7","execFee":"-0.00001","feeCurrency":"BTC","execType":"BustTrade","execPnl":"0.001","closedSize":"7","execTime":"1"}`),
			"trade e3 sell 7@60001 fee -0.00001 maker false profit 0.001 liquidation"},
		{frame("position", `{"category":"inverse","symbol":"BTCUSD","side":"Sell","size":"300","entryPrice":"60000","markPrice":"60010","positionIdx":0}`), "position BTCUSD -300@60000"},
		{frame("wallet", `{"accountType":"UNIFIED","coin":[{"coin":"USDT","walletBalance":"100.5","locked":"0.5","totalPositionIM":"10"}]}`), "balance USDT 100.5 free 90"},
		{frame("order", `{"category":"linear",`+head+`"orderStatus":"Dancing"}`), `gap: an event makes no sense: an order "o1" with the status "Dancing"`},
		{`{"success":true,"op":"subscribe"}`, ""},
	} {
		if got := strings.Join(told(t, tt.frame), "\n"); got != tt.want {
			t.Errorf("%s\nis told as %q\nwant        %q", tt.frame, got, tt.want)
		}
	}
}

// A row of the log is funding, or what executions tell too; contracts in USDC settle both
// in one.
func TestLog(t *testing.T) {
	for raw, want := range map[string]string{
		`{"id":"1","symbol":"XRPUSDT","category":"linear","type":"SETTLEMENT","currency":"USDT","funding":"-0.003676","cashFlow":"0","fee":"0","change":"-0.003676","tradeId":"t1","transactionTime":"1672128000000"}`: "1 SETTLEMENT XRPUSDT -0.003676 t1",
		`{"id":"1","symbol":"BTCPERP","category":"linear","type":"SETTLEMENT","currency":"USDC","funding":"0.5","cashFlow":"-20","fee":"0","change":"-19.5","tradeId":"t2","transactionTime":"1672128000000"}`:         "1 SETTLEMENT BTCPERP 0.5 t2|0 session settlement BTCPERP -20 t2",
		`{"id":"1","symbol":"BTCUSDT","category":"linear","type":"TRADE","currency":"USDT","cashFlow":"3","fee":"1","change":"2","tradeId":"t3","transactionTime":"1672128000000"}`:                                    "3 TRADE BTCUSDT 2 t3",
		`{"id":"77","symbol":"","category":"","type":"INTEREST","currency":"BTC","cashFlow":"0","fee":"0","change":"-0.00001","tradeId":"","transactionTime":"1672128000000"}`:                                         "5 INTEREST  -0.00001 77",
	} {
		r, err := decodeLog([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, i := range r.incomes() {
			got = append(got, fmt.Sprintf("%d %s %s %s %s", i.Kind, i.Name, i.Symbol, i.Amount, i.ID))
		}
		if text := strings.Join(got, "|"); text != want {
			t.Errorf("%s: %q, want %q", raw, text, want)
		}
	}
}

func line(ev oms.AccountEvent) string {
	switch {
	case ev.Report != nil:
		r := ev.Report
		return fmt.Sprintf("%s %s %s %s %s %s/%s@%s %s", r.Venue, r.Symbol, r.ClientID, r.OrderID, r.Status, r.Filled, r.Qty, r.Price, r.Reason)
	case ev.Execution != nil:
		e := ev.Execution
		return strings.TrimSpace(fmt.Sprintf("trade %s %s %s@%s fee %s maker %t profit %s %s", e.TradeID, e.Side, e.Qty, e.Price, e.Fee, e.Maker, e.Realised.Decimal, e.Reason))
	case ev.Funding != nil:
		return fmt.Sprintf("funding %s %s of %s", ev.Funding.Amount, ev.Funding.Asset, ev.Funding.Symbol)
	case ev.Position != nil:
		return fmt.Sprintf("position %s %s@%s", ev.Position.Symbol, ev.Position.Qty, ev.Position.Entry)
	case ev.Balance != nil:
		return fmt.Sprintf("balance %s %s free %s", ev.Balance.Asset, ev.Balance.Total, ev.Balance.Free)
	}
	return "gap: " + ev.Gap
}

// FuzzEvents: whatever the stream sends is an event, a gap or nothing.
func FuzzEvents(f *testing.F) {
	for _, seed := range []string{frame("order", `{"category":"linear","symbol":"X","orderId":"1","orderStatus":"New"}`), frame("execution", `{"execId":"1","execTime":"1","execType":"Trade"}`),
		frame("wallet", `{"coin":[{"coin":"USDT","walletBalance":"1e400"}]}`), frame("position", `{"side":"","size":""}`), `{"topic":"order","data":{}}`, `[`, ``} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, frame string) {
		s, out := tape()
		if err := s.read([]byte(frame)); err != nil {
			t.Fatalf("%v", err)
		}
		for _, l := range *out {
			if l == "" {
				t.Errorf("%q means nothing", frame)
			}
		}
	})
}

// tape is a stream, and what it says.
func tape() (*stream, *[]string) {
	var out []string
	s := &stream{Events: connect.NewEvents(connect.EventsOptions{Log: func(string) {}, Now: func() exchange.Time { return 1 },
		Sink: func(ev oms.AccountEvent) { out = append(out, line(ev)) }})}
	return s, &out
}

// What is borrowed on spot is taken off the balance: a sale of coins that were not there.
func TestWalletOfBorrowedCoins(t *testing.T) {
	list, err := decodeWallet([]byte(`{"coin":[{"coin":"ETH","equity":"-0.06142","walletBalance":"0","spotBorrow":"0.06142","borrowAmount":"0.06142","locked":"0"},{"coin":"USDT","walletBalance":"1200","spotBorrow":"200","locked":"0"}]}`))
	if err != nil || len(list) != 2 || list[0].Total.String() != "-0.06142" || list[1].Total.String() != "1000" {
		t.Errorf("%+v, %v", list, err)
	}
}
