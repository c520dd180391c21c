// Package bybit is the connector of Bybit v5: spot, linear and inverse, three categories
// behind one set of hosts, and one unified account. See package connect for what that is.
//
// # Parts
//
//   - api names the categories and the addresses
//   - client asks over REST: signatures, limits, what answers mean
//   - feed is the catalogue and the live market data
//   - account is the account: orders, executions, funds, its own stream
//
// # Dead man's switch
//
// Disconnect cancel all (DCP) is granted to institutional clients by their account manager.
// An account that has it is asked about when it is signed in to; the private stream asks for
// its topic with the first order of a product, and from then on the venue cancels all orders
// of the product, whoever placed them, when the stream has been lost for a while: the account's
// own 10 s, or dead_man_seconds (20 to 300; more counts as 300). An account without it has none, and doctor says so.
// What was never seen: an account that has it.
//
// # Borrowed coins
//
// A sale on spot may borrow the coins (isLeverage=1), where the account has spot margin switched
// on. What is lent is asked for with the instruments (spot-margin-trade/data, for accounts of no
// rank) and again of the account (collateral-info): a rate by the hour, and how many coins.
// A coin's balance is walletBalance less spotBorrow; interest is booked by the hour with the
// type INTEREST of the transaction log. Coins that are bought bring back what is owed. Sources:
// the manual of v5, 2026, "Get VIP Margin Data", "Get Collateral Info", "Get Wallet Balance",
// "Place Order"; codes 170033, 170034, 170036 and 170037 of its list of errors. Never seen: an
// account that borrows; what it owes by losses of contracts (borrowAmount beyond spotBorrow).
package bybit

import (
	"context"
	"errors"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/account"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/bybit/client"
	"github.com/perilune/perilune/exchange/bybit/feed"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/oms"
)

// Connector is the venue before it is configured.
type Connector struct{}

var _ connect.Connector = Connector{}

// House implements connect.Connector.
func (Connector) House() string { return api.House }

// About implements connect.Connector.
func (Connector) About() connect.About {
	a := connect.About{Title: "Bybit", Able: oms.CapabilitiesOf((*account.Account)(nil)), Keys: "unified trading (orders and positions), spot and account transfer; no withdrawal",
		Lends: "sales on spot, while spot margin is switched on",
		Paper: []connect.Balance{{Wallet: api.Unified, Asset: "USDT", Amount: decimal.NewFromInt(100000)}}}
	a.Able.HedgeMode = false // an account in it is refused
	for _, c := range api.Categories {
		data := connect.AllData | connect.Bars | connect.Interest | connect.Liquidations
		if c == api.Spot {
			data &^= connect.Marks | connect.Interest | connect.Liquidations
		}
		a.Segments = append(a.Segments, connect.Segment{Venue: c.Venue(), Contract: c.Contract(), Wallet: api.Unified, Linking: api.Linking, Data: data})
	}
	return a
}

// Section implements connect.Connector.
func (Connector) Section() connect.Section { return &Section{} }

// Section is [venue.bybit]. An empty address is the production one.
type Section struct {
	connect.Common
	Rest      string `toml:"rest"`
	WSPublic  string `toml:"ws_public"`
	WSPrivate string `toml:"ws_private"`
	WSTrade   string `toml:"ws_trade"`
	Network   string `toml:"network"` // testnet or demo
	Entry     string `toml:"entry"`   // how orders go out: rest, the default, or ws
}

var _ connect.Section = (*Section)(nil)

// At is a section with other addresses.
func At(e api.Endpoints) *Section {
	return &Section{Rest: e.Rest, WSPublic: e.Public, WSPrivate: e.Private, WSTrade: e.Trade}
}

// House implements connect.Section.
func (s *Section) House() string { return api.House }

// Open implements connect.Section.
func (s *Section) Open() (connect.Venue, error) {
	given := api.Endpoints{Rest: s.Rest, Public: s.WSPublic, Private: s.WSPrivate, Trade: s.WSTrade}
	if s.Network != "" {
		e, err := api.Network(s.Network)
		if err == nil && given != (api.Endpoints{}) {
			err = errors.New("network sets every address: leave out the others")
		}
		if err != nil {
			return nil, err
		}
		given = e
	}
	e, err := given.Complete()
	if err != nil {
		return nil, err
	}
	window, err := s.Window()
	if err != nil {
		return nil, err
	}
	if err := (client.Options{Endpoints: e, Entry: s.Entry}).Check(); err != nil {
		return nil, err
	}
	return &venue{endpoints: e, entry: s.Entry, window: window, deadMan: exchange.Time(s.DeadMan) * exchange.Second}, nil
}

// venue is the venue at its addresses.
type venue struct {
	endpoints api.Endpoints
	entry     string
	window    exchange.Time
	deadMan   exchange.Time // after how long a switch that the account has is to strike; 0: as it has it
}

var _ connect.Venue = (*venue)(nil)

// House implements connect.Venue.
func (v *venue) House() string { return api.House }

// Usual implements connect.Venue.
func (v *venue) Usual() bool { return v.endpoints == api.Production() }

// Hosts implements connect.Venue.
func (v *venue) Hosts() string { return v.Address() }

// Address implements connect.Venue.
func (v *venue) Address() string { return connect.HostOf(v.endpoints.Rest) }

// Limits implements connect.Venue.
func (v *venue) Limits() *limit.Table { return client.Table() }

// Browse implements connect.Venue.
func (v *venue) Browse(ctx context.Context, o connect.DataOptions, patterns []string) (connect.Catalogue, error) {
	c, err := feed.List(ctx, v.endpoints, o, patterns)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// SignIn implements connect.Venue.
func (v *venue) SignIn(ctx context.Context, o connect.AccountOptions) (connect.Account, error) {
	a, err := account.Open(ctx, client.Options{Endpoints: v.endpoints, Key: o.Key, Entry: v.entry, Window: v.window,
		Throttle: o.Access.Throttle, Attempts: o.Access.Attempts, Log: o.Log})
	if err != nil {
		return nil, err
	}
	a.LearnSwitches(ctx, v.deadMan)
	return &signedIn{a}, nil
}
