package account_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/simserver"
)

// No secret is in anything that people or logs see: not the key, not its name,
// not a listen key, in no error, notice, state or printed value.
func TestNothingLeaks(t *testing.T) {
	for _, entry := range []string{account.EntryREST, account.EntryWS} {
		for _, kind := range []string{"hmac", "ed25519"} {
			t.Run(entry+"/"+kind, func(t *testing.T) { leakHunt(t, entry, kind) })
		}
	}
}

func leakHunt(t *testing.T, entry, kind string) {
	b := running(t)
	var mu sync.Mutex
	var seen strings.Builder
	note := func(v any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(&seen, "%v %+v %#v\n", v, v, v)
	}
	key, name, secret := b.HMAC(), b.Keys.HMAC.Key, b.Keys.HMAC.Secret
	if kind == "ed25519" {
		key, name, secret = b.ed25519(), b.Keys.Ed25519.Key, b.Keys.Ed25519.PrivateKey
	}
	var o account.Options
	c := b.client(func(opt *account.Options) {
		opt.Key, opt.Entry, opt.Log = key, entry, func(s string) { note(s) }
		o = *opt
	})
	b.connected(c)
	note(o)
	s, err := account.Listen(c, api.Markets[:], func(n oms.AccountEvent) { note(n) })
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	waitUp(t, s)
	for _, f := range []string{"timeout", "unknown", "reset", "unavailable", "throttled"} {
		for _, order := range bids {
			order.ClientID = "leak-" + f
			b.arm(simserver.Fault{Kind: f})
			_, err := c.Place(context.Background(), order)
			if err == nil {
				t.Fatalf("%s did not happen", f)
			}
			note(err)
		}
	}
	for _, f := range []string{"listen_key_expired", "drop", "maintenance"} {
		b.arm(simserver.Fault{Kind: f, Millis: 300})
		b.advance(exchange.Second)
		_, err := c.Place(context.Background(), bids[1])
		note(err)
		for range 20 {
			note(s.Health())
			note(c.Health())
			time.Sleep(20 * time.Millisecond)
		}
	}
	bad := key
	bad.Secret = sign.NewSecret("wrong")
	wrong := b.client(func(opt *account.Options) { opt.Key = bad })
	_, err = wrong.Place(context.Background(), bids[0])
	note(err)
	mu.Lock()
	defer mu.Unlock()
	text := seen.String()
	if !strings.Contains(text, sign.Mask) || !strings.Contains(text, "usdm") || !strings.Contains(text, "/private/ws/") {
		t.Errorf("the hunt saw too little: %.500s", text)
	}
	for what, secret := range map[string]string{"the key's name": name, "the secret": secret, "a part of the secret": strings.Trim(secret, "-BEGINPRVATKYD \n")[:20]} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is in what was seen", what)
		}
	}
	for _, address := range strings.Split(text, "/ws/")[1:] {
		if !strings.HasPrefix(address, sign.Mask) {
			t.Errorf("a listen key is in an address: %.80q", address)
		}
	}
}

func waitUp(t *testing.T, s *account.Streams) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		up := 0
		for _, h := range s.Health() {
			if h.Connected {
				up++
			}
		}
		if up == len(api.Markets) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not up: %+v", s.Health())
		}
	}
}
