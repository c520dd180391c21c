package host

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/wire"
)

// shelf is a market in memory.
type shelf struct {
	u        *exchange.Universe
	asked    []exchange.InstrumentID
	recycled []exchange.InstrumentID
	past     []exchange.Event
	failed   error
	closed   bool
}

func (s *shelf) Universe() *exchange.Universe      { return s.u }
func (s *shelf) Interval() exchange.Time           { return exchange.Minute }
func (s *shelf) Snapshot(id exchange.InstrumentID) { s.asked = append(s.asked, id) }
func (s *shelf) Past(context.Context, exchange.InstrumentID) ([]exchange.Event, error) {
	return s.past, s.failed
}
func (s *shelf) Recycle(ev *exchange.Event) { s.recycled = append(s.recycled, ev.Instrument) }
func (s *shelf) Close() error               { s.closed = true; return nil }
func (s *shelf) Health() connect.Health {
	return connect.Health{Gaps: 2, Connections: []wire.Health{{Name: "one"}}}
}

// row takes events in order.
type row struct{ got []exchange.Event }

func (r *row) Post(ev *exchange.Event) { r.got = append(r.got, *ev) }

func shelfOf(t *testing.T, house string, symbols ...string) *shelf {
	t.Helper()
	var list []exchange.Instrument
	for _, s := range symbols {
		v, symbol, _ := strings.Cut(s, ":")
		in := exchange.Instrument{Venue: exchange.Venue(house + "." + v), Symbol: symbol, Base: symbol, Quote: "USDT", Wallet: exchange.Wallet(house + ".unified"),
			Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("0.1")}
		if v != "spot" {
			in.Contract = exchange.Linear
		}
		list = append(list, in)
	}
	u, err := exchange.NewUniverse(list)
	if err != nil {
		t.Fatal(err)
	}
	return &shelf{u: u}
}

// What comes before all venues have told their instruments is passed on in order, with the
// numbers of all; what is asked of an instrument goes to its venue by that one's number.
func TestSeveralMarketsAreOne(t *testing.T) {
	a, b := shelfOf(t, "alpha", "spot:AAA", "perp:AAA"), shelfOf(t, "beta", "spot:BBB", "perp:BBB")
	out := &row{}
	j := &jointMarket{parts: []*part{{market: a, to: out}, {market: b, to: out}}}
	mine := func(p *part, local exchange.InstrumentID, id int64) {
		p.Post(&exchange.Event{Kind: exchange.KindTrade, Instrument: local, ID: id})
	}
	mine(j.parts[1], 0, 1) // beta.spot
	mine(j.parts[1], 1, 2) // beta.perp
	if len(out.got) > 0 {
		t.Fatal("an event was passed on whose instrument has no number yet")
	}
	if err := j.join(); err != nil {
		t.Fatal(err)
	}
	mine(j.parts[0], 1, 3) // alpha.perp
	var got []string
	for _, ev := range out.got {
		got = append(got, j.u.Get(ev.Instrument).FullKey())
	}
	if want := []string{"beta.spot:BBB", "beta.perp:BBB", "alpha.perp:AAA"}; !slices.Equal(got, want) {
		t.Errorf("passed on %v, want %v", got, want)
	}
	for _, in := range j.u.All() {
		if in.Wallet != exchange.Wallet(in.Venue.House()+".unified") {
			t.Errorf("%s is backed by %q", in.Key(), in.Wallet)
		}
	}
	in, err := j.u.Lookup("beta.perp:BBB")
	if err != nil {
		t.Fatal(err)
	}
	j.Snapshot(in.ID)
	j.Recycle(&exchange.Event{Instrument: in.ID})
	if !slices.Equal(b.asked, []exchange.InstrumentID{1}) || !slices.Equal(b.recycled, []exchange.InstrumentID{1}) || len(a.asked)+len(a.recycled) > 0 {
		t.Errorf("alpha was asked %v %v, beta %v %v", a.asked, a.recycled, b.asked, b.recycled)
	}
	if h := j.Health(); h.Gaps != 4 || len(h.Connections) != 2 {
		t.Errorf("health %+v", h)
	}
	if j.Close() != nil || !a.closed || !b.closed {
		t.Error("not all were closed")
	}
}

// The past of an instrument is asked of its venue, by the number that it has there.
func TestThePastOfSeveralMarkets(t *testing.T) {
	a, b := shelfOf(t, "alpha", "spot:AAA"), shelfOf(t, "beta", "spot:BBB")
	at := func(times ...exchange.Time) (out []exchange.Event) {
		for _, x := range times {
			out = append(out, exchange.Event{Kind: exchange.KindBar, VenueTime: x})
		}
		return out
	}
	a.past, b.past, b.failed = at(1, 4), at(2, 3), errors.New("no more than that")
	j := &jointMarket{parts: []*part{{market: a, to: &row{}}, {market: b, to: &row{}}}}
	if err := j.join(); err != nil {
		t.Fatal(err)
	}
	first, err := j.Past(t.Context(), 0)
	if err != nil || len(first) != 2 || first[0].Instrument != 0 {
		t.Errorf("%v, %v", first, err)
	}
	second, err := j.Past(t.Context(), 1)
	if err == nil || len(second) != 2 || second[1].Instrument != 1 || second[1].VenueTime != 3 {
		t.Errorf("%v, %v", second, err)
	}
}

// More than is held before the numbers are known leaves a gap in every book of the venue.
func TestTooMuchBeforeAllHaveBegun(t *testing.T) {
	a, b := shelfOf(t, "alpha", "spot:AAA"), shelfOf(t, "beta", "spot:BBB")
	out := &row{}
	j := &jointMarket{parts: []*part{{market: a, to: out}, {market: b, to: out}}}
	for range liveBacklog + 1 {
		j.parts[0].Post(&exchange.Event{Kind: exchange.KindTrade})
	}
	if err := j.join(); err != nil {
		t.Fatal(err)
	}
	if last := out.got[len(out.got)-1]; last.Kind != exchange.KindGap || len(a.asked) != 1 || len(b.asked) != 0 {
		t.Errorf("the last is %v; alpha was asked for %v, beta for %v", last.Kind, a.asked, b.asked)
	}
}

// A channel is dark after a while, once, and back at once.
func TestAChannelIsDarkAfterAWhile(t *testing.T) {
	var told []string
	cs := &channels{post: func(ev *exchange.Event) {
		told = append(told, ev.Name+" "+ev.Channel.String()+" "+ev.Reason)
	}}
	for _, x := range []struct {
		at  exchange.Time
		why string
	}{{1, "lost"}, {2, ""}, {3, "lost"}, {5, "lost"}, {6, "lost"}, {7, "still lost"}, {8, ""}, {9, ""}} {
		cs.follow(x.at*exchange.Second, "beta", exchange.ChannelOrders, x.why)
		cs.follow(x.at*exchange.Second, "beta", exchange.ChannelMarket, "")
	}
	if want := []string{"beta orders lost", "beta orders "}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}
