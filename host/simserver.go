package host

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/record"
	relayfront "github.com/perilune/perilune/exchange/relay/simfront"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/synth"
)

// SimOptions say what local exchange is to run: see package simserver.
type SimOptions struct {
	Listen string // default 127.0.0.1:8900; port 0 takes a free one
	// Venues are the houses to run behind the one address, each with accounts and faults
	// of its own and all with one market; "all": every one that there is. None: the default
	// venue alone.
	Venues []string
	Market []string // synth, or recordings
	// Relay puts a relay beside the venues that passes on the books of their perpetuals.
	Relay bool
	// Symbols is how many linear contracts each venue has in the built-in market, each with
	// ten changes of its book a second; 0: its own, at the usual pace.
	Symbols int
	Seed    uint64
	Speed   float64 // market seconds per second; default 1
	// Past is how much of the built-in market lies before the opening; 0: two hours. It is
	// worked out before the exchange answers, in steps of what a second of Speed is.
	Past     exchange.Time
	Accounts int              // default 1
	Queue    Queue            // how resting orders wait behind others; the default as on paper
	Faults   *simserver.Chaos // nil: only those that are asked for
	// Config is where to write a configuration that reaches the exchange, see
	// SimInfo.WriteConfig; empty: nowhere.
	Config string
	// Ready is called once, when the exchange answers.
	Ready func(SimInfo)
	Log   func(string)

	ahead time.Duration // of the wall clock: the built-in market's, at the opening
}

// SimInfo is where a local exchange listens and how to log in to it.
type SimInfo struct {
	Listen string `json:"listen"`
	// URLs and Keys are those of the first venue.
	URLs map[string]string `json:"urls"`
	Keys simserver.Keys    `json:"keys"`
	// More are the keys of further accounts.
	More   []simserver.Keys    `json:"more_keys,omitempty"`
	Venues map[string]SimVenue `json:"venues"`
	// Relay is how the relay is reached: url, key, and where faults are asked for.
	Relay map[string]string `json:"relay,omitempty"`
}

// SimVenue is how one of the venues is reached.
type SimVenue struct {
	URLs map[string]string
	// Keys are those of the first account, in the form that the venue gives them, and
	// More those of further ones.
	Keys any
	More []any
	// section is the addresses by the keys of the venue's section of a configuration.
	section map[string]string
}

// MarshalJSON puts the addresses beside the keys.
func (v SimVenue) MarshalJSON() ([]byte, error) {
	out := map[string]any{"keys": v.Keys}
	for name, url := range v.URLs { // order does not matter: JSON sorts keys
		out[name] = url
	}
	if len(v.More) > 0 {
		out["more_keys"] = v.More
	}
	return json.Marshal(out)
}

// simPast is how much of the built-in market lies before the opening, so that
// klines and statistics are not empty.
const simPast = 2 * exchange.Hour

// mostSimPast is how much of it candles are kept of.
const mostSimPast = 5 * exchange.Day

// SimFaults are the faults that the simulated venues have of their own.
func SimFaults() (out []simserver.Kinds) {
	for i := range venueList {
		out = append(out, venueList[i].faults)
	}
	return out
}

// SimVenues are the houses that there is a simulator of, the default first.
func SimVenues() (out []string) {
	for i := range venueList {
		if venueList[i].front != nil {
			out = append(out, venueList[i].connect.House())
		}
	}
	return out
}

// Simulate runs a local exchange until ctx ends.
func Simulate(ctx context.Context, o SimOptions) error {
	if err := needsContext(ctx, "Simulate"); err != nil {
		return err
	}
	if o.Symbols < 0 || o.Accounts < 0 || !(o.Speed >= 0) || math.IsInf(o.Speed, 0) {
		return configError("Simulate: Symbols %d, Accounts %d, Speed %g: want 0 or more", o.Symbols, o.Accounts, o.Speed)
	}
	if o.Past < 0 || o.Past > mostSimPast {
		return configError("Simulate: Past %d: want 0 to 5 days", o.Past)
	}
	if builtIn := len(o.Market) == 0 || len(o.Market) == 1 && o.Market[0] == "synth"; o.Past > 0 && (!builtIn || o.Symbols > 0) {
		return configError("Simulate: Past is of the built-in market without Symbols; a recording, and a market of many symbols, has no other past than its own")
	}
	if err := namedPaths("Market", o.Market); err != nil {
		return err
	}
	o.Speed = cmp.Or(o.Speed, 1)
	if len(o.Venues) == 1 && strings.EqualFold(o.Venues[0], "all") {
		o.Venues = SimVenues()
	}
	list, err := simVenues(o.Venues)
	if err != nil {
		return err
	}
	var mux simserver.Mux
	info := SimInfo{Venues: map[string]SimVenue{}}
	fronts := make([]front, len(list))
	exchanges := make([]*simserver.Exchange, len(list))
	now := time.Now()
	progress := newSimProgress(o.Log, list)
	for i, l := range list {
		feed, opt, err := o.market(now, l)
		if err != nil {
			return err
		}
		defer feed.Close()
		house := l.connect.House()
		opt.Feed, opt.Seed, opt.Accounts, opt.Log, opt.Opened = feed, o.Seed, o.Accounts, o.Log, now
		opt.Chaos = o.chaos(i, len(list))
		if l != &venueList[0] {
			opt.Salt = house + " "
		}
		opt.Past = progress.of(i, opt.Begin)
		x, err := simserver.New(opt)
		if err != nil {
			return &DataError{err}
		}
		defer x.Close()
		exchanges[i], fronts[i] = x, l.front(x)
		if err := mux.Add(house, x, fronts[i]); err != nil {
			return err
		}
	}
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", o.Listen, err)
	}
	info.Listen = l.Addr().String()
	for i, x := range exchanges {
		urls, keys := fronts[i].Describe(info.Listen), x.Credentials()
		info.Venues[list[i].connect.House()] = SimVenue{URLs: urls, Keys: keys[0], More: keys[1:], section: section(fronts[i], info.Listen)}
		if i == 0 {
			info.URLs, info.Keys, info.More = urls, x.Keys()[0], x.Keys()[1:]
		}
	}
	var alone http.Handler = fronts[0]
	if o.Relay {
		done := make(chan struct{})
		defer close(done)
		r := o.relay(list, exchanges, done)
		info.Relay = r.Describe(info.Listen)
		if err := mux.Beside(r.Paths(), r); err != nil {
			return errors.Join(err, l.Close())
		}
		alone = r.Before(fronts[0])
	}
	if o.Config != "" {
		if err := info.WriteConfig(o.Config); err != nil {
			return errors.Join(err, l.Close())
		}
	}
	if o.Ready != nil {
		o.Ready(info)
	}
	if len(list) == 1 {
		return exchanges[0].Serve(ctx, l, alone)
	}
	return mux.Serve(ctx, l)
}

// relay puts a relay beside the venues, which misbehaves as they do.
func (o *SimOptions) relay(list []*listing, exchanges []*simserver.Exchange, done <-chan struct{}) *relayfront.Relay {
	r := relayfront.New(fmt.Sprintf("hs_test_%016x", (o.Seed+1)*0x9e3779b97f4a7c15))
	for i, x := range exchanges {
		r.Add(list[i].connect.House(), x)
	}
	if f := o.Faults; f != nil {
		go r.Misbehave(done, f.Seed, cmp.Or(f.Every, simserver.UsualEvery))
	}
	return r
}

// simVenues are the listed venues of some names; none: the default.
func simVenues(names []string) (out []*listing, err error) {
	if len(names) == 0 {
		return []*listing{&venueList[0]}, nil
	}
	seen := map[string]bool{}
	for _, name := range names {
		name = strings.ToLower(strings.TrimSpace(name))
		l := simVenue(name)
		switch {
		case l == nil:
			return nil, configError("Simulate: venue %q: there is no simulator of it: want %s", name, exchange.OneOf(SimVenues()))
		case seen[name]:
			return nil, configError("Simulate: venue %q is there twice", name)
		}
		seen[name] = true
		out = append(out, l)
	}
	return out, nil
}

// simVenue is the listed venue of a house that has a simulator, nil when there is none.
func simVenue(house string) *listing {
	for i := range venueList {
		if l := &venueList[i]; l.connect.House() == house && l.front != nil {
			return l
		}
	}
	return nil
}

// chaos is the faults of the i-th of n venues: together they come as often as was asked
// for. The first has the sequence that it has alone.
func (o *SimOptions) chaos(i, n int) *simserver.Chaos {
	if o.Faults == nil {
		return nil
	}
	c := *o.Faults
	if c.Every == 0 {
		c.Every = simserver.UsualEvery
	}
	c.Every *= time.Duration(n)
	if i > 0 {
		h := fnv.New64a()
		fmt.Fprintf(h, "%d %s", c.Seed, o.Venues[i])
		c.Seed = h.Sum64()
	}
	return &c
}

// market opens the feed of a venue. The built-in market begins in the past, so that its
// time at the opening is the wall clock's.
func (o *SimOptions) market(now time.Time, l *listing) (exchange.Feed, simserver.Options, error) {
	opt := simserver.Options{Speed: o.Speed, Queue: o.Queue}
	if len(o.Market) == 0 || len(o.Market) == 1 && o.Market[0] == "synth" {
		opt.Begin = exchange.Time(now.Add(o.ahead).UnixNano())
		start := opt.Begin - cmp.Or(o.Past, simPast)
		return o.builtIn(opt, synth.Options{Seed: o.Seed, Start: start - start%exchange.Minute, Step: simStep(o.Speed), Houses: []synth.House{l.lists}})
	}
	rec, err := Recordings().Open(o.Market, record.Options{})
	if err != nil {
		return nil, opt, &DataError{err}
	}
	opt.Universe = rec.Universe()
	if len(o.Venues) == 0 {
		return rec, opt, nil
	}
	part, err := newHouseFeed(rec, rec.Universe(), l.connect.House())
	if err != nil {
		rec.Close()
		return nil, opt, &DataError{err}
	}
	opt.Universe = part.Universe()
	return part, opt, nil
}

// builtIn opens the built-in market. With many symbols its past is short: it is
// read through before the opening.
func (o *SimOptions) builtIn(opt simserver.Options, m synth.Options) (exchange.Feed, simserver.Options, error) {
	if o.Symbols == 0 {
		market, err := synth.New(m)
		if err != nil {
			return nil, opt, configError("built-in market: %v", err)
		}
		opt.Universe = market.Universe()
		return market, opt, nil
	}
	m.Step = 100 * exchange.Millisecond
	m.Start = opt.Begin - opt.Begin%exchange.Minute
	crowd, err := synth.NewCrowd(m, o.Symbols)
	if err != nil {
		return nil, opt, configError("built-in market: %v", err)
	}
	opt.Universe = crowd.Universe()
	return crowd, opt, nil
}

// simStep is the step of the built-in market that gives about one change of a
// book each second of wall time, within what the market allows.
func simStep(speed float64) exchange.Time {
	for _, step := range []exchange.Time{exchange.Second, 2 * exchange.Second, 5 * exchange.Second, 10 * exchange.Second, 30 * exchange.Second} {
		if float64(step) >= speed*float64(exchange.Second) {
			return step
		}
	}
	return exchange.Minute
}
