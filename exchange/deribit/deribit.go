// Package deribit is the connector of Deribit v2: spot markets, linear perpetuals and
// futures, and inverse ones, behind one host and one JSON-RPC protocol. Options and combos
// are left out, by name. See package connect for what a connector is.
//
// # Parts
//
//   - api names the segments and the addresses
//   - client asks over HTTP: signatures, limits, what answers mean, also those of websockets
//   - payload decodes the messages of channels
//   - feed is the catalogue and the live market data
//   - account is the account: orders, trades, funds, the transaction log, its own stream
//   - frames reads recordings
//
// # What it is like
//
// Source, where nothing else stands: docs.deribit.com, its OpenAPI of August 2026 and its
// articles of March 2026. None of it was tried against the real venue.
//
//   - Amounts are in the base coin, and in USD of inverse contracts: there one contract is a
//     dollar here, and the lot is the venue's contract_size (10 USD of BTC).
//   - Prices have larger steps above some price (tick_size_steps).
//   - Books link by prev_change_id. They come every 100 ms, or every change by itself
//     (books = "raw"), which the venue does for whoever has signed in: the connections of market
//     data then do, with the section's key.
//   - Funding accrues by the millisecond, at current_funding per 8 hours, and is paid with the
//     settlement of 08:00 UTC. It is told here for the hour under way, and as settled hour
//     by hour (get_funding_rate_history), so that it compares with other venues and a
//     simulated account is paid nearly as the venue would; a real account is paid from its
//     transaction log, at 08:00.
//   - A private request over HTTP is signed by itself; the stream of the account signs in
//     with a signature, never with the secret, and has another token before the old one ends.
//   - Orders are answered with their state and their trades. A label is no key: what is unknown
//     is asked for by it and never sent again. valid_until bounds how late an order is taken.
//   - Post-only orders are sent with reject_post_only: the venue would move their price
//     otherwise. Prices beyond its band are moved to the edge, and reported so.
//   - There is no batch, no hedge mode and no way to set leverage. Money moves between
//     subaccounts only, which is people's business.
//
// # The dead man's switch
//
// Cancel-on-disconnect is armed on the connection that places orders, before any is placed:
// the venue cancels them when the connection ends (at once after kill -9) or when its
// heartbeats, every 10 seconds, are not answered. It has no timer: while only the loop hangs, the
// manager cancels by itself. The connection is not replaced while it works, for the same reason.
// Whether orders that were placed before arming are covered, the manual leaves open; here
// there are none.
//
// # Open points
//
//   - Profit: profit_loss of a trade is taken to be that of what it closes, from the average
//     price of the position. A difference shows in the comparison of balances, by name.
//   - The fees since 2026-08-01 are those of the listing, or of the account's summary where
//     it has any of its own.
//   - Margin steps are told to nobody: half of the initial margin at the highest leverage stands
//     for the maintenance margin, and is named among what is assumed.
//   - Orders of the venue's second gateway (Starbase) are not seen over this protocol.
package deribit

import (
	"context"
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/deribit/account"
	"github.com/perilune/perilune/exchange/deribit/api"
	"github.com/perilune/perilune/exchange/deribit/client"
	"github.com/perilune/perilune/exchange/deribit/feed"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/sign"
)

// Connector is the venue before it is configured.
type Connector struct{}

var _ connect.Connector = Connector{}

// House implements connect.Connector.
func (Connector) House() string { return api.House }

// About implements connect.Connector.
func (Connector) About() connect.About {
	a := connect.About{Title: "Deribit", Able: oms.CapabilitiesOf((*account.Account)(nil)), Keys: "account:read and trade:read_write; no wallet:read_write",
		Paper: []connect.Balance{{Wallet: api.Wallet, Asset: "USDC", Amount: decimal.NewFromInt(100000)}, {Wallet: api.Wallet, Asset: "BTC", Amount: decimal.NewFromInt(1)}}}
	a.Able.Disconnect = true
	for _, s := range api.Segments {
		data := connect.AllData | connect.Bars | connect.Interest | connect.Liquidations
		if s == api.Spot {
			data &^= connect.Marks | connect.Interest | connect.Liquidations
		}
		a.Segments = append(a.Segments, connect.Segment{Venue: s.Venue(), Contract: s.Contract(), Wallet: api.Wallet, Linking: api.Linking, Data: data})
	}
	return a
}

// Section implements connect.Connector.
func (Connector) Section() connect.Section { return &Section{} }

// Section is [venue.deribit]. An empty address is the production one.
type Section struct {
	connect.Common
	Rest    string `toml:"rest"`
	WS      string `toml:"ws"`
	Network string `toml:"network"` // test or coinbase
	Books   string `toml:"books"`   // how often they come: 100ms, the default, or raw
}

var _ connect.Section = (*Section)(nil)

// At is a section with other addresses.
func At(e api.Endpoints) *Section { return &Section{Rest: e.Rest, WS: e.WS} }

// House implements connect.Section.
func (s *Section) House() string { return api.House }

// Open implements connect.Section.
func (s *Section) Open() (connect.Venue, error) {
	if err := s.NoWindow(); err != nil {
		return nil, err
	}
	given := api.Endpoints{Rest: s.Rest, WS: s.WS}
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
	v := &venue{endpoints: e}
	switch s.Books {
	case "", "100ms":
	case "raw":
		if s.Key == "" || s.Secret == "" {
			return nil, errors.New(`books = "raw": the venue has them for whoever has signed in: give api_key and secret`)
		}
		v.raw = func() (sign.Key, error) { return sign.LoadKey(s.Key, s.Secret) }
	default:
		return nil, fmt.Errorf(`books = %q: want "100ms" or "raw"`, s.Books)
	}
	return v, nil
}

// venue is the venue at its addresses.
type venue struct {
	endpoints api.Endpoints
	raw       func() (sign.Key, error) // reads the key that raw books are had with; nil: they are not
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
	c, err := feed.List(ctx, v.endpoints, o, patterns, v.raw)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// SignIn implements connect.Venue.
func (v *venue) SignIn(ctx context.Context, o connect.AccountOptions) (connect.Account, error) {
	a, err := account.Open(ctx, client.Options{Endpoints: v.endpoints, Key: o.Key, Throttle: o.Access.Throttle, Log: o.Log}, o.Access.Attempts)
	if err != nil {
		return nil, err
	}
	return &signedIn{a, v.raw != nil}, nil
}
