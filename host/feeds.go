package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/connect/twin"
	"github.com/perilune/perilune/exchange/relay"
	"github.com/perilune/perilune/exchange/sign"
)

// RelayOptions say how a relay of order books is reached, and when its books take the place
// of the venue's or give it back: [feed.relay] of the configuration. Which venues' books come
// from it is said by feed and shadow in their sections, or by the environment.
type RelayOptions struct {
	relay.Options
	// AloneForOrders lets real orders be sent on the relay's books with nothing beside them.
	AloneForOrders bool
	Rules          twin.Rules
}

// FeedComparison is what a venue's two feeds of the same books came to.
type FeedComparison = twin.Comparison

// ComparedFeed is one of the two.
type ComparedFeed = twin.Feed

// relayConfig is the section of the configuration file.
type relayConfig struct {
	URL            string `toml:"url"`
	Key            string `toml:"key"`
	Depth          int    `toml:"depth"`
	ResyncSeconds  int    `toml:"resync_seconds"`
	StaleSeconds   int    `toml:"stale_seconds"`
	AloneForOrders bool   `toml:"alone_for_orders"`

	SwitchStaleSeconds int `toml:"switch_stale_seconds"`
	SwitchGaps         int `toml:"switch_gaps"`
	SwitchLagMS        int `toml:"switch_lag_ms"`
	SwitchAfterSeconds int `toml:"switch_after_seconds"`
	SwitchBackSeconds  int `toml:"switch_back_seconds"`
	SwitchesAnHour     int `toml:"switches_an_hour"`
}

// takeRelay reads the section. The key is read when a session needs it.
func (o *Options) takeRelay(f *relayConfig) error {
	if f == nil || o.Live.Relay != nil {
		return nil
	}
	r := &RelayOptions{AloneForOrders: f.AloneForOrders, Options: relay.Options{URL: f.URL, Depth: f.Depth,
		Resync: seconds(f.ResyncSeconds), Stale: seconds(f.StaleSeconds)},
		Rules: twin.Rules{Stale: seconds(f.SwitchStaleSeconds), Gaps: f.SwitchGaps, Lag: time.Duration(f.SwitchLagMS) * time.Millisecond,
			Bad: seconds(f.SwitchAfterSeconds), Back: seconds(f.SwitchBackSeconds), Switches: f.SwitchesAnHour}}
	o.Live.relayKey = f.Key
	if f.Key != "" {
		if err := sign.CheckReference(f.Key); err != nil {
			return fmt.Errorf("key: %w", err)
		}
	}
	if _, err := r.Rules.Complete(); err != nil {
		return err
	}
	look := r.Options
	look.Key = sign.NewSecret("looked at later")
	if _, err := look.Complete(); err != nil {
		return err
	}
	o.Live.Relay = r
	return nil
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// feedChoice says where the books of a house come from.
type feedChoice struct {
	active, shadow string // exchange.FeedVenue, FeedRelay; shadow "": none
	by             string // what chose it, where that is not the file
}

func (c *feedChoice) relayed() bool {
	return c.active == exchange.FeedRelay || c.shadow == exchange.FeedRelay
}

// alone reports whether the relay is the only source of books.
func (c *feedChoice) alone() bool { return c.active == exchange.FeedRelay && c.shadow == "" }

// feedNames are what feed and shadow may be.
var feedNames = []string{exchange.FeedVenue, exchange.FeedRelay}

// noShadow is what says that there is none.
const noShadow = "none"

// feedOf is the choice for a house: the environment's, or else its section's.
func (l *LiveOptions) feedOf(house string, c *connect.Common) (out feedChoice, err error) {
	out.active = exchange.FeedVenue
	if c != nil {
		if err := checkFeed("feed", c.Feed, feedNames); err != nil {
			return out, err
		}
		if err := checkFeed("shadow", c.Shadow, append([]string{noShadow}, feedNames...)); err != nil {
			return out, err
		}
		out.active, out.shadow = cmp.Or(c.Feed, out.active), c.Shadow
	}
	for _, e := range l.environment {
		if e.house == "" || e.house == house {
			if out.by = e.by; out.active != e.feed && out.shadow == e.feed {
				out.shadow = "" // it would be the shadow of itself
			}
			out.active = e.feed
		}
	}
	if out.shadow == "" && out.active == exchange.FeedRelay {
		out.shadow = exchange.FeedVenue
	}
	switch out.shadow {
	case noShadow:
		out.shadow = ""
	case out.active:
		return out, fmt.Errorf("shadow = %q: it is the feed itself; want the other one, or none", out.shadow)
	}
	return out, nil
}

func checkFeed(key, name string, names []string) error {
	if name == "" || slices.Contains(names, name) {
		return nil
	}
	return fmt.Errorf("%s = %q: want %s%s", key, name, exchange.OneOf(names), bindings.DidYouMean(name, names))
}

// feedOverride is a feed that the environment chooses; house "": of all.
type feedOverride struct{ house, feed, by string }

// TakeEnvironment takes what the environment says of feeds, before which the configuration
// gives way: PERILUNE_FEED=venue|relay of all venues, PERILUNE_FEED_BYBIT of one, and
// relay.Switch, as a guide has it, for PERILUNE_FEED=relay|venue. A session on live data says
// what was switched and by what. lookup is os.LookupEnv.
func (l *LiveOptions) TakeEnvironment(lookup func(string) (string, bool)) error {
	const general = "PERILUNE_FEED"
	l.environment = nil
	wanted, by, err := relay.Asked(lookup)
	if err != nil {
		return configError("%v", err)
	}
	if by != "" {
		feed := exchange.FeedVenue
		if wanted {
			feed = exchange.FeedRelay
		}
		l.environment = append(l.environment, feedOverride{"", feed, by})
	}
	take := func(name, house string) error {
		text, ok := lookup(name)
		if !ok || text == "" {
			return nil
		}
		if err := checkFeed(name, strings.ToLower(text), feedNames); err != nil {
			return configError("%v", err)
		}
		l.environment = append(l.environment, feedOverride{house, strings.ToLower(text), name + "=" + text})
		return nil
	}
	if err := take(general, ""); err != nil {
		return err
	}
	for _, house := range houseNames() {
		if err := take(general+"_"+strings.ToUpper(house), house); err != nil {
			return err
		}
	}
	return nil
}

// relayOptions are those of the session's relay, with its key.
func (l *LiveOptions) relayOptions() (*RelayOptions, error) {
	r := RelayOptions{}
	if l.Relay != nil {
		r = *l.Relay
	}
	if r.Key.Empty() {
		key, err := sign.Load(cmp.Or(l.relayKey, "env:"+relay.KeyName))
		if err != nil {
			return nil, configError("[feed.relay] key: %v", err)
		}
		r.Key = key
	}
	var err error
	if r.Options, err = r.Options.Complete(); err != nil {
		return nil, configError("[feed.relay] %v", err)
	}
	if r.Rules, err = r.Rules.Complete(); err != nil {
		return nil, configError("[feed.relay] %v", err)
	}
	return &r, nil
}

// checkFeeds refuses feeds that make no sense, and real orders on a relay's books with nothing
// beside them.
func (o *Options) checkFeeds() error {
	l := &o.Live
	for _, s := range l.sections() {
		c, err := l.feedOf(s.House(), s.Shared())
		if err != nil {
			return configError("%s %v", sectionName(s.House()), err)
		}
		if !o.liveData() || !c.relayed() {
			continue
		}
		r, err := l.relayOptions()
		if err != nil {
			return err
		}
		if o.realOrders() && c.alone() && !r.AloneForOrders {
			return configError(`%s has its books from the relay alone, which nobody can prove right, and the orders are real: leave shadow out, or set alone_for_orders = true in [feed.relay]`, sectionName(s.House()))
		}
	}
	return nil
}

// chooseFeed decides where the books of a house come from, and says so where that is not its
// own feed alone.
func (s *liveSource) chooseFeed(l *liveMarket) (err error) {
	if l.feed, err = s.feedOf(l.House(), l.Shared()); err != nil {
		return configError("%s %v", sectionName(l.House()), err)
	}
	if l.feed.relayed() {
		if l.relay, err = s.relayOptions(); err != nil {
			return err
		}
	}
	text := fmt.Sprintf("books of %s: from the %s", l.House(), l.feed.active)
	switch {
	case l.feed.alone():
		text += " alone"
	case l.feed.shadow != "":
		text += ", with the " + l.feed.shadow + "'s beside them"
	}
	if l.feed.by != "" {
		text += ", by " + l.feed.by
	}
	if l.relay != nil {
		text += "; the relay is " + l.relay.Host() + ", and its books are unverifiable"
	}
	if l.relay != nil || l.feed.by != "" {
		s.warn(text)
	}
	return nil
}

// connect opens a house's market data, by the feeds that were chosen.
func (l *liveMarket) connect(ctx context.Context, keep []string, to connect.Sink) (connect.Market, error) {
	if l.relay == nil {
		m, err := l.catalog.Open(ctx, l.symbols, keep, to)
		l.market = m
		return m, err
	}
	t := twin.New(twin.Options{Rules: l.relay.Rules, Relay: l.feed.active == exchange.FeedRelay, Alone: l.feed.alone(),
		Notice: func(text string) {
			l.notice(connect.Notice{Instrument: exchange.NoInstrument, Text: l.House() + ": " + text})
		}}, to)
	m, err := l.catalog.Open(ctx, l.symbols, keep, t.Own())
	if err != nil {
		return nil, err
	}
	listed, err := l.relayable(m.Universe())
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	r, err := relay.Open(l.relay.Options, listed, connect.DataOptions{Access: connect.Access{}, Notice: l.notice}, t.Relayed())
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	if err := t.Join(m, r); err != nil {
		return nil, errors.Join(err, m.Close(), r.Close())
	}
	l.market, l.twin = t, t
	return t, nil
}

// relayable are the instruments that a relay has books of: perpetuals.
func (l *liveMarket) relayable(u *exchange.Universe) (out connect.Listings, err error) {
	for _, in := range u.All() {
		if in.Perp() && !in.Dated() {
			out = append(out, connect.Listing{Instrument: in, Trading: true})
		} else if l.feed.alone() {
			return nil, configError("%s: the relay has books of perpetuals only: leave shadow out in %s, so that it has the venue's", in.Key(), sectionName(l.House()))
		}
	}
	if len(out) == 0 {
		return nil, configError("%s: none of the instruments is a perpetual, and the relay has no other books: leave feed and shadow out in %s", l.House(), sectionName(l.House()))
	}
	return out, nil
}

// comparisons are what the feeds of the houses came to, where they have two.
func (s *liveSource) comparisons() (out []FeedComparison) {
	for _, l := range s.markets {
		if l.twin != nil {
			c := l.twin.Comparison()
			c.House = l.House()
			out = append(out, c)
		}
	}
	return out
}

// comparisons are those of the session's source.
func (r *runner) comparisons() []FeedComparison {
	if s, ok := r.source.(*liveSource); ok {
		return s.comparisons()
	}
	return nil
}

// feedMetrics are those of two feeds.
func (s *liveSource) feedMetrics(l *metricList) {
	list := s.comparisons()
	for _, c := range list {
		for _, f := range c.Feeds {
			l.add(Gauge, "perilune_feed_active", "1 for the feed that a venue's books come from.", asFigure(c.Active == f.Name), Label{"venue", c.House}, Label{"feed", f.Name})
		}
	}
	for _, c := range list {
		l.add(Counter, "perilune_feed_switches_total", "Changes of the feed that a venue's books come from.", float64(c.Switches), Label{"venue", c.House})
	}
	for _, c := range list {
		l.add(Gauge, "perilune_feed_agreement_ratio", "How often both feeds of a venue have the same best prices.", c.Agree, Label{"venue", c.House})
	}
}
