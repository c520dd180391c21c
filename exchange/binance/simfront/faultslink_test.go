package simfront

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
)

// eventually fails unless ok becomes true while the wall clock runs.
func (b *bench) eventually(what string, ok func() bool) {
	b.t.Helper()
	for end := time.Now().Add(patienceOfTests); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	b.t.Error("in vain waited for: " + what)
}

func (b *bench) buy(v venueCase) {
	b.t.Helper()
	b.must("POST", v.order, "symbol="+v.symbol, "side=BUY", "type=MARKET", "quantity="+v.qty)
}

// A frame that is cut ends in its middle, and the connection with it.
func TestCutFrame(t *testing.T) {
	b := running(t, nil)
	s := b.dial("/usdm/public/ws/btcusdt@depth@100ms")
	b.fault(simserver.Fault{Kind: "cut", Market: "usdm"})
	b.advance(2 * exchange.Second)
	s.ended()
	if !errors.Is(s.err, io.ErrUnexpectedEOF) {
		t.Errorf("the connection ended with %v, want the middle of a frame", s.err)
	}
}

// A slow connection delivers everything, late.
func TestSlowConnection(t *testing.T) {
	b := running(t, nil)
	s, fast := b.dial("/usdm/public/ws/btcusdt@depth@100ms"), b.dial("/coinm/ws/btcusd_perp@depth@100ms")
	b.fault(simserver.Fault{Kind: "slow", Market: "usdm", Millis: 100})
	began := time.Now()
	b.advance(4 * exchange.Second)
	for range 3 {
		fast.until("depthUpdate")
	}
	if len(s.frames) == 3 && time.Since(began) < 300*time.Millisecond {
		t.Error("the slow connection is as fast as the other")
	}
	for range 3 {
		s.until("depthUpdate")
	}
	if took := time.Since(began); took < 300*time.Millisecond {
		t.Errorf("three frames took %v, want at least 300ms", took)
	}
}

// A mute user stream stays open and answers; what happened meanwhile never
// comes.
func TestMuteUserStream(t *testing.T) {
	for _, v := range venues[1:] {
		b := running(t, nil)
		path := map[string]string{"usdm": "/usdm/private/ws/", "coinm": "/coinm/ws/"}[v.name]
		s := b.dial(path + b.listenKey(v.prefix))
		b.fault(simserver.Fault{Kind: "mute", Market: v.name, Millis: 600_000})
		b.buy(v)
		s.quiet()
		b.fault(simserver.Fault{Kind: "mute", Market: v.name, Millis: 1}) // it ends
		b.eventually("the end of the silence", func() bool {
			b.buy(v)
			select {
			case <-s.frames:
				return true
			default:
				return false
			}
		})
	}
}

func TestMuteSpotUserStream(t *testing.T) {
	b := running(t, nil)
	s := b.dial("/ws-api/v3")
	s.call(1, "userDataStream.subscribe.signature", b.wsParams(false))
	b.fault(simserver.Fault{Kind: "mute", Market: "spot"})
	b.buy(venues[0])
	if a := s.call(2, "time", nil); fmt.Sprint(a["status"]) != "200" {
		t.Errorf("a mute connection answers: %v", a)
	}
	other := b.dial("/ws-api/v3") // a new connection hears again
	other.call(1, "userDataStream.subscribe.signature", b.wsParams(false))
	b.buy(venues[0])
	other.until("executionReport")
	s.quiet()
}

// One stream of a connection stalls, the other goes on, and subscribing anew
// heals it.
func TestStalledStream(t *testing.T) {
	b := running(t, nil)
	s := b.dial("/usdm/public/stream?streams=btcusdt@depth@100ms/ethusdt@depth@100ms")
	b.fault(simserver.Fault{Kind: "stall", Market: "usdm", Symbol: "BTCUSDT"})
	b.advance(5 * exchange.Second)
	count := func() map[string]int {
		n := map[string]int{}
		for len(s.frames) > 0 {
			n[fmt.Sprint(s.next()["stream"])]++
		}
		return n
	}
	b.eventually("the other stream", func() bool { return len(s.frames) >= 3 })
	if n := count(); n["btcusdt@depth@100ms"] != 0 {
		t.Errorf("the stalled stream had %v", n)
	}
	s.call(1, "UNSUBSCRIBE", []string{"btcusdt@depth@100ms"})
	s.call(2, "SUBSCRIBE", []string{"btcusdt@depth@100ms"})
	b.advance(5 * exchange.Second)
	b.eventually("the healed stream", func() bool { return count()["btcusdt@depth@100ms"] > 0 })
}

// serverShutdown is announced, and the cut follows.
func TestShutdownCuts(t *testing.T) {
	b := running(t, nil)
	s, futures := b.dial("/spot/ws/btcusdt@trade"), b.dial("/usdm/public/ws")
	b.fault(simserver.Fault{Kind: "server_shutdown", Millis: 30})
	s.until("serverShutdown")
	s.ended()
	futures.quiet()
}

func TestListenKeyExpires(t *testing.T) {
	b := running(t, nil)
	key := b.listenKey("/fapi/v1")
	s := b.dial("/usdm/private/ws/" + key)
	b.fault(simserver.Fault{Kind: "listen_key_expired", Market: "usdm"})
	if ev := s.until("listenKeyExpired"); ev["listenKey"] != key {
		t.Errorf("expired: %v", ev)
	}
	b.buy(venues[1])
	s.quiet() // open, and mute
	if a, err := b.do("PUT", "/fapi/v1/listenKey", "", "", b.keys.HMAC.Key); err != nil || a.code() != -1125 {
		t.Errorf("keepalive: %v %s", err, a.text)
	}
	if b.listenKey("/fapi/v1") == key {
		t.Error("the new listen key is the old one")
	}
}

// The events of a fill come late, behind those of what happened afterwards,
// while queries know of it at once.
func TestLateFill(t *testing.T) {
	t.Parallel() // it waits
	b := running(t, nil)
	v := venues[1]
	s := b.dial("/usdm/private/ws/" + b.listenKey("/fapi/v1"))
	b.fault(simserver.Fault{Kind: "late_fill", Market: "usdm", Millis: 3000}) // a busy machine places two orders and asks meanwhile
	began := time.Now()
	b.must("POST", v.order, "symbol=BTCUSDT", "side=BUY", "type=MARKET", "quantity=0.010", "newClientOrderId=late")
	if o := b.must("GET", v.order, "symbol=BTCUSDT", "origClientOrderId=late").object(t); o["status"] != "FILLED" {
		t.Errorf("queried: %v", o)
	}
	b.must("POST", v.order, "symbol=BTCUSDT", "side=BUY", "type=LIMIT", "timeInForce=GTC", "quantity=0.010", "price="+b.below(v), "newClientOrderId=next")
	var names []string
	for range 3 {
		o := s.until("ORDER_TRADE_UPDATE")["o"].(map[string]any)
		names = append(names, fmt.Sprint(o["c"], " ", o["x"]))
	}
	if want := "[late NEW next NEW late TRADE]"; fmt.Sprint(names) != want {
		t.Errorf("events %v, want %s", names, want)
	}
	s.until("ACCOUNT_UPDATE")
	if took := time.Since(began); took < 3*time.Second {
		t.Errorf("the fill came after %v, want 3 s or more", took)
	}
}

// A fill told twice has one trade id, and is in the account once.
func TestDuplicateFill(t *testing.T) {
	b := running(t, nil)
	s := b.dial("/ws-api/v3")
	s.call(1, "userDataStream.subscribe.signature", b.wsParams(false))
	b.fault(simserver.Fault{Kind: "duplicate_fill", Market: "spot"})
	b.buy(venues[0])
	seen := map[string]int{}
	for fills := 0; fills < 2; {
		if ev := s.until("executionReport"); ev["x"] == "TRADE" {
			seen[fmt.Sprint(ev["t"])]++
			fills++
		}
	}
	if len(seen) != 1 {
		t.Errorf("trade ids %v, want the same twice", seen)
	}
	if n := len(b.must("GET", "/api/v3/myTrades", "symbol=BTCUSDT").list(t)); n != 1 {
		t.Errorf("%d trades, want 1", n)
	}
}

// Half of a message is no JSON, and the connection goes on.
func TestGarbledFrame(t *testing.T) {
	b := running(t, nil)
	s := b.dial("/usdm/public/ws/ethusdt@depth@100ms")
	b.fault(simserver.Fault{Kind: "garble", Market: "usdm", Symbol: "ETHUSDT"})
	b.advance(3 * exchange.Second)
	if f := <-s.frames; parse(f) != nil || len(f) < 10 {
		t.Errorf("%s: want half a message", f)
	}
	s.until("depthUpdate")
}

// An old snapshot is older than the diffs that a client has buffered.
func TestOldBook(t *testing.T) {
	b := running(t, nil)
	id := func() int64 {
		return integer(b.get("/fapi/v1/depth", "symbol=ETHUSDT").object(t)["lastUpdateId"])
	}
	first := id()
	b.advance(5 * exchange.Second)
	b.fault(simserver.Fault{Kind: "old_book", Market: "usdm"})
	if got := id(); got != first {
		t.Errorf("snapshot %d, want the old one, %d", got, first)
	}
	if got := id(); got <= first {
		t.Errorf("snapshot %d, want a newer one than %d", got, first)
	}
}

func TestSlowAnswer(t *testing.T) {
	b := running(t, nil)
	b.fault(simserver.Fault{Kind: "slow_answer", Market: "usdm", Millis: 60})
	began := time.Now()
	b.get("/fapi/v1/time", "")
	if took := time.Since(began); took < 60*time.Millisecond {
		t.Errorf("the answer took %v, want 60ms or more", took)
	}
}
