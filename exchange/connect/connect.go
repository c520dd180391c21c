package connect

import (
	"context"
	"fmt"
	"net/url"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/wire"
)

// Connector is a venue before it is configured.
type Connector interface {
	// House is the first part of the names of its venues and wallets, the name of its
	// section of the configuration and what ledgers are stamped with: "binance".
	House() string
	// About tells what is known of it without asking.
	About() About
	// Section returns a new, empty section of the configuration.
	Section() Section
}

// About is what a venue has.
type About struct {
	Title    string // as people write it: "Binance"
	Segments []Segment
	// Paper is what a paper account begins with.
	Paper []Balance
	// Keys say what an API key must and must not permit, for people.
	Keys string
	// MarkTransfer is oms.Profile's: simulated accounts move money in the same way. nil:
	// amounts are as they are.
	MarkTransfer func(amount decimal.Decimal, id uint64) decimal.Decimal
	// Able are what an account has beside what every one has.
	Able oms.Capabilities
	// Lends says that coins can be borrowed to be sold, for people; "": none can. What is lent,
	// and for how much, is in the instruments: exchange.Lending.
	Lends string
}

// Segment is a part of a venue with instruments of its own. One whose instruments are of
// several contracts is told once for each.
type Segment struct {
	Venue    exchange.Venue
	Contract exchange.Contract
	Wallet   exchange.Wallet // that backs its instruments, unless they say otherwise
	Linking  exchange.Linking
	Data     Data // what of market data it has
}

// Balance is an amount in a wallet.
type Balance struct {
	Wallet exchange.Wallet
	Asset  string
	Amount decimal.Decimal
}

// Section is a venue's part of the configuration file, [venue.HOUSE]: a pointer to a
// struct with toml tags that embeds Common. Whoever embeds the program fills one in.
type Section interface {
	// House is the connector's.
	House() string
	// Shared is the part that every section has.
	Shared() *Common
	// Open checks the section and returns the venue that it describes. The error names
	// the key at fault, not the section.
	Open() (Venue, error)
}

// Common are the keys that every section has. They are read by the host.
type Common struct {
	Key     string `toml:"api_key"` // env:NAME, file:PATH or credential:NAME
	Secret  string `toml:"secret"`  // the same
	DeadMan int    `toml:"dead_man_seconds"`
	// RecvWindow is how many milliseconds after its stamp a request may still be carried
	// out; 0: the venue's own default.
	RecvWindow int `toml:"recv_window"`
	Top        int `toml:"top"` // coins that globs stand for
	// Feed is where books come from, exchange.FeedVenue (also "") or FeedRelay, and Shadow which
	// feed is kept beside it: "none", or "" for the host's choice.
	Feed   string `toml:"feed"`
	Shadow string `toml:"shadow"`
	Bars   string `toml:"bars"` // 1m, 15m, 1h
}

// Shared implements Section for whoever embeds it.
func (c *Common) Shared() *Common { return c }

// Window is RecvWindow as a time; 0: the venue's own.
func (c *Common) Window() (exchange.Time, error) {
	const least, most = 100, 60_000 // an order that is carried out a minute later is nobody's wish
	if w := c.RecvWindow; w != 0 && (w < least || w > most) {
		return 0, fmt.Errorf("recv_window = %d: want %d to %d milliseconds, or leave it out", w, least, most)
	}
	return exchange.Time(c.RecvWindow) * exchange.Millisecond, nil
}

// NoWindow refuses RecvWindow for a venue whose requests have none.
func (c *Common) NoWindow() error {
	if c.RecvWindow != 0 {
		return fmt.Errorf("recv_window = %d: requests of this venue have none: leave it out", c.RecvWindow)
	}
	return nil
}

// HostOf is the host of an address, for Venue.Hosts and Venue.Address; what is no address
// is returned as it is.
func HostOf(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Host
	}
	return address
}

// Venue is a connector with its settings. It is safe for concurrent use, and nothing is
// connected until it is asked for something.
type Venue interface {
	// House is the connector's.
	House() string
	// Usual reports whether this is the real venue at its own addresses. A ledger of
	// another place is not continued on it.
	Usual() bool
	// Hosts names where it asks, for people: "api.binance.com, fapi.binance.com".
	Hosts() string
	// Address is the host that its limits and bans are counted at.
	Address() string
	// Limits is what it counts.
	Limits() *limit.Table
	// Browse asks the segments that the patterns name what they list. A pattern is a
	// key or a glob over keys, as in path.Match: "usdm:*", "spot:BTC*".
	Browse(ctx context.Context, o DataOptions, patterns []string) (Catalogue, error)
	// SignIn opens an account: it compares the clocks and returns when requests can be
	// signed. ctx bounds SignIn itself, not the Account.
	SignIn(ctx context.Context, o AccountOptions) (Account, error)
}

// Access is what all that ask a venue from one address share, because the venue counts
// by address. Nil fields: one's own.
type Access struct {
	Throttle *limit.Throttle
	Attempts *wire.Attempts
}
