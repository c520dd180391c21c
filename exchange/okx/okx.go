// Package okx is the connector of OKX v5: spot, perpetuals and dated futures, linear and
// inverse, behind one set of hosts, and one trading account. See package connect for what
// that is.
//
// # Parts
//
//   - api names the segments and the addresses
//   - client asks over REST or sends orders by a stream: signatures, limits, what answers mean
//   - payload turns public messages into events
//   - feed is the catalogue and the live market data
//   - account is the account: orders, executions, funds, its own stream
//
// # Facts, and where they are from
//
// The manual is docs-v5 as of 2026-08-22; what has no source beside it is from there.
//
//   - Ports: 8443 was switched off on 2026-10-31 (announcement of 2026-09-30).
//
//   - Regions: an account has keys on the hosts of its registration alone (region = "us",
//     "eea"). Demo trading has the same REST host, a header, and keys of its own (50101).
//
//   - Books are linked by prevSeqId. The checksum is 0 since June 2026 (manual; seen by ccxt on
//     2026-09-06) and not looked at.
//
//   - Sizes of contracts are in contracts: ctVal×ctMult coins of a linear one, USD of an
//     inverse one. A quantity of a linear one is in coins here.
//
//   - In recordings the size of a linear contract is known of BTC and ETH; of others it is what
//     open interest or volume say in contracts and in coins, or what is said of it. Without
//     any the recording is refused.
//
//   - Orders go over REST, or with entry = "ws" by a private stream of their own and over REST
//     while that is not there. The stream names instruments by instIdCode, which listings
//     tell; instId is sent too. Both ways count by the same limits.
//
//   - An order says until when it may be taken up (expTime, 5 s): what comes later is
//     dropped, which is why the outcome of one without an answer is known after that.
//
//   - Client ids are letters and digits, and free again once their order is over: what
//     is unknown is asked for and never sent again. The hyphen of ours is a Z there.
//
//   - Post-only that would take is accepted and then canceled (cancelSource 31): it is told
//     as rejected. An order that reduces more than there is, is refused whole.
//
//   - Fees are negative when they are charged.
//
//   - cancel-all-after cancels all orders of the account 10 to 120 seconds after it was last
//     renewed, also after the process was killed; cancelling takes some seconds.
//
//   - Bills of type 8 are funding: 173 was paid, 174 received.
//
//   - What spot is margined as depends on the account: coins ("cash") in spot and
//     futures mode, all margin ("cross") with multi-currency margin.
//
//   - Coins are borrowed by sales on spot that lack them, in multi-currency margin with
//     auto-borrow (autoLoan) switched on, and there by any such order: only those that were
//     asked to borrow are sent. The balance of the coin (cashBal) goes below zero, bills of type
//     7 charge interest, and coins that are bought bring it back. What is lent is told to
//     everybody by the day (interest-rate-loan-quota), to an account by the hour
//     (interest-rate, max-loan). Never seen: an account that borrows.
//
// Open: whether the conditions of margin with several currencies (discounts of coins that
// are collateral) matter here. A contract is held against what of its settlement asset the
// account has, which is stricter. Limits of orders are per instrument at the venue, and
// counted together here. None of this was run against the real venue.
package okx

import (
	"context"
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/okx/account"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/okx/client"
	"github.com/perilune/perilune/exchange/okx/feed"
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
	a := connect.About{Title: "OKX", Able: oms.CapabilitiesOf((*account.Account)(nil)), Keys: "reading and trading, and a passphrase; no withdrawal",
		Lends: "sales on spot, in multi-currency margin with auto-borrow switched on",
		Paper: []connect.Balance{{Wallet: api.Trading, Asset: "USDT", Amount: decimal.NewFromInt(100000)}}}
	a.Able.HedgeMode = false // an account in it is refused
	for _, t := range api.Types {
		data := connect.AllData | connect.Bars | connect.Interest | connect.Liquidations
		if t == api.Spot {
			data &^= connect.Marks | connect.Interest | connect.Liquidations
		}
		for _, c := range t.Contracts() {
			a.Segments = append(a.Segments, connect.Segment{Venue: t.Venue(), Contract: c, Wallet: api.Trading, Linking: api.Linking, Data: data})
		}
	}
	return a
}

// Section implements connect.Connector.
func (Connector) Section() connect.Section { return &Section{} }

// Section is [venue.okx]. An empty address is the production one.
type Section struct {
	connect.Common
	Passphrase string `toml:"passphrase"` // env:NAME, file:PATH or credential:NAME
	Entry      string `toml:"entry"`      // rest or ws: how orders go
	Region     string `toml:"region"`     // global, us or eea
	Demo       bool   `toml:"demo"`
	Rest       string `toml:"rest"`
	WSPublic   string `toml:"ws_public"`
	WSPrivate  string `toml:"ws_private"`
	WSBusiness string `toml:"ws_business"`
}

var _ connect.Section = (*Section)(nil)

// At is a section with other addresses.
func At(e api.Endpoints) *Section {
	return &Section{Rest: e.Rest, WSPublic: e.Public, WSPrivate: e.Private, WSBusiness: e.Business, Demo: e.Demo}
}

// House implements connect.Section.
func (s *Section) House() string { return api.House }

// Open implements connect.Section.
func (s *Section) Open() (connect.Venue, error) {
	if err := s.NoWindow(); err != nil {
		return nil, err
	}
	e := api.Endpoints{Rest: s.Rest, Public: s.WSPublic, Private: s.WSPrivate, Business: s.WSBusiness}
	given := e != (api.Endpoints{})
	if s.Region != "" && given {
		return nil, errors.New("region sets every address: leave out the others")
	}
	e.Demo = s.Demo
	if region := s.Region; !given {
		if region == "" {
			region = "global"
		}
		var err error
		if e, err = api.Region(region, s.Demo); err != nil {
			return nil, err
		}
	}
	e, err := e.Complete()
	if err != nil {
		return nil, err
	}
	if s.Passphrase != "" {
		if err := sign.CheckReference(s.Passphrase); err != nil {
			return nil, fmt.Errorf("passphrase: %w", err)
		}
	}
	if err := client.CheckEntry(s.Entry); err != nil {
		return nil, err
	}
	return &venue{endpoints: e, passphrase: s.Passphrase, entry: s.Entry}, nil
}

// venue is the venue at its addresses.
type venue struct {
	endpoints  api.Endpoints
	passphrase string // where it is
	entry      string
}

var _ connect.Venue = (*venue)(nil)

// House implements connect.Venue.
func (v *venue) House() string { return api.House }

// Usual implements connect.Venue: the regions are all real.
func (v *venue) Usual() bool {
	for _, name := range []string{"global", "us", "eea"} {
		if e, err := api.Region(name, false); err == nil && e == v.endpoints {
			return true
		}
	}
	return false
}

// Hosts implements connect.Venue.
func (v *venue) Hosts() string {
	if v.endpoints.Demo {
		return v.Address() + " (demo trading)"
	}
	return v.Address()
}

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
	if v.passphrase == "" {
		return nil, errors.New("passphrase in [venue.okx]: want env:NAME, file:PATH or credential:NAME of what was chosen when the key was made")
	}
	pass, err := sign.Load(v.passphrase)
	if err != nil {
		return nil, fmt.Errorf("passphrase in [venue.okx]: %w", err)
	}
	a, err := account.Open(ctx, client.Options{Endpoints: v.endpoints, Key: o.Key, Passphrase: pass, Entry: v.entry, Attempts: o.Access.Attempts, Throttle: o.Access.Throttle, Log: o.Log}, o.Access.Attempts)
	if err != nil {
		return nil, err
	}
	return &signedIn{a}, nil
}
