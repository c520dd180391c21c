package hyperliquid_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/hyperliquid"
	"github.com/perilune/perilune/exchange/hyperliquid/api"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/sign"
)

// An agent trades and moves no money; the account's own key is taken by name alone, and
// somebody else's address is told from whose agent it is.
func TestAgents(t *testing.T) {
	l := start(t, wallClock())
	agent := l.signIn(t, false)
	for _, f := range agent.Admission(t.Context()) {
		if f.Verdict != connect.OK {
			t.Errorf("%+v", f)
		}
	}
	uid, err := agent.UID(t.Context())
	if err != nil || uid != l.keys.Key {
		t.Errorf("%s %v", uid, err)
	}
	mover, ok := agent.(oms.Transfers)
	if !ok {
		t.Fatal("no transfers")
	}
	_, err = mover.Transfer(t.Context(), oms.TransferOrder{Asset: "USDC", From: api.SpotWallet, To: api.PerpWallet, Amount: dec("10"), Tag: "t1"})
	if !errors.Is(err, exchange.ErrKey) || !strings.Contains(err.Error(), "agent may not move money") {
		t.Errorf("a transfer by an agent: %v", err)
	}
	if why := agent.Profile().Route(api.SpotWallet, api.PerpWallet); !strings.Contains(why, "agent") {
		t.Errorf("the way from spot to perpetuals: %q", why)
	}
	main := l.signIn(t, true)
	if f := main.Admission(t.Context())[0]; f.Verdict != connect.Warn || !strings.Contains(f.Text, "withdraw") {
		t.Errorf("%+v", f)
	}
	stranger := "0x00000000000000000000000000000000000000ff"
	v, err := hyperliquid.At(l.ends).Open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.SignIn(t.Context(), connect.AccountOptions{Key: sign.Key{API: sign.NewSecret(l.keys.Key), Secret: sign.NewSecret(l.keys.Wallet)}}); err == nil || !strings.Contains(err.Error(), "main_wallet") {
		t.Errorf("the account's own key, unasked: %v", err)
	}
	other, err := v.SignIn(t.Context(), connect.AccountOptions{Key: sign.Key{API: sign.NewSecret(stranger), Secret: sign.NewSecret(l.keys.Secret)}})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if f := other.Admission(t.Context())[0]; f.Verdict != connect.Fail || !strings.Contains(f.Text, l.keys.Key) {
		t.Errorf("%+v", f)
	}
}

// The account's own fees and leverage take the place of what was assumed.
func TestTerms(t *testing.T) {
	l := start(t, wallClock())
	a := l.signIn(t, false)
	v, err := hyperliquid.At(l.ends).Open()
	if err != nil {
		t.Fatal(err)
	}
	c, err := v.Browse(t.Context(), connect.DataOptions{}, []string{"perp:BTC", "spot:BTC/USDC"})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := c.Choose(t.Context(), []string{"perp:BTC", "spot:BTC/USDC"}, 0)
	if err != nil || strings.Join(keys, " ") != "perp:BTC spot:@100" && strings.Join(keys, " ") != "spot:@100 perp:BTC" {
		t.Fatalf("%v %v", keys, err)
	}
	var list []exchange.Instrument
	for _, in := range c.Instruments() {
		if in.Symbol == "BTC" || in.Symbol == "@100" {
			list = append(list, in)
		}
	}
	lowest, err := a.Terms(t.Context(), list)
	if err != nil || lowest != 10 || len(list) != 2 || list[0].Assumed != "" || list[1].Assumed != "" {
		t.Errorf("leverage %d, %v: %+v", lowest, err, list)
	}
	for _, f := range a.Settings(t.Context()) {
		if f.Verdict != connect.OK {
			t.Errorf("%+v", f)
		}
	}
}
