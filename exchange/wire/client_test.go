package wire

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/perilune/perilune/exchange/wire/wiretest"
)

// ticking delivers a counter on stream a every second, the same on every
// connection, as a venue does.
func ticking(zero time.Time) func(*side) {
	return func(s *side) {
		go s.answer(nil)
		time.Sleep(100 * time.Millisecond)
		every(time.Second, func(int) error { return s.say("a|%d", int(time.Since(zero)/time.Second)) })
	}
}

func TestRollOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		p := serve(t, ticking(time.Now()))
		c := start(t, options(p, &r, Stream{"a", 5 * time.Second}))
		time.Sleep(23*time.Hour - time.Minute)
		if h := c.Health(); h.Connects != 1 || h.Rolls != 0 || !h.Connected {
			t.Fatalf("before 23 h: %+v", h)
		}
		time.Sleep(2 * time.Minute)
		if h := c.Health(); h.Connects != 2 || h.Rolls != 1 || h.Failures != 0 {
			t.Fatalf("after 23 h: %+v", h)
		}
		frames, notes := r.all()
		want := []string{"open 1", "subscribed 1 a", "open 2", "subscribed 2 a", "down 1 true"}
		if !slices.Equal(notes, want) {
			t.Errorf("notes are %q, want %q", notes, want)
		}
		unique := make(map[string]bool)
		for _, f := range frames {
			unique[f] = true
		}
		for i := range 23 * 3600 {
			if !unique[fmt.Sprintf("a|%d", i)] {
				t.Fatalf("message %d was lost", i)
			}
		}
	})
}

// A successor that does not deliver must not take over.
func TestRollOverToASilentConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		zero := time.Now()
		p := serve(t, func(s *side) {
			if s.n == 2 {
				s.answer(nil)
				return
			}
			ticking(zero)(s)
		})
		o := options(p, &r, Stream{"a", 5 * time.Second})
		o.RollAfter = time.Hour
		c := start(t, o)
		time.Sleep(time.Hour + 35*time.Second)
		if h := c.Health(); h.Rolls != 0 || h.Connects != 2 || !strings.Contains(h.LastError, "a did not deliver") {
			t.Fatalf("after the first try: %+v", h)
		}
		time.Sleep(time.Minute)
		if h := c.Health(); h.Rolls != 1 || h.Connects != 3 {
			t.Fatalf("after the second try: %+v", h)
		}
	})
}

// pinging is plain with a ping of its own.
type pinging struct{ plain }

func (pinging) Ping() []byte { return []byte("ping") }

func TestAVenuesOwnPing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		var mu sync.Mutex
		pings := 0
		p := serve(t, func(s *side) {
			s.answer(func(text string) {
				mu.Lock()
				defer mu.Unlock()
				if text == "ping" {
					pings++
				}
			})
		})
		o := options(p, &r, Stream{Name: "a"})
		o.Protocol = pinging{}
		start(t, o)
		time.Sleep(61 * time.Second)
		mu.Lock()
		defer mu.Unlock()
		if pings != 3 {
			t.Errorf("%d pings in a minute, want one every 20 s", pings)
		}
	})
}

// A stream that is renewed is unsubscribed from and subscribed to, others are let alone.
func TestRenew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		var mu sync.Mutex
		var asked []string
		p := serve(t, func(s *side) {
			s.answer(func(text string) {
				mu.Lock()
				defer mu.Unlock()
				asked = append(asked, text)
			})
		})
		c := start(t, options(p, &r, Stream{Name: "a"}, Stream{Name: "b"}))
		time.Sleep(2 * time.Second)
		c.Renew("b", "unknown")
		time.Sleep(2 * time.Second)
		mu.Lock()
		defer mu.Unlock()
		if want := []string{"sub 1 a,b", "unsub 2 b,unknown", "sub 3 b"}; !slices.Equal(asked, want) {
			t.Errorf("asked for %q, want %q", asked, want)
		}
		if h := c.Health(); h.Connects != 1 || h.Stalled != 0 {
			t.Errorf("%+v", h)
		}
	})
}

func TestServerShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		zero := time.Now()
		p := serve(t, func(s *side) {
			if s.n == 1 {
				time.AfterFunc(10*time.Second, func() { s.say("shutdown") })
			}
			ticking(zero)(s)
		})
		c := start(t, options(p, &r, Stream{"a", 5 * time.Second}))
		time.Sleep(12 * time.Second)
		if h := c.Health(); h.Rolls != 1 || !h.Connected {
			t.Errorf("%+v", h)
		}
		if _, notes := r.all(); !slices.Contains(notes, "down 1 true") {
			t.Errorf("the first connection was not closed on purpose: %q", notes)
		}
	})
}

// One of two streams falls silent. Pings and the other stream do not hide it.
func TestSilentStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		p := serve(t, func(s *side) {
			go s.answer(nil)
			every(time.Second, func(i int) error {
				if s.n > 1 || i < 10 {
					s.say("a|%d", i)
				}
				s.mu.Lock()
				defer s.mu.Unlock()
				if err := s.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second)); err != nil {
					return err
				}
				return s.WriteMessage(websocket.TextMessage, []byte("b|"))
			})
		})
		c := start(t, options(p, &r, Stream{"a", 5 * time.Second}, Stream{"b", 5 * time.Second}))
		time.Sleep(30 * time.Second)
		_, notes := r.all()
		want := []string{"open 1", "subscribed 1 a,b", "stalled 1 a", "subscribed 1 a", "stalled 1 a", "down 1 false", "open 2", "subscribed 2 a,b"}
		if !slices.Equal(notes, want) {
			t.Errorf("notes are %q, want %q", notes, want)
		}
		if err := r.lastDown(); !errors.Is(err, ErrSilent) {
			t.Errorf("it was dropped for %v, want ErrSilent", err)
		}
		if h := c.Health(); h.Stalled != 0 || h.Streams != 2 {
			t.Errorf("%+v", h)
		}
	})
}

func TestExcuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		p := serve(t, func(s *side) { s.answer(nil) })
		c := start(t, options(p, &r, Stream{"a", 5 * time.Second}))
		for range 120 {
			time.Sleep(time.Second)
			c.Excuse("a")
		}
		if h := c.Health(); h.Connects != 1 || h.Stalls != 0 {
			t.Errorf("an excused silence had consequences: %+v", h)
		}
	})
}

// The longer a stream is right to be silent, the less often that is asked.
func TestExcusesMakePatient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		p := serve(t, func(s *side) { s.answer(nil) })
		c := start(t, options(p, &r, Stream{"a", 5 * time.Second}))
		var seen uint64
		for range 600 {
			time.Sleep(time.Second)
			if n := c.Health().Stalls; n > seen {
				seen = n
				c.Excuse("a")
			}
		}
		if h := c.Health(); h.Connects != 1 || seen < 5 || seen > 15 {
			t.Errorf("asked %d times in 10 minutes, on %d connections", seen, h.Connects)
		}
	})
}

// The delays double up to the bound, and start over only after healthy data.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var at []time.Duration
		zero := time.Now()
		p := serve(t, func(s *side) {
			mu.Lock()
			at = append(at, time.Since(zero).Round(100*time.Millisecond))
			mu.Unlock()
			go s.answer(nil)
			for i := range map[int]int{3: 5, 9: 40}[s.n] { // 5 s of data are not enough, 40 s are
				s.say("a|%d", i)
				time.Sleep(time.Second)
			}
			s.say("a|")
		})
		var r recorder
		start(t, options(p, &r, Stream{"a", 0}))
		time.Sleep(4 * time.Minute)
		mu.Lock()
		defer mu.Unlock()
		var delays []string
		for i := 1; i < 11; i++ {
			delays = append(delays, (at[i] - at[i-1]).String())
		}
		got := strings.Join(delays, " ")
		if want := "500ms 1s 7s 4s 8s 16s 30s 30s 40.5s 1s"; got != want {
			t.Errorf("delays are %s, want %s", got, want)
		}
	})
}

// A connection on which nothing has to be said is healthy when it is up, or the
// few drops of a quiet stream would add up to the longest backoff.
func TestQuietConnectionsAreHealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		p := serve(t, func(s *side) {
			go s.answer(nil)
			time.Sleep(time.Hour)
		})
		c := start(t, options(p, &r, Stream{"a", 0}))
		time.Sleep(10*time.Hour + time.Minute)
		if h := c.Health(); h.Connects != 11 || h.Failures != 1 || !h.Connected {
			t.Errorf("%+v", h)
		}
	})
}

func TestJitterIsFull(t *testing.T) {
	o := Options{BackoffBase: time.Second, BackoffMax: 30 * time.Second}
	for _, tt := range []struct {
		jitter   float64
		failures int
		want     time.Duration
	}{{0, 5, 0}, {0.5, 1, 500 * time.Millisecond}, {0.5, 4, 4 * time.Second}, {1, 6, 30 * time.Second}, {1, 1000, 30 * time.Second}} {
		o.Jitter = func() float64 { return tt.jitter }
		if got := o.backoff(tt.failures); got != tt.want {
			t.Errorf("jitter %g after %d failures: %s, want %s", tt.jitter, tt.failures, got, tt.want)
		}
	}
}

// Whatever fails, no window of 5 minutes sees more than 300 attempts, over all
// clients that share the budget.
func TestAttemptBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var at []time.Time
		p := serve(t, func(s *side) {
			mu.Lock()
			defer mu.Unlock()
			at = append(at, time.Now())
		})
		budget := NewAttempts(300, 5*time.Minute)
		var r recorder
		var clients []*Client
		for range 4 {
			o := options(p, &r)
			o.Attempts, o.Jitter = budget, func() float64 { return 0.01 }
			c, err := Start(o)
			if err != nil {
				t.Fatal(err)
			}
			clients = append(clients, c)
		}
		time.Sleep(20 * time.Minute)
		for _, c := range clients {
			c.Close()
		}
		mu.Lock()
		defer mu.Unlock()
		if len(at) < 900 {
			t.Errorf("only %d attempts in 20 minutes: the budget was not put to the test", len(at))
		}
		for i := 300; i < len(at); i++ {
			if d := at[i].Sub(at[i-300]); d < 5*time.Minute {
				t.Fatalf("attempts %d to %d were made within %s", i-300, i, d)
			}
		}
	})
}

// A thousand streams are subscribed in batches, and no second sees more frames
// than allowed.
func TestSubscribeBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var at []time.Time
		asked := make(map[string]int)
		p := serve(t, func(s *side) {
			s.answer(func(text string) {
				mu.Lock()
				defer mu.Unlock()
				at = append(at, time.Now())
				if f := strings.Fields(text); f[0] == "sub" {
					for _, name := range strings.Split(f[2], ",") {
						asked[name]++
					}
				}
			})
		})
		var streams []Stream
		for i := range 1000 {
			streams = append(streams, Stream{Name: fmt.Sprintf("s%d", i)})
		}
		var r recorder
		o := options(p, &r, streams...)
		o.BatchStreams, o.FramesPerSecond = 50, 5
		c := start(t, o)
		time.Sleep(time.Second)
		c.Subscribe(Stream{Name: "late"}, Stream{Name: "s1"})
		c.Unsubscribe("s2")
		time.Sleep(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		if len(asked) != 1001 || asked["late"] != 1 || asked["s1"] != 1 {
			t.Errorf("%d streams were asked for, late %d times and s1 %d times", len(asked), asked["late"], asked["s1"])
		}
		if len(at) != 22 {
			t.Errorf("%d frames, want 20 batches, one more and one that unsubscribes", len(at))
		}
		for i := 5; i < len(at); i++ {
			if at[i].Sub(at[i-5]) < time.Second {
				t.Errorf("frames %d to %d came within %s", i-5, i, at[i].Sub(at[i-5]))
			}
		}
		if burst := at[4].Sub(at[0]); burst != 0 {
			t.Errorf("the first five took %s, want them at once", burst)
		}
		if h := c.Health(); h.Streams != 1000 || h.Stalled != 0 {
			t.Errorf("%+v", h)
		}
	})
}

func TestDropReasons(t *testing.T) {
	tests := []struct {
		name   string
		server func(*side)
		want   error
		text   string
	}{
		{"refused", func(s *side) {
			s.ReadMessage()
			s.say("no 1")
			s.ReadMessage()
		}, ErrRefused, "no such stream (1 streams from a)"},
		{"no reply", func(s *side) {
			s.ReadMessage()
			every(time.Second, func(int) error { return s.say("x|") })
		}, ErrNoReply, "10s"},
		{"too long", func(s *side) {
			go s.answer(nil)
			s.say("a|%s", strings.Repeat("x", 5<<20))
		}, websocket.ErrReadLimit, ""},
		{"handler", func(s *side) {
			go s.answer(nil)
			s.say("poison")
			time.Sleep(time.Second)
		}, nil, "poisoned"},
		{"half-open", func(s *side) {
			s.SetPingHandler(func(string) error { return nil })
			go s.answer(nil)
			time.Sleep(time.Hour)
		}, nil, "i/o timeout"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var r recorder
				p := serve(t, tt.server)
				c, err := Start(options(p, &r, Stream{Name: "a"}))
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(61 * time.Second)
				c.Close()
				r.mu.Lock()
				err = r.downs[0]
				r.mu.Unlock()
				if err == nil || tt.want != nil && !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
					t.Errorf("it was dropped for %v, want %v with %q", err, tt.want, tt.text)
				}
				if !strings.Contains(err.Error(), "ws://venue.test/stream") {
					t.Errorf("%v does not say where", err)
				}
				time.Sleep(2 * time.Hour) // for the server's own goroutines
			})
		})
	}
}

func TestGreetingComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var got []string
		p := serve(t, func(s *side) {
			s.answer(func(text string) { mu.Lock(); got = append(got, text); mu.Unlock() })
		})
		var r recorder
		o := options(p, &r, Stream{Name: "a"})
		o.Protocol = plain{greeting: []string{"login"}}
		c := start(t, o)
		if err := c.Send([]byte("early")); err != nil && !errors.Is(err, ErrDown) {
			t.Errorf("Send before the connection: %v", err)
		}
		time.Sleep(time.Second)
		if err := c.Send([]byte("order")); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		mu.Lock()
		defer mu.Unlock()
		if want := []string{"login", "sub 1 a", "order"}; !slices.Equal(got, want) {
			t.Errorf("the server got %q, want %q", got, want)
		}
	})
}

func TestSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := wiretest.New()
		p.Close()
		var r recorder
		c := start(t, options(p, &r))
		time.Sleep(time.Second)
		if err := c.Send([]byte("x")); !errors.Is(err, ErrDown) {
			t.Errorf("Send without a connection: %v, want ErrDown", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		p := serve(t, func(s *side) { s.answer(nil) })
		var r recorder
		c := start(t, options(p, &r))
		time.Sleep(time.Second)
		// The time of the bubble stands while this goroutine runs, so that the writer takes
		// no more than the frames of one window out of the queue meanwhile, and maybe none.
		var err error
		sent := 0
		for ; sent <= queued+c.o.FramesPerSecond && err == nil; sent++ {
			err = c.Send([]byte("x"))
		}
		if !errors.Is(err, ErrBusy) || sent <= queued {
			t.Errorf("Send number %d to a queue of %d: %v, want ErrBusy after it is full", sent, queued, err)
		}
	})
}

func TestCloseWhileDialing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		p := wiretest.New() // nobody accepts
		c, err := Start(options(p, &r))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		zero := time.Now()
		c.Close()
		c.Close()
		if d := time.Since(zero); d != 0 {
			t.Errorf("Close waited %s for a dial", d)
		}
	})
}

func TestOptionsAreChecked(t *testing.T) {
	if _, err := Start(Options{URLs: []string{"ws://x"}}); err == nil {
		t.Error("options without a protocol were accepted")
	}
}

func TestSuspended(t *testing.T) {
	if suspended(250*time.Millisecond, 250*time.Millisecond) || suspended(time.Minute, time.Minute) {
		t.Error("a slow loop was taken for a suspended machine")
	}
	if !suspended(time.Minute, 250*time.Millisecond) {
		t.Error("a suspended machine was not noticed")
	}
}

// A connection that is cut at any byte delivers whole messages only, and says
// that it is down.
func TestCutAtEveryByte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wire := []byte{0x81, 5, 'a', '|', 'o', 'n', 'e', 0x81, 5, 'a', '|', 't', 'w', 'o'}
		cut := 0
		p := serve(t, func(s *side) {
			s.ReadMessage()
			s.say("ok 1")
			s.NetConn().Write(wire[:cut])
		})
		for cut = range len(wire) + 1 {
			var r recorder
			c, err := Start(options(p, &r, Stream{Name: "a"}))
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
			c.Close()
			frames, notes := r.all()
			if want := []string{"a|one", "a|two"}[:cut/7]; !slices.Equal(frames, want) {
				t.Errorf("cut at %d: got %q, want %q", cut, frames, want)
			}
			if !slices.Contains(notes, "down 1 false") {
				t.Errorf("cut at %d: not told of: %q", cut, notes)
			}
		}
	})
}

// A connection that begins with more requests than may wait otherwise sends them all.
func TestMoreStreamsThanMayWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := serve(t, func(s *side) { s.answer(nil) })
		var r recorder
		o := options(p, &r)
		o.Streams, o.BatchStreams, o.FramesPerSecond = nil, 1, 20
		for i := range 2 * queued {
			o.Streams = append(o.Streams, Stream{Name: fmt.Sprintf("s%d", i)})
		}
		c := start(t, o)
		time.Sleep(time.Minute)
		if h := c.Health(); !h.Connected || h.Connects != 1 || h.Streams != 2*queued {
			t.Errorf("%+v", h)
		}
	})
}
