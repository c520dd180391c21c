package client

import (
	"testing"

	"github.com/perilune/perilune/exchange/sign"
)

// The first is the manual's, of both "Authentication" over websockets and, by mistake, over
// HTTP; the second is recomputed for what the manual says is signed there.
func TestSignatures(t *testing.T) {
	c, err := New(Options{Key: sign.Key{API: sign.NewSecret("AMANDA"), Secret: sign.NewSecret("AMANDASECRECT")}})
	if err != nil {
		t.Fatal(err)
	}
	for data, want := range map[string]string{
		"": "56590594f97921b09b18f166befe0d1319b198bbcdad7ca73382de2f88fe9aa1",
		"GET\n/api/v2/private/get_account_summary?currency=BTC\n\n": "9bfbc51a2bc372d72cc396cf1a213dc78d42eb74cb7dc272351833ad0de276ab",
	} {
		if got, err := c.signature(1576074319000, "1iqt2wls", data); err != nil || got != want {
			t.Errorf("%q: %s %v, want %s", data, got, err, want)
		}
	}
}
