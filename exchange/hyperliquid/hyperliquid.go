// Package hyperliquid is the connector of Hyperliquid: perpetuals and spot of its own
// exchange (HyperCore), which settle in USDC. See package connect for what that is.
//
// # Parts
//
//   - api names the segments, the addresses and the client ids
//   - signing signs actions, by the vectors of both SDKs
//   - client asks and acts: weights, nonces, what answers mean
//   - feed is the catalogue and the live market data
//   - account is the account: orders, executions, funds, its own stream
//
// # Sources
//
// The manual, hyperliquid.gitbook.io/hyperliquid-docs, "For developers" and "Trading", as
// it was in January 2026; hyperliquid-dex/hyperliquid-python-sdk of April 2026 and
// hyperliquid-rust-sdk; nktkas/hyperliquid, types and tests; test data of
// nautechsystems/nautilus_trader, crates/adapters/hyperliquid. Each rule names its own.
// Nothing here was ever run against the venue itself.
//
// # Keys
//
// An account is an address, which anybody may ask about. Orders are signed by an agent
// (API wallet) that the account approved: it can trade and can't move money. The account's
// own key could empty it, and is refused unless main_wallet says so; only with it can USDC
// be moved between spot and perpetuals. An agent belongs to one program: nonces are counted
// for each signer.
//
// # Prices
//
// A price has five digits that count, unless it is whole, and at most 6 places (8 on spot)
// less those of a quantity: exchange.Instrument.Coarser says so, and prices are put on that
// grid.
//
// # What differs
//
//   - Books are snapshots of 20 levels a side, at most twice a second. That one is missing
//     can't be seen, and does no harm.
//   - Funding is settled every hour, an eighth of the formula that others use for eight
//     hours, on the oracle's price and not on the mark. The mean of premiums is a plain one;
//     funding.Rule weighs later ones more, so a forecast within the hour is off by that.
//   - There is no fill-or-kill, which is refused before it is sent, and no market order: it
//     is a limit that may not rest, market_slippage from the middle.
//   - An action without an answer is refused after the window (expiresAfter); what became of
//     it is asked by its client id.
//   - scheduleCancel, the dead man's switch, needs 1,000,000 USDC traded, is 5 s ahead at
//     least, and strikes at most ten times a day. Until then the manager cancels by itself.
//   - What an address may send in all grows with what it trades. doctor shows what is left.
//   - An order is worth 10 USDC at least.
//   - A public trade does not say that a position was liquidated (WsTrade has no such field, and
//     its users are addresses): there are no liquidations but one's own.
//   - Modifying an order puts a new one with another number and a size of its own in its place.
//     What was filled meanwhile is taken off the new one at once; until then it may fill more
//     than was asked for, by as much. A cancel and an order have no such window. What an
//     earlier run replaced is told by the venue's last 2000 orders; when it had more, an order
//     of an earlier run is not modified but refused, because what all of it filled is not known.
//
// # Open
//
//   - Whether past orders (historicalOrders) have a row for each order or for each state of
//     one. Both are read.
//   - Whether a client id can be used again by an order. It is taken to be so: an order is
//     sent once.
//   - Whether closedPnl is with fees. It is taken to be without, as the field beside it.
//   - How much of an order is told to be left when it was refused at once. It is taken to
//     have filled nothing.
//   - The text of refusals, which is all there is of them, changes without notice: what is
//     not known is taken for refused, and a status of 5xx for unknown.
//   - Spot coins with a U before them (UBTC) are tokens of a bridge. They are taken for
//     coins of their own, so that no pair is made of BTC and UBTC unasked.
package hyperliquid

import (
	"context"
	"errors"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/hyperliquid/account"
	"github.com/perilune/perilune/exchange/hyperliquid/api"
	"github.com/perilune/perilune/exchange/hyperliquid/client"
	"github.com/perilune/perilune/exchange/hyperliquid/feed"
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
	data := connect.AllData | connect.Bars
	return connect.About{Title: "Hyperliquid", Able: oms.CapabilitiesOf((*account.Account)(nil)), MarkTransfer: api.MarkTransfer,
		Keys:  "an agent (API wallet) that the account approved: api_key is the account's own address, secret the agent's private key; it can trade and can't withdraw",
		Paper: []connect.Balance{{Wallet: api.PerpWallet, Asset: api.USDC, Amount: decimal.NewFromInt(100000)}, {Wallet: api.SpotWallet, Asset: api.USDC, Amount: decimal.NewFromInt(100000)}},
		Segments: []connect.Segment{{Venue: api.Spot, Contract: exchange.Spot, Wallet: api.SpotWallet, Linking: api.Linking, Data: data &^ connect.Marks},
			{Venue: api.Perp, Contract: exchange.Linear, Wallet: api.PerpWallet, Linking: api.Linking, Data: data | connect.Interest}}}
}

// Section implements connect.Connector.
func (Connector) Section() connect.Section { return &Section{} }

// Section is [venue.hyperliquid]. An empty address is the production one.
type Section struct {
	connect.Common
	Rest     string  `toml:"rest"`
	WS       string  `toml:"ws"`
	Network  string  `toml:"network"`         // testnet
	Vault    string  `toml:"vault"`           // address of a vault or sub-account to trade
	Main     bool    `toml:"main_wallet"`     // the secret is the account's own key, which can withdraw
	Slippage float64 `toml:"market_slippage"` // of market orders, from the middle; 0: 0.05
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
	switch {
	case s.Network != "" && s.Network != "testnet":
		return nil, errors.New(`network: want "testnet", or leave it out for the real venue`)
	case s.Slippage < 0 || s.Slippage >= 1:
		return nil, errors.New("market_slippage: want a fraction from 0 to below 1, such as 0.05")
	case s.Network != "" && given == (api.Endpoints{}):
		given = api.Testnet()
	}
	e, err := given.Complete()
	if err != nil {
		return nil, err
	}
	return &venue{endpoints: e, section: *s}, nil
}

// venue is the venue at its addresses.
type venue struct {
	endpoints api.Endpoints
	section   Section
}

var _ connect.Venue = (*venue)(nil)

// House implements connect.Venue.
func (v *venue) House() string { return api.House }

// Usual implements connect.Venue.
func (v *venue) Usual() bool { return v.endpoints == api.Production() && v.section.Network == "" }

// Hosts implements connect.Venue.
func (v *venue) Hosts() string { return v.Address() }

// Address implements connect.Venue.
func (v *venue) Address() string { return connect.HostOf(v.endpoints.Rest) }

// Limits implements connect.Venue.
func (v *venue) Limits() *limit.Table { return client.Table() }

// Browse implements connect.Venue.
func (v *venue) Browse(ctx context.Context, o connect.DataOptions, patterns []string) (connect.Catalogue, error) {
	c, err := feed.Browse(ctx, v.endpoints, o, patterns)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// SignIn implements connect.Venue.
func (v *venue) SignIn(ctx context.Context, o connect.AccountOptions) (connect.Account, error) {
	a, err := account.Open(ctx, client.Options{Endpoints: v.endpoints, Testnet: v.section.Network == "testnet", Key: o.Key, Vault: v.section.Vault, MainWallet: v.section.Main,
		Throttle: o.Access.Throttle, Log: o.Log}, account.Options{Attempts: o.Access.Attempts, Slippage: decimal.NewFromFloat(v.section.Slippage)})
	if err != nil {
		return nil, err
	}
	return &signedIn{Account: a}, nil
}
