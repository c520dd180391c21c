package account

import (
	"fmt"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange/oms"
)

// A settlement of a perpetual is funding, also of a session in the dead band, which paid
// none: whoever waits for the row would wait in vain. That of a dated contract is profit,
// which was booked as it was made.
func TestSettlementsInTheLog(t *testing.T) {
	for _, c := range []struct {
		symbol, interest string
		kind             oms.IncomeKind
	}{
		{"BTC-PERPETUAL", "-0.00001", oms.IncomeFunding}, {"BTC-PERPETUAL", "0", oms.IncomeFunding}, {"BTC_USDC-PERPETUAL", "0.0", oms.IncomeFunding},
		{"BTC-25DEC26", "0", oms.IncomeExecution},
	} {
		i, err := decodeLog(fmt.Appendf(nil, `{"id":7,"type":"settlement","instrument_name":%q,"currency":"BTC","change":0.01,"total_interest_pl":%s,"timestamp":1796025600000}`, c.symbol, c.interest))
		if err != nil || i.Kind != c.kind {
			t.Errorf("%s with interest %s: kind %d, %v; want %d", c.symbol, c.interest, i.Kind, err, c.kind)
		}
		if c.kind == oms.IncomeFunding && !i.Amount.Equal(decimal.RequireFromString(c.interest)) {
			t.Errorf("%s: amount %s, want %s", c.symbol, i.Amount, c.interest)
		}
	}
}
