package feed

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/wire"
)

// Each fault of a stream: what it does to the frames of the depth streams.
func TestStreamFaults(t *testing.T) {
	held := map[string][]byte{}
	faults := map[string]func(stream string, n int, frame []byte) [][]byte{
		"gap": func(_ string, n int, f []byte) [][]byte {
			if n%40 == 20 {
				return nil
			}
			return [][]byte{f}
		},
		"duplicate": func(_ string, n int, f []byte) [][]byte {
			if n%7 == 3 {
				return [][]byte{f, f}
			}
			return [][]byte{f}
		},
		"reorder": func(s string, n int, f []byte) [][]byte {
			if n%40 == 20 {
				held[s] = f
				return nil
			}
			if h := held[s]; h != nil {
				delete(held, s)
				return [][]byte{f, h}
			}
			return [][]byte{f}
		},
		"malformed": func(_ string, n int, f []byte) [][]byte {
			if n%40 == 20 {
				return [][]byte{f[:len(f)/2]}
			}
			return [][]byte{f}
		},
		"garbage between": func(_ string, n int, f []byte) [][]byte {
			if n%40 == 20 {
				return [][]byte{[]byte("\x00\xff{{"), f, []byte(`{"stream":7}`), []byte(`[[[`)}
			}
			return [][]byte{f}
		},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newFakeVenue(t)
				v.mangle = func(s string, n int, f []byte) [][]byte {
					if !strings.HasSuffix(s, depthSuffix) {
						return [][]byte{f}
					}
					return fault(s, n, f)
				}
				l := open(t, v, nil)
				time.Sleep(time.Second)
				l.play(time.Minute)
				v.mu.Lock()
				v.mangle = nil
				v.mu.Unlock()
				l.play(40 * time.Second) // backoff included
				time.Sleep(time.Second)
				l.atRest()
				if h := l.market.Health(); (h.Gaps > 0) != (name == "gap" || name == "reorder" || name == "malformed") && name != "garbage between" {
					t.Errorf("%+v", h)
				}
			})
		})
	}
}

// Snapshots that are refused, too old, late, malformed or of a proxy.
func TestSnapshotFaults(t *testing.T) {
	old := func(n int) func(w http.ResponseWriter, b *fakeBook) bool {
		asked := map[*fakeBook]int{}
		return func(w http.ResponseWriter, b *fakeBook) bool {
			if asked[b]++; asked[b] > n {
				return false
			}
			fmt.Fprintf(w, `{"lastUpdateId":900,"bids":[["9.99","1"]],"asks":[["10.02","1"]]}`)
			return true
		}
	}
	broken := func(status int, header, body string) func(w http.ResponseWriter, b *fakeBook) bool {
		asked := map[*fakeBook]int{}
		return func(w http.ResponseWriter, b *fakeBook) bool {
			if status == http.StatusTooManyRequests {
				b = nil // it is about the address, not the book
			}
			if asked[b]++; asked[b] > 2 {
				return false
			}
			if header != "" {
				w.Header().Set("Retry-After", header)
			}
			w.WriteHeader(status)
			fmt.Fprint(w, body)
			return true
		}
	}
	for name, fault := range map[string]func(w http.ResponseWriter, b *fakeBook) bool{
		"older than the diffs": old(3),
		"429":                  broken(429, "3", `{"code":-1003,"msg":"Too many requests"}`),
		"500":                  broken(500, "", `<html>`),
		"malformed":            broken(200, "", `{"lastUpdateId":1200,"bids":[["9.99`),
		"another message":      broken(200, "", `{"code":200}`),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newFakeVenue(t)
				v.depth = fault
				l := open(t, v, nil)
				time.Sleep(time.Second)
				l.play(90 * time.Second)
				if name == "429" { // the venue wants to be left alone for minutes
					l.play(5 * time.Minute)
				}
				time.Sleep(time.Second)
				l.atRest()
				if h := l.market.Health(); h.Refused+h.Failed == 0 {
					t.Errorf("the fault did not happen: %+v", h)
				}
			})
		})
	}
}

func TestConnectionFaults(t *testing.T) {
	for name, fault := range map[string]func(*fakeVenue){
		"dropped":   (*fakeVenue).dropAll,
		"half-open": func(v *fakeVenue) { v.each((*wire.Peer).Hold) },
		"one stream stalls": func(v *fakeVenue) {
			v.mu.Lock()
			defer v.mu.Unlock()
			v.books[1].silent = true
			time.AfterFunc(45*time.Second, func() {
				v.mu.Lock()
				defer v.mu.Unlock()
				v.books[1].silent = false
			})
		},
		"shutdown announced": func(v *fakeVenue) {
			v.each(func(p *wire.Peer) {
				p.Send([]byte(`{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}`))
				time.AfterFunc(5*time.Second, p.Drop)
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newFakeVenue(t)
				l := open(t, v, nil)
				time.Sleep(time.Second)
				l.play(20 * time.Second)
				before := v.connects
				fault(v)
				l.play(3 * time.Minute)
				time.Sleep(time.Second)
				l.atRest()
				if v.connects == before && name != "one stream stalls" {
					t.Error("nobody connected anew")
				}
			})
		})
	}
}

// A cut connection is told of at once, before anything else arrives.
func TestCutIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newFakeVenue(t)
		l := open(t, v, nil)
		time.Sleep(time.Second)
		l.play(5 * time.Second)
		v.dropAll()
		synctest.Wait()
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, b := range l.books {
			if b.Ready() || !strings.Contains(b.Reason(), "disconnected") {
				t.Errorf("%s is %s after the cut: %q", b.Instrument().Key(), b.State(), b.Reason())
			}
		}
	})
}

// A message of a book that cannot be read may have been an update.
func TestMalformedIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newFakeVenue(t)
		l := open(t, v, nil)
		time.Sleep(time.Second)
		l.play(5 * time.Second)
		hurt := v.books[1]
		v.mangle = func(_ string, _ int, f []byte) [][]byte { return [][]byte{f[:len(f)-3]} }
		v.move(hurt, 1, nil)
		synctest.Wait()
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, b := range l.books {
			is := b.Instrument().Symbol == hurt.symbol && api.Of(b.Instrument().Venue) == hurt.market
			if b.Ready() == is {
				t.Errorf("%s is %s: %q", b.Instrument().Key(), b.State(), b.Reason())
			}
		}
		if all := strings.Join(l.notices, ""); !strings.Contains(all, "malformed message (1 so far)") {
			t.Errorf("nobody was told: %q", all)
		}
	})
}

// While a stream stalls its book must not be believed for long.
func TestStalledStreamIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newFakeVenue(t)
		l := open(t, v, nil)
		time.Sleep(time.Second)
		l.play(20 * time.Second)
		v.books[1].silent = true
		l.play(bookSilence + 2*time.Second)
		in, _ := l.market.Universe().Find(v.books[1].market.Venue(), v.books[1].symbol)
		l.mu.Lock()
		defer l.mu.Unlock()
		if b := l.books[in.ID]; b.Ready() {
			t.Errorf("%s is believed %s after its stream fell silent", in.Key(), bookSilence+2*time.Second)
		}
	})
}

// Markets in which nothing happens are found to be quiet, and their books right.
func TestQuietMarket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newFakeVenue(t)
		l := open(t, v, nil)
		marks := func(n int) {
			for range n {
				for _, b := range v.books[1:] {
					v.mark(b)
				}
				time.Sleep(time.Second)
			}
		}
		marks(30)
		l.mu.Lock()
		l.checked = 100 // there is little to check
		l.mu.Unlock()
		l.atRest()
		asked := v.requests["/fapi/v1/depth"]
		marks(600)
		l.atRest()
		if n := v.requests["/fapi/v1/depth"] - asked; n > 2*12 {
			t.Errorf("2 quiet books were looked at %d times in 10 minutes", n)
		}
		if v.connects != 4 {
			t.Errorf("%d connections, want the first 4: quiet is not stalled", v.connects)
		}
		l.play(10 * time.Second)
		time.Sleep(time.Second)
		l.atRest()
	})
}

// Streams that are asked for on the wrong route are accepted and stay silent.
// Their books are never live, and the watchdog says so.
func TestWrongRoute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newFakeVenue(t)
		l := open(t, v, func(o *Options) {
			o.Symbols = []string{"usdm:BTCUSDT"}
			o.Wire = func(w *wire.Options) {
				w.Dial = v.net.Dial
				w.URLs[0] = strings.Replace(w.URLs[0], "/public", "/market", 1)
			}
		})
		time.Sleep(time.Second)
		l.play(time.Minute)
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.books[0].State() == book.Live || l.checked > 0 {
			t.Error("a book is live without a stream")
		}
		c := l.market.Health().Connections[0]
		if c.Stalls == 0 || !strings.Contains(c.LastError, "btcusdt@depth@100ms") {
			t.Errorf("%+v", c)
		}
	})
}

// Faults of all sorts at random moments: at no moment is a book believed that
// the venue never had, and in the end all are right.
func TestRandomFaults(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newFakeVenue(t)
				// The venue draws under its lock, the test on its own.
				chance, rng := rand.New(rand.NewPCG(seed, 9)), rand.New(rand.NewPCG(seed, 10))
				v.mangle = func(s string, n int, f []byte) [][]byte {
					switch chance.IntN(400) {
					case 0:
						return nil
					case 1:
						return [][]byte{f, f}
					case 2:
						return [][]byte{f[:chance.IntN(len(f))]}
					}
					return [][]byte{f}
				}
				v.depth = func(w http.ResponseWriter, b *fakeBook) bool {
					if chance.IntN(4) > 0 {
						return false
					}
					w.WriteHeader(500)
					return true
				}
				l := open(t, v, nil)
				for range 20 {
					l.play(time.Duration(3+rng.IntN(20)) * time.Second)
					switch rng.IntN(4) {
					case 0:
						v.dropAll()
					case 1:
						v.each((*wire.Peer).Hold)
					case 2:
						time.Sleep(time.Duration(rng.IntN(30)) * time.Second)
					}
				}
				v.mu.Lock()
				v.mangle, v.depth = nil, nil
				v.mu.Unlock()
				l.play(3 * time.Minute)
				time.Sleep(time.Second)
				l.atRest()
			})
		})
	}
}

// A snapshot may be taken between two changes that come as one diff.
func TestSnapshotWithinADiff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newFakeVenue(t)
		l := open(t, v, nil)
		time.Sleep(time.Second)
		for range 100 {
			for i, b := range v.books {
				v.move(b, 3, nil)
				v.move(b, 5, func() {
					l.market.Snapshot(exchange.InstrumentID(i))
					time.Sleep(3 * time.Millisecond)
				})
			}
			time.Sleep(100 * time.Millisecond)
		}
		l.play(time.Minute)
		time.Sleep(time.Second)
		l.atRest()
	})
}
