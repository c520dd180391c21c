package host

import (
	"flag"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
)

var (
	faultSeeds  = flag.Uint64("fault-seeds", 1, "how many seeds TestLiveSessionUnderFaults runs")
	faultSeed   = flag.Uint64("fault-seed", 0, "run TestLiveSessionUnderFaults with this seed only")
	faultEvents = flag.Uint64("fault-events", 12_000, "market events of each of them")
	faultBans   = flag.Bool("fault-bans", false, "with bans by the venue, which last two minutes each")
)

// brief are the faults that the simulator chooses from by itself, without its bans.
var brief = []string{"drop", "cut", "half_open", "slow", "mute", "stall", "gap", "duplicate", "reorder", "garble", "old_book", "unavailable", "internal",
	"throttled", "timeout", "unknown", "reset", "429", "slow_answer", "late_fill", "duplicate_fill", "transfer_lost", "transfer_unknown", "transfer_late",
	"listen_key_expired", "server_shutdown"}

// A session that trades without rest, at a venue where something goes wrong every
// other second, ends with the venue's own books: every order once, every fill once,
// every balance to the last digit. Its books of the market are right or said to be
// stale all the while.
func TestLiveSessionUnderFaults(t *testing.T) {
	t.Parallel()
	first, last, events := uint64(1), *faultSeeds, *faultEvents
	if *faultSeed != 0 {
		first, last = *faultSeed, *faultSeed
	}
	if testing.Short() {
		events = min(events, 3000)
	}
	for seed := first; seed <= last; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			underFaults(t, seed, events)
		})
	}
}

// eventsAnAct is about how many market events come from one action of the strategy
// to the next.
const eventsAnAct = 135

func underFaults(t *testing.T, seed, events uint64) {
	chaos := &simserver.Chaos{Seed: seed, Every: 3 * time.Second, Kinds: brief}
	if *faultBans {
		chaos.Kinds = nil
	}
	h := openHouse(t, seed, chaos)
	o := h.options(map[string]string{"acts": fmt.Sprint(events / eventsAnAct), "every": "0.3"})
	o.Live.Symbols = strings.Fields("spot:BTCUSDT spot:ETHUSDT coinm:BTCUSD_PERP coinm:ETHUSD_PERP usdm:BTCUSDT usdm:ETHUSDT " +
		"usdm:SOLUSDT usdm:XRPUSDT usdm:DOGEUSDT usdm:BNBUSDT spot:SOLUSDT spot:XRPUSDT spot:DOGEUSDT spot:BNBUSDT")
	books := &bookCheck{t: t, house: h}
	s := begin(t, o, books.look)
	s.until("enough was seen", 5*time.Minute, func(st *liveState) bool { return st.events >= events })
	h.calm()
	s.quiet(h, 3*time.Minute) // longer than a ban by the venue
	st := s.state()
	s.end()
	trades := h.audited()
	fired := h.fired()
	t.Logf("seed %d: %d events, %d fills, %d faults (%s), %d books compared, %d stale, %d ahead; %s",
		seed, st.events, trades, len(fired), strings.Join(fired, " "), books.equal, books.stale, books.moved, st.account)
	if trades < int(events/200) || len(fired) < 3 || books.equal < int(events/200) {
		t.Error("the test tested little")
	}
	h.hides(s.log())
	if t.Failed() {
		t.Log(tail(s.log(), 20000))
	}
}

// fired are the kinds of the faults that came.
func (h *liveHouse) fired() []string {
	var list []struct{ Fault simserver.Fault }
	h.ask(http.MethodGet, "/sim/faults/fired", nil, &list)
	var out []string
	for _, f := range list {
		out = append(out, f.Fault.Kind)
	}
	return out
}

// bookCheck compares the session's books with the venue's at the same update.
type bookCheck struct {
	t     *testing.T
	house *liveHouse
	next  int

	equal, stale, moved int
}

// look runs on the loop's goroutine. It compares one book at a time, in turn.
func (c *bookCheck) look(r *runner) {
	all := r.core.Universe().All()
	in := all[c.next%len(all)]
	c.next++
	b := r.core.Book(in.ID)
	if !b.Ready() {
		c.stale++
		return
	}
	var theirs struct {
		LastID int64 `json:"last_id"`
		Bids   [][2]string
		Asks   [][2]string
	}
	path := "/sim/book?market=" + in.Segment() + "&symbol=" + in.Symbol
	if err := askSim(c.house.host, http.MethodGet, path, nil, &theirs); err != nil {
		c.t.Errorf("%s: %v", path, err)
		return
	}
	if theirs.LastID != b.LastID() {
		c.moved++
		return
	}
	c.equal++
	for side, want := range map[exchange.Side][][2]string{exchange.Buy: theirs.Bids, exchange.Sell: theirs.Asks} {
		have := b.AppendLevels(nil, side, b.Depth(side))
		if err := sameLevels(in, have, want); err != nil {
			c.t.Errorf("%s at update %d: %s: %v", in.Key(), b.LastID(), side, err)
		}
	}
}

func sameLevels(in *exchange.Instrument, have []exchange.Level, want [][2]string) error {
	if len(have) != len(want) {
		return fmt.Errorf("%d levels, the venue has %d", len(have), len(want))
	}
	for i, l := range have {
		price, qty := decimal.RequireFromString(want[i][0]), decimal.RequireFromString(want[i][1])
		if !in.PriceDecimal(l.Price).Equal(price) || !in.QtyDecimal(l.Qty).Equal(qty) {
			return fmt.Errorf("level %d: %s at %s, the venue has %s at %s", i+1, in.QtyDecimal(l.Qty), in.PriceDecimal(l.Price), qty, price)
		}
	}
	return nil
}
