package host

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/simfront"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/synth"
	"github.com/perilune/perilune/host/risk"
)

const liveScript = "testdata/livebusy.lua"

// liveHouse is a local exchange on real sockets, and a directory with the files of
// the key.
type liveHouse struct {
	t    *testing.T
	sim  *simserver.Exchange
	host string
	dir  string
	keys simserver.Keys
	hour exchange.Time // of the market, the only one that it comes to: funding is settled
}

// openHouse starts an exchange with ten book changes a second and a contract. Its
// market, other than its clock, is some minutes ahead, so that funding is settled soon.
func openHouse(t *testing.T, seed uint64, chaos *simserver.Chaos) *liveHouse {
	t.Helper()
	now := exchange.Time(time.Now().UnixNano())
	const lead = 12 * exchange.Second
	opening := now + lead - (now+lead)%exchange.Hour + exchange.Hour - lead // never in the past
	feed, err := synth.New(synth.Options{Seed: seed, Start: opening - opening%exchange.Minute, Step: 100 * exchange.Millisecond, Calm: true})
	if err != nil {
		t.Fatal(err)
	}
	sim, err := simserver.New(simserver.Options{Universe: feed.Universe(), Feed: feed, Begin: opening, Speed: 1, Seed: seed, Chaos: chaos})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	front := simfront.New(sim) // before any fault is armed
	go func() { ended <- sim.Serve(ctx, l, front) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	h := &liveHouse{t: t, sim: sim, host: l.Addr().String(), dir: t.TempDir(), keys: sim.Keys()[0], hour: opening + lead}
	h.arm(simserver.Fault{Kind: "funding", Hours: 1})
	h.write("key", h.keys.HMAC.Key)
	h.write("secret", h.keys.HMAC.Secret)
	return h
}

func (h *liveHouse) write(name, text string) {
	h.t.Helper()
	if err := os.WriteFile(filepath.Join(h.dir, name), []byte(text+"\n"), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

func endpointsAt(host string) api.Endpoints {
	return api.Endpoints{
		RestSpot: "http://" + host, RestUSDM: "http://" + host, RestCOINM: "http://" + host,
		WSSpot: "ws://" + host + "/spot", WSUSDM: "ws://" + host + "/usdm", WSCOINM: "ws://" + host + "/coinm",
		APISpot: "ws://" + host + "/ws-api/v3", APIUSDM: "ws://" + host + "/ws-fapi/v1", APICOINM: "ws://" + host + "/ws-dapi/v1",
	}
}

// liveOptions are those of a session on an exchange, with its files in dir.
func liveOptions(host, dir string, set map[string]string) *Options {
	return &Options{Scripts: []string{liveScript}, Set: set, Market: []string{"live"}, Live: LiveOptions{Venue: binance.At(endpointsAt(host))},
		DB: filepath.Join(dir, "live.db"), StatusEvery: 50 * time.Millisecond,
		Account: &AccountOptions{Key: "file:" + filepath.Join(dir, "key"), Secret: "file:" + filepath.Join(dir, "secret"), Countdown: 20 * exchange.Second},
		Limits: risk.Limits{MaxOrderNotional: decimal.NewFromInt(20_000), MaxPositionNotional: decimal.NewFromInt(200_000),
			DailyLoss: decimal.NewFromInt(1_000_000)}}
}

func (h *liveHouse) options(set map[string]string) *Options { return liveOptions(h.host, h.dir, set) }

// arm makes something go wrong.
func (h *liveHouse) arm(f simserver.Fault) {
	h.t.Helper()
	if err := h.sim.Arm(f); err != nil {
		h.t.Fatal(err)
	}
}

// ask sends a request to the simulator's own paths.
func (h *liveHouse) ask(method, path string, body, into any) {
	h.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := askSim(h.host, method, path, raw, into); err != nil {
		h.t.Fatal(err)
	}
}

func askSim(host, method, path string, body []byte, into any) error {
	req, err := http.NewRequest(method, "http://"+host+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, path, raw)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(raw, into)
}

// calm ends all faults, and makes the order manager look for what they left.
func (h *liveHouse) calm() {
	h.t.Helper()
	h.ask(http.MethodDelete, "/sim/faults", nil, nil)
	h.arm(simserver.Fault{Kind: "skew"}) // whose end was cleared with the rest
	h.arm(simserver.Fault{Kind: "drop"})
}

// liveSession is a session that runs beside the test.
type liveSession struct {
	t     *testing.T
	r     *runner
	stop  context.CancelFunc
	ended chan error
	sum   *Summary

	mu   sync.Mutex
	said bytes.Buffer
	now  liveState
	// filled counts what the core has heard of
	filled int
}

// liveState is what the loop's goroutine saw last.
type liveState struct {
	events  uint64
	resting bool // nothing is under way in the core
	account string
	settled exchange.Time // when every market agreed last
	clear   bool          // the order manager has nothing under way
	halted  string
	pairs   []string
}

// begin starts a session. Its errors before the loop end the test.
func begin(t *testing.T, o *Options, each func(*runner)) *liveSession {
	t.Helper()
	s, err := tryBegin(t, o, each)
	if err != nil {
		t.Fatalf("%v\n%s", err, s.log())
	}
	return s
}

// tryBegin is begin of a session whose start may fail.
func tryBegin(t *testing.T, o *Options, each func(*runner)) (*liveSession, error) {
	t.Helper()
	s := &liveSession{t: t, ended: make(chan error, 1)}
	o.Log = func(l Line) {
		s.mu.Lock()
		defer s.mu.Unlock()
		fmt.Fprintf(&s.said, "%s %s: %s\n", l.Level, l.Strategy, l.Text)
	}
	o.Status = func(st Status) {
		s.look(st)
		if each != nil {
			each(s.r)
		}
	}
	if err := o.Validate(); err != nil {
		t.Fatal(err)
	}
	s.r = newRunner(o)
	asked := o.Paper
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	if err := s.r.open(ctx); err != nil {
		stop()
		s.r.close()
		return s, err
	}
	if !reflect.DeepEqual(o.Paper, asked) {
		t.Errorf("what the venue said was written into the options: %+v, asked for %+v", o.Paper, asked)
	}
	go func() {
		sum, err := s.r.finish(ctx, s.r.loop.Run(ctx))
		s.sum = sum
		s.r.close()
		s.ended <- err
	}()
	return s, nil
}

func (s *liveSession) log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.String()
}

// atVenue is a session's account at the venue, and onPaper the venue of its paper account.
func atVenue(r *runner) *liveAccount { return r.account.(*liveAccounts).list[0] }
func onPaper(r *runner) *paper.Venue { return r.account.(*paperAccount).venue }

// look runs on the loop's goroutine.
func (s *liveSession) look(st Status) {
	now := liveState{events: st.Events, resting: s.r.core.AtRest() && len(st.Pairs) == 0, account: st.Account, halted: st.Halted, clear: true}
	for _, p := range s.r.core.OpenPairs() {
		now.pairs = append(now.pairs, fmt.Sprintf("%d %s %q: %s coins, %d lots", p.ID, p.State, p.Reason, p.SpotQty, p.PerpQty))
	}
	for n, a := range s.r.account.(*liveAccounts).list {
		h := a.venue.Health()
		now.clear = now.clear && h.Working+h.Unknown+h.Transfers+h.Unowned+h.Resumed == 0
		for i := range h.Sections {
			m := &h.Sections[i]
			now.clear = now.clear && m.Down == "" && len(m.Diffs) == 0
			if n == 0 && i == 0 || m.Agreed < now.settled {
				now.settled = m.Agreed
			}
		}
	}
	s.mu.Lock()
	s.now, s.filled = now, st.Fills
	s.mu.Unlock()
}

func (s *liveSession) state() liveState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// until waits for something to be so.
func (s *liveSession) until(what string, limit time.Duration, so func(*liveState) bool) {
	s.t.Helper()
	for end := time.Now().Add(limit); ; {
		st := s.state()
		if so(&st) {
			return
		}
		select {
		case err := <-s.ended:
			s.t.Fatalf("the session ended before %s: %v\n%s", what, err, tail(s.log(), 6000))
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(end) {
			s.end()
			s.t.Fatalf("not within %s: %s; %+v\n%s", limit, what, st, tail(s.log(), 6000))
		}
	}
}

// quiet waits until nothing is under way, and then until a comparison of all accounts
// that began after it has found nothing. The venue pays nothing after that.
func (s *liveSession) quiet(h *liveHouse, limit time.Duration) {
	s.t.Helper()
	s.until("nothing is under way", limit, func(st *liveState) bool { return st.resting && st.clear })
	h.settled()
	since := atVenue(s.r).client.Now()
	h.arm(simserver.Fault{Kind: "drop"}) // a stream that was lost makes the order manager compare
	s.until("the accounts agree", limit, func(st *liveState) bool { return st.resting && st.clear && st.settled > since })
}

// end is Ctrl-C.
func (s *liveSession) end() {
	s.t.Helper()
	s.stop()
	select {
	case err := <-s.ended:
		if err != nil {
			s.t.Errorf("the end of the session: %v", err)
		}
	case <-time.After(90 * time.Second):
		s.t.Fatalf("the session does not end\n%s", tail(s.log(), 4000))
	}
}

func tail(s string, n int) string {
	if len(s) > n {
		s = "…" + s[len(s)-n:]
	}
	return strings.TrimSpace(s)
}

// settled waits until the venue has settled the funding of its hour: one that is paid between
// the last look of a session and ours would be in no ledger.
func (h *liveHouse) settled() {
	h.t.Helper()
	past := h.hour + exchange.Second // whatever of the market is of the full hour itself was shown
	h.waitFor("funding is settled", 2*time.Minute, func(tr *truth) bool { return exchange.Time(tr.Time)*exchange.Millisecond > past })
}

// waitFor waits until the venue's own view is so.
func (h *liveHouse) waitFor(what string, limit time.Duration, so func(*truth) bool) {
	h.t.Helper()
	for end := time.Now().Add(limit); !so(h.truth()); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatalf("not within %s: %s", limit, what)
		}
	}
}
