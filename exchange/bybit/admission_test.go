package bybit_test

import (
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange/bybit"
	"github.com/perilune/perilune/exchange/bybit/bybittest"
	"github.com/perilune/perilune/exchange/connect"
)

// What forbids a session with real orders is said in one line each, with what to do.
func TestAdmission(t *testing.T) {
	s := bybittest.Start(t)
	v, err := bybit.At(s.Endpoints()).Open()
	if err != nil {
		t.Fatal(err)
	}
	a, err := v.SignIn(t.Context(), connect.AccountOptions{Key: bybittest.Key})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if uid, err := a.UID(t.Context()); err != nil || uid != bybittest.UID {
		t.Errorf("UID %q %v", uid, err)
	}
	usual := map[string][]string{"ContractTrade": {"Order", "Position"}, "Spot": {"SpotTrade"}}
	for _, tt := range []struct {
		set      func(*bybittest.Settings)
		name     string
		verdict  connect.Verdict
		text, do string
	}{
		{func(*bybittest.Settings) {}, "account mode", connect.OK, "unified, cross margin", ""},
		{func(s *bybittest.Settings) { s.Permissions = map[string][]string{"Wallet": {"Withdraw"}} }, "permissions", connect.Fail, "can withdraw", "Withdrawal"},
		{func(s *bybittest.Settings) { s.Permissions = map[string][]string{"Spot": {"SpotTrade"}} }, "permissions", connect.Fail, "read only false, contracts []", "unified trading"},
		{func(s *bybittest.Settings) { s.Permissions, s.Kind = usual, 1 }, "account mode", connect.Fail, "classic", "upgrade"},
		{func(s *bybittest.Settings) { s.Kind, s.Margin = 5, "ISOLATED_MARGIN" }, "account mode", connect.Fail, "ISOLATED_MARGIN", "set-margin-mode"},
		{func(s *bybittest.Settings) { s.Margin = "REGULAR_MARGIN" }, "price band", connect.OK, "refused", ""},
		{func(s *bybittest.Settings) { s.Refuses = false }, "price band", connect.Warn, "spot true, contracts true", "set-limit-px-action"},
		{func(*bybittest.Settings) {}, "dead man's switch", connect.Warn, "by this process", "DCP"},
	} {
		s.Set(tt.set)
		found := false
		for _, f := range append(a.Admission(t.Context()), a.Settings(t.Context())...) {
			if f.Name == tt.name {
				if found = true; f.Verdict != tt.verdict || !strings.Contains(f.Text, tt.text) || !strings.Contains(f.Do, tt.do) {
					t.Errorf("%+v, want %s with %q and %q", f, tt.verdict, tt.text, tt.do)
				}
			}
		}
		if !found {
			t.Errorf("nothing is said of %s", tt.name)
		}
	}
}

// An address or a setting that can't be is named by its key.
func TestSection(t *testing.T) {
	for want, s := range map[string]*bybit.Section{
		"recv_window = 90000: want 100 to 60000":     {Common: connect.Common{RecvWindow: 90000}},
		`entry = "fix": want rest or ws`:             {Entry: "fix"},
		`entry = "ws": this place takes no orders`:   {Entry: "ws", Network: "demo"},
		`ws_trade = "tcp://x": want an address`:      {WSTrade: "tcp://x"},
		`network = "main": want "testnet" or "demo"`: {Network: "main"},
	} {
		if _, err := s.Open(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
