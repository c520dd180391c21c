package feed

import (
	"fmt"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange/deribit/api"
)

func TestListings(t *testing.T) {
	const rest = `"tick_size":0.5,"contract_size":10.0,"min_trade_amount":10.0,"maker_commission":0.0,"taker_commission":0.0005,"max_leverage":50,"is_active":true,"quote_currency":"USD","base_currency":"BTC","settlement_currency":"BTC"`
	for _, tt := range []struct {
		segment   api.Segment
		raw, want string
	}{
		{api.Inverse, `{"instrument_name":"BTC-PERPETUAL","kind":"future","instrument_type":"reversed","settlement_period":"perpetual","expiration_timestamp":32503708800000,"tick_size_steps":[],` + rest + `}`,
			"BTC-PERPETUAL BTC/USD tick 0.5 lot 10 min 1 size 1 every 1 h true ends 0 trading true open []"},
		{api.Inverse, `{"instrument_name":"BTC-25DEC26","kind":"future","instrument_type":"reversed","settlement_period":"month","expiration_timestamp":1798185600000,"state":"settlement",` + rest + `}`,
			"BTC-25DEC26 BTC/USD tick 0.5 lot 10 min 1 size 1 every 0 h false ends 1798185600 trading false settlement []"},
		{api.Spot, `{"instrument_name":"BTC_USDC","kind":"spot","base_currency":"BTC","quote_currency":"USDC","tick_size":1.0,"tick_size_steps":[{"above_price":100000,"tick_size":5}],"contract_size":0.0001,"min_trade_amount":0.0001,"is_active":true,"state":"open"}`,
			"BTC_USDC BTC/USDC tick 1 lot 0.0001 min 1 size 0 every 0 h false ends 0 trading true open [{100000 5}]"},
		{api.Linear, `{"instrument_name":"BTC-25DEC26-100000-C","kind":"option","instrument_type":"reversed"}`, "not used"},
		{api.Linear, `{"instrument_name":"BTC-PERPETUAL","kind":"future","instrument_type":"reversed"}`, "not used"},
		{api.Linear, `{"instrument_name":"X_USDC-PERPETUAL","kind":"future","instrument_type":"linear","base_currency":"X","quote_currency":"USDC","settlement_currency":"BTC","tick_size":1,"contract_size":1,"min_trade_amount":1}`,
			"settled in BTC and quoted in USDC"},
		{api.Linear, `{"instrument_name":"X_USDC-PERPETUAL","kind":"future","instrument_type":"linear","base_currency":"X","quote_currency":"USDC","tick_size":0,"contract_size":1}`, "tick_size 0"},
		{api.Spot, `{"instrument_name":"X_USDC","kind":"spot","base_currency":"X","quote_currency":"USDC","tick_size":2,"contract_size":1,"tick_size_steps":[{"above_price":10,"tick_size":3}]}`, "a multiple of tick_size 2"},
	} {
		l, used, err := decodeListing(tt.segment, []byte(tt.raw))
		got := "not used"
		switch {
		case err != nil:
			got = err.Error()
		case used:
			in := l.Instrument
			got = fmt.Sprintf("%s %s/%s tick %s lot %s min %d size %s every %d h %t ends %d trading %t %s %v", in.Symbol, in.Base, in.Quote, in.Tick, in.Lot, in.MinQty, in.ContractSize, in.FundingHours,
				in.FundingAccrues, int64(l.Ends)/1e9, l.Trading, l.Status, in.Coarser)
		}
		if !strings.Contains(got, tt.want) {
			t.Errorf("%.60s: %s, want %s", tt.raw, got, tt.want)
		}
	}
}
