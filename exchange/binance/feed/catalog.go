package feed

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// Catalog is what some markets list, and what of it was traded in the last 24
// hours: enough to choose instruments by, before any is subscribed to. It is not
// safe for concurrent use.
type Catalog struct {
	o        Options
	rest     *rest
	markets  []api.Market // that were asked
	listings []Listing
	turnover map[string]float64 // by key, in USDT; nil until it is needed
}

// List asks the markets that the patterns name for their rules. Options.Symbols
// is not used. A pattern is a key or a glob over keys, as in path.Match:
// "usdm:*", "spot:BTC*".
func List(ctx context.Context, o Options, patterns []string) (*Catalog, error) {
	o.Symbols = patterns
	if err := o.complete(); err != nil {
		return nil, err
	}
	c := &Catalog{o: o, rest: &rest{endpoints: o.Endpoints, http: o.HTTP, throttle: o.Throttle, now: o.Now}}
	for _, p := range patterns {
		if err := c.ask(ctx, p); err != nil {
			return nil, fmt.Errorf("live market data: %w", err)
		}
	}
	return c, nil
}

// ask fetches the rules of the markets that a pattern names.
func (c *Catalog) ask(ctx context.Context, pattern string) error {
	name, _, ok := strings.Cut(exchange.Within(pattern, api.House), ":")
	if !ok {
		return fmt.Errorf("symbol %q: write market:SYMBOL, for example usdm:BTCUSDT", pattern)
	}
	found := false
	for _, market := range api.Markets {
		ok, err := path.Match(name, market.String())
		if err != nil {
			return fmt.Errorf("symbol %q: %w", pattern, err)
		}
		if !ok {
			continue
		}
		found = true
		if slices.Contains(c.markets, market) {
			continue
		}
		list, err := c.rest.listings(ctx, market, c.o.Notice)
		if err != nil {
			return err
		}
		c.markets = append(c.markets, market)
		c.listings = append(c.listings, list...)
	}
	if !found {
		return fmt.Errorf("symbol %q: unknown market %q: want spot, usdm or coinm", pattern, name)
	}
	return nil
}

// Instruments are all that the markets list, trading or not.
func (c *Catalog) Instruments() []exchange.Instrument {
	list := make([]exchange.Instrument, len(c.listings))
	for i := range c.listings {
		list[i] = c.listings[i].Instrument
	}
	return list
}

// Open connects. symbols are keys of instruments, which must be trading; those
// of keep need only be listed, because somebody still holds them. See [Open].
func (c *Catalog) Open(ctx context.Context, symbols, keep []string, sink connect.Sink) (*Market, error) {
	for _, key := range keep {
		if err := c.ask(ctx, key); err != nil {
			return nil, fmt.Errorf("live market data: %w", err)
		}
	}
	chosen, err := choose(c.listings, symbols, keep)
	if err != nil {
		return nil, fmt.Errorf("live market data: %w", err)
	}
	return c.connect(ctx, chosen, sink)
}

// Choose turns patterns into keys, in the catalogue's order. An instrument that
// is named in full must be trading. Of what globs match, those of the top coins
// are chosen: coins, against one quote, rank by their turnover of the last 24
// hours, summed up in each market that the globs name; where these are several,
// a coin must be in all of them, and counts for what it has in the least, because
// a pair can trade no more than its thinner leg. COIN-M stands beside the spot
// market in USDT. top 0: no bound.
func (c *Catalog) Choose(ctx context.Context, patterns []string, top int) ([]string, error) {
	var named, globs []string
	for _, p := range patterns {
		p = exchange.Within(p, api.House)
		if strings.ContainsAny(p, `*?[\`) {
			globs = append(globs, p)
		} else {
			named = append(named, p)
		}
	}
	if _, err := choose(c.listings, named, nil); err != nil {
		return nil, fmt.Errorf("live market data: %w", err)
	}
	matched, err := c.match(globs)
	if err != nil {
		return nil, fmt.Errorf("live market data: %w", err)
	}
	if top > 0 && len(matched) > 0 {
		if matched, err = c.best(ctx, matched, top); err != nil {
			return nil, fmt.Errorf("live market data: %w", err)
		}
	}
	wanted := make(map[string]bool)
	for _, key := range slices.Concat(named, matched) {
		wanted[key] = true
	}
	var out []string
	for i := range c.listings {
		if key := c.listings[i].Instrument.Key(); wanted[key] {
			out = append(out, key)
		}
	}
	return out, nil
}

// match returns the keys of what is trading and fits a glob.
func (c *Catalog) match(globs []string) ([]string, error) {
	var out []string
	for _, g := range globs {
		before := len(out)
		for i := range c.listings {
			l := &c.listings[i]
			if ok, err := path.Match(g, l.Instrument.Key()); err != nil {
				return nil, fmt.Errorf("symbol %q: %w", g, err)
			} else if ok && l.Trading() {
				out = append(out, l.Instrument.Key())
			}
		}
		if len(out) == before {
			return nil, fmt.Errorf("%q fits none of the %d instruments that the venue lists and that are trading", g, len(c.listings))
		}
	}
	return out, nil
}

// coin is what ranks: everything of one coin against one quote.
type coin struct {
	name     string
	keys     []string
	turnover map[api.Market]float64
}

// coinOf names the coin of an instrument. Inverse contracts are in USD and hedge
// what is bought with USDT.
func coinOf(in *exchange.Instrument) string {
	if in.Inverse() {
		return in.Base + "/USDT"
	}
	return in.Base + "/" + in.Quote
}

// best returns the keys that belong to the top coins.
func (c *Catalog) best(ctx context.Context, keys []string, top int) ([]string, error) {
	if err := c.measure(ctx); err != nil {
		return nil, err
	}
	coins, markets := c.coins(keys)
	coins = slices.DeleteFunc(coins, func(x *coin) bool { return len(x.turnover) < markets })
	slices.SortStableFunc(coins, func(a, b *coin) int {
		return cmp.Or(cmp.Compare(b.least(), a.least()), cmp.Compare(a.name, b.name))
	})
	var out []string
	for _, x := range coins[:min(top, len(coins))] {
		out = append(out, x.keys...)
	}
	return out, nil
}

// coins groups instruments, and counts the markets they are in.
func (c *Catalog) coins(keys []string) (list []*coin, markets int) {
	wanted := make(map[string]bool, len(keys))
	for _, key := range keys {
		wanted[key] = true
	}
	byName := make(map[string]*coin)
	seen := make(map[api.Market]bool)
	for i := range c.listings {
		in := &c.listings[i].Instrument
		if !wanted[in.Key()] {
			continue
		}
		name := coinOf(in)
		x := byName[name]
		if x == nil {
			x = &coin{name: name, turnover: make(map[api.Market]float64)}
			byName[name] = x
			list = append(list, x)
		}
		x.keys = append(x.keys, in.Key())
		x.turnover[api.Of(in.Venue)] += c.turnover[in.Key()]
		seen[api.Of(in.Venue)] = true
	}
	return list, len(seen)
}

// least is the turnover in the market that has least of it.
func (x *coin) least() float64 {
	least, first := 0.0, true
	for _, v := range x.turnover { // order does not matter: it is a minimum
		if first || v < least {
			least, first = v, false
		}
	}
	return least
}

// dayTicker is what ticker/24hr says of a symbol: turnover in quote, or in coin
// on COIN-M.
type dayTicker struct {
	Symbol      string          `json:"symbol"`
	Last        jsonscan.Amount `json:"lastPrice"`
	QuoteVolume jsonscan.Amount `json:"quoteVolume"`
	BaseVolume  jsonscan.Amount `json:"baseVolume"`
}

// measure asks for the turnover of all that is listed, once.
func (c *Catalog) measure(ctx context.Context) error {
	if c.turnover != nil {
		return nil
	}
	turnover := make(map[string]float64)
	last := make(map[string]decimal.Decimal) // by key
	for _, market := range c.markets {
		list, err := fetchRows[dayTicker](ctx, c.rest, market, "/ticker/24hr", nil)
		if err != nil {
			return err
		}
		for _, t := range list {
			key := market.String() + ":" + t.Symbol
			last[key] = t.Last.Decimal
			volume := t.QuoteVolume.Decimal
			if market == api.COINM {
				volume = t.BaseVolume.Mul(t.Last.Decimal)
			}
			turnover[key] = volume.InexactFloat64()
		}
	}
	for i := range c.listings {
		in := &c.listings[i].Instrument
		turnover[in.Key()] *= inUSDT(last, in.Quote)
	}
	c.turnover = turnover
	return nil
}

// inUSDT is what a quote asset is worth, by the last trades of spot, or 0 when
// that is not known.
func inUSDT(last map[string]decimal.Decimal, quote string) float64 {
	if quote == "USDT" || quote == "USD" {
		return 1
	}
	if p := last["spot:"+quote+"USDT"]; p.IsPositive() {
		return p.InexactFloat64()
	}
	if p := last["spot:USDT"+quote]; p.IsPositive() {
		return 1 / p.InexactFloat64()
	}
	if quote == "USDC" { // of perpetuals, when spot was not asked
		return 1
	}
	return 0
}
