package feed

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/datatest"
	"github.com/perilune/perilune/exchange/wire"
)

const linearRow = `{"instType":"SWAP","instId":"BTC-USDT-SWAP","instIdCode":10459,"instFamily":"BTC-USDT","uly":"BTC-USDT","baseCcy":"","quoteCcy":"","settleCcy":"USDT",
	"ctVal":"0.01","ctMult":"1","ctValCcy":"BTC","ctType":"linear","tickSz":"0.1","lotSz":"0.01","minSz":"0.01","maxLmtSz":"100000000","state":"live","ruleType":"normal","expTime":"","lever":"100"}`

// Sizes are in contracts at the venue, and in coins or, of inverse ones, in contracts here.
func TestListedInOurUnits(t *testing.T) {
	with := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(linearRow) }
	for _, tt := range []struct {
		row, want string
	}{
		{linearRow, "okx.swap:BTC-USDT-SWAP linear BTC/USDT:USDT lot 0.0001 least 0.0001 size 0.01 true"},
		{with(`"ctMult":"1"`, `"ctMult":"10"`), "okx.swap:BTC-USDT-SWAP linear BTC/USDT:USDT lot 0.001 least 0.001 size 0.1 true"},
		{with(`"linear"`, `"inverse"`, `"settleCcy":"USDT"`, `"settleCcy":"BTC"`, "BTC-USDT", "BTC-USD", `"ctVal":"0.01"`, `"ctVal":"100"`, `"0.01"`, `"1"`), "okx.swap:BTC-USD-SWAP inverse BTC/USD:BTC lot 1 least 1 size 100 true"},
		{with(`"SWAP"`, `"FUTURES"`, "BTC-USDT-SWAP", "BTC-USDT-261225", `"expTime":""`, `"expTime":"1798185600000"`), "okx.futures:BTC-USDT-261225 linear BTC/USDT:USDT-261225 lot 0.0001 least 0.0001 size 0.01 true"},
		{with(`"SWAP"`, `"SPOT"`, "BTC-USDT-SWAP", "BTC-USDT", `"baseCcy":"","quoteCcy":""`, `"baseCcy":"BTC","quoteCcy":"USDT"`, `"ctVal":"0.01"`, `"ctVal":""`), "okx.spot:BTC-USDT spot BTC/USDT lot 0.01 least 0.01 size 1 true"},
		{with(`"live"`, `"suspend"`), "okx.swap:BTC-USDT-SWAP linear BTC/USDT:USDT lot 0.0001 least 0.0001 size 0.01 false"},
		{with(`"normal"`, `"pre_market"`), "okx.swap:BTC-USDT-SWAP linear BTC/USDT:USDT lot 0.0001 least 0.0001 size 0.01 false"},
		{with(`"settleCcy":"USDT"`, `"settleCcy":"USDC"`), "error"},
		{with(`"ctVal":"0.01"`, `"ctVal":""`), "error"},
		{with(`"tickSz":"0.1"`, `"tickSz":"0"`), "error"},
		{with(`"SWAP"`, `"OPTION"`), "error"},
	} {
		l, err := Listed([]byte(tt.row))
		got := "error"
		if err == nil {
			in := l.Instrument
			got = fmt.Sprintf("%s %s %s lot %s least %s size %s %t", in.FullKey(), in.Contract, in.Name(), in.Lot.Decimal(1), in.QtyDecimal(in.MinQty), in.ContractSize, l.Trading)
		}
		if got != tt.want {
			t.Errorf("%s: %s (%v), want %s", tt.row, got, err, tt.want)
		}
	}
}

// Tiers are in contracts, and margin steps in money, at the price of now.
func TestMarginSteps(t *testing.T) {
	l, err := Listed([]byte(linearRow))
	if err != nil {
		t.Fatal(err)
	}
	var tiers []tier
	if err := json.Unmarshal([]byte(`[{"instFamily":"BTC-USDT","tier":"1","minSz":"0","maxSz":"1000","mmr":"0.004","imr":"0.01","maxLever":"100"},{"instFamily":"BTC-USDT","tier":"2","minSz":"1000","maxSz":"5000","mmr":"0.005","imr":"0.02","maxLever":"50"}]`), &tiers); err != nil {
		t.Fatal(err)
	}
	in := l.Instrument
	brackets(in, tiers, decimal.NewFromInt(60000))
	if len(in.Brackets) != 2 || !in.Brackets[0].Cap.Equal(decimal.NewFromInt(600000)) || in.Brackets[1].MaxLeverage != 50 || !strings.Contains(in.Assumed, "today's price") {
		t.Errorf("%+v, %s", in.Brackets, in.Assumed)
	}
	if err := fundingFrom(in, []byte(`{"instId":"BTC-USDT-SWAP","fundingRate":"0.0001","fundingTime":"1703088000000","nextFundingTime":"1703102400000","maxFundingRate":"0.00375","minFundingRate":"-0.00375"}`)); err != nil || in.FundingHours != 4 || !in.FundingFloor.Equal(decimal.RequireFromString("-0.00375")) || strings.Contains(in.Assumed, "funding") {
		t.Errorf("%+v %v", in, err)
	}
}

// Listings as the venue gave them: all rows of spot and perpetuals make instruments.
func TestRecordedListings(t *testing.T) {
	for file, least := range map[string]int{"spot": 2, "swap": 2, "futures": 2} {
		text, err := os.ReadFile(datatest.Path(t, "samples/venues/okx/http_get_instruments_"+file+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var answer struct{ Data []json.RawMessage }
		if err := json.Unmarshal(text, &answer); err != nil {
			t.Fatal(err)
		}
		var list []exchange.Instrument
		for _, raw := range answer.Data {
			l, err := Listed(raw)
			if err != nil {
				t.Logf("%s: %v", file, err)
				continue
			}
			list = append(list, *l.Instrument)
		}
		if _, err := exchange.NewUniverse(list); err != nil || len(list) < least {
			t.Errorf("%s: %d of %d rows, %v", file, len(list), len(answer.Data), err)
		}
	}
}

// Each channel of a request is answered by itself; a refusal has the id alone.
func TestReplies(t *testing.T) {
	for frame, want := range map[string]string{
		`{"id":"1512","event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT-SWAP"},"connId":"bfcb4b8e"}`:                                           `reply 1512 {"channel":"books","instId":"BTC-USDT-SWAP"} <nil>`,
		`{"event":"error","msg":"Subscribe failed, wrong URL or channel:books,instId:NOPE-USDT doesn't exist.","code":"60018","connId":"5e1f2fe5","id":"3"}`: "reply 3  code 60018: Subscribe failed, wrong URL or channel:books,instId:NOPE-USDT doesn't exist.",
		`{"id":"1513","event":"unsubscribe","arg":{"channel":"books","instId":"BTC-USDT-SWAP"},"connId":"bfcb4b8e"}`:                                         "other",
		`{"event":"notice","code":"64008","msg":"The connection will soon be closed for a service upgrade. Please reconnect.","connId":"a4d3ae55"}`:          "shutdown",
		`{"event":"channel-conn-count","channel":"orders","connCount":"2","connId":"abcd1234"}`:                                                              "other",
		`pong`: "pong",
		`{"event":"login","msg":"","code":"0","connId":"a4d3ae55"}`:                     "greeted <nil>",
		`{"event":"error","msg":"Wrong passphrase","code":"60024","connId":"a4d3ae55"}`: "greeted code 60024: Wrong passphrase",
		`{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[]}`:   `data {"channel":"books","instId":"BTC-USDT"}`,
	} {
		m := Protocol{}.Classify([]byte(frame))
		got := "other"
		switch m.Class {
		case wire.Reply:
			got = fmt.Sprintf("reply %d %s %v", m.ID, m.Stream, m.Err)
		case wire.Greeted:
			got = fmt.Sprintf("greeted %v", m.Err)
		case wire.Pong:
			got = "pong"
		case wire.Shutdown:
			got = "shutdown"
		case wire.Data:
			got = "data " + string(m.Stream)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", frame, got, want)
		}
	}
	if got := string((Protocol{}).Subscribe(7, []string{arg("books", "BTC-USDT"), arg("trades", "BTC-USDT")})); got != `{"id":"7","op":"subscribe","args":[{"channel":"books","instId":"BTC-USDT"},{"channel":"trades","instId":"BTC-USDT"}]}` {
		t.Error(got)
	}
}

func FuzzListed(f *testing.F) {
	f.Add([]byte(linearRow))
	f.Fuzz(func(t *testing.T, raw []byte) {
		l, err := Listed(raw)
		if err == nil && (l.Instrument.Tick.M <= 0 || l.Instrument.Lot.M <= 0 || l.Instrument.Symbol == "") {
			t.Errorf("%+v", l.Instrument)
		}
	})
}
