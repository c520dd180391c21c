package ledger

import (
	"context"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// What funding moved is looked for in the wallet that backs the instrument, which a unified
// account has one of for all of its venues.
func TestFundingOfAUnifiedWallet(t *testing.T) {
	in := *perpBTC
	in.Venue, in.Wallet = "house.linear", "house.unified"
	for amount, want := range map[string]string{"2.472": "", "2.4": "0.072 USDT more than was moved in the house.unified wallet"} {
		r := newRig(t, WriterOptions{})
		r.post(&FundingRow{At: at(3), Instrument: &in, Strategy: "rotation", FundingPayment: exchange.FundingPayment{
			Settled: at(3).Time, Position: -400, Amount: dec("2.472"), Asset: "USDT", TranID: "3"}},
			&TxnRow{At: at(3), Kind: "funding", Ref: "x", Postings: []exchange.Posting{
				{Account: "A:house.unified", Asset: "USDT", Amount: dec(amount)}, {Account: "I:funding", Asset: "USDT", Amount: dec(amount).Neg()}}})
		r.sync()
		found := ""
		list, err := r.Examine(context.Background(), VerifyOptions{})
		must(t, err)
		for _, f := range list.Findings {
			if f.Table == "funding" {
				found += f.Text
			}
		}
		if (want == "") != (found == "") || !strings.Contains(found, want) {
			t.Errorf("%s moved: found %q, want %q", amount, found, want)
		}
	}
}
