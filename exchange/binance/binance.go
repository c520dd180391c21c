// Package binance is the connector of Binance: spot, USD-M and COIN-M, each of which is
// an API with hosts, rules and a wallet of its own. See package connect for what that is.
//
// # Parts
//
//   - api names the three markets and their addresses
//   - payload reads messages, rules knows instruments without asking, frames reads recordings
//   - feed is the catalogue and the live market data
//   - account is the account: requests, answers, its own streams
//   - signing writes signed requests
//   - weight is what the venue counts, and what requests cost
//   - archive fetches past data, simfront is the exchange of `perilune sim` in its dialect
package binance

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/feed"
	"github.com/perilune/perilune/exchange/binance/weight"
	"github.com/perilune/perilune/exchange/connect"
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
	fifty := decimal.NewFromInt(50000)
	a := connect.About{Title: "Binance", MarkTransfer: api.MarkTransfer, Able: oms.CapabilitiesOf((*account.Client)(nil)),
		Keys: "reading, spot, futures and universal transfer; no withdrawal",
		Paper: []connect.Balance{
			{Wallet: api.Spot.Wallet(), Asset: "USDT", Amount: fifty},
			{Wallet: api.USDM.Wallet(), Asset: "USDT", Amount: fifty},
		}}
	for _, m := range api.Markets {
		data := connect.AllData | connect.Bars
		if m == api.Spot {
			data &^= connect.Marks
		} else {
			data |= connect.Interest | connect.Liquidations
		}
		a.Segments = append(a.Segments, connect.Segment{Venue: m.Venue(), Contract: m.Contract(), Wallet: m.Wallet(), Linking: m.Linking(), Data: data})
	}
	return a
}

// Section implements connect.Connector.
func (Connector) Section() connect.Section { return &Section{} }

// Section is [venue.binance]. An empty address is the production one; RestWallet follows
// RestSpot.
type Section struct {
	connect.Common
	RestSpot   string `toml:"rest_spot"`
	RestUSDM   string `toml:"rest_usdm"`
	RestCOINM  string `toml:"rest_coinm"`
	WSSpot     string `toml:"ws_spot"`
	WSUSDM     string `toml:"ws_usdm"`
	WSCOINM    string `toml:"ws_coinm"`
	RestWallet string `toml:"rest_wallet"`
	APISpot    string `toml:"ws_api_spot"`
	APIUSDM    string `toml:"ws_api_usdm"`
	APICOINM   string `toml:"ws_api_coinm"`
	Network    string `toml:"network"` // testnet
	Entry      string `toml:"entry"`   // how orders go out: rest, the default, or ws

	// The key of USD-M and COIN-M, where api_key may not trade them.
	FuturesKey    string `toml:"api_key_futures"` // env:NAME, file:PATH or credential:NAME
	FuturesSecret string `toml:"secret_futures"`  // the same
}

var _ connect.Section = (*Section)(nil)

// At is a section with other addresses.
func At(e api.Endpoints) *Section {
	return &Section{RestSpot: e.RestSpot, RestUSDM: e.RestUSDM, RestCOINM: e.RestCOINM, RestWallet: e.RestWallet,
		WSSpot: e.WSSpot, WSUSDM: e.WSUSDM, WSCOINM: e.WSCOINM, APISpot: e.APISpot, APIUSDM: e.APIUSDM, APICOINM: e.APICOINM}
}

// House implements connect.Section.
func (s *Section) House() string { return api.House }

// Open implements connect.Section.
func (s *Section) Open() (connect.Venue, error) {
	e, err := s.Endpoints()
	if err != nil {
		return nil, err
	}
	if s.Entry != "" && s.Entry != account.EntryREST && s.Entry != account.EntryWS {
		return nil, fmt.Errorf("entry = %q: want %q or %q, or leave it out for %[2]q", s.Entry, account.EntryREST, account.EntryWS)
	}
	if s.Bars != "" {
		length, err := exchange.ParseBarLength(s.Bars)
		if err == nil {
			err = feed.CheckInterval(length)
		}
		if err != nil {
			return nil, fmt.Errorf("bars = %q: %w", s.Bars, err)
		}
	}
	window, err := s.Window()
	if err != nil {
		return nil, err
	}
	if (s.FuturesKey == "") != (s.FuturesSecret == "") {
		return nil, errors.New("api_key_futures and secret_futures go together: want both, or neither where api_key is the key of futures too")
	}
	for _, k := range [...]struct{ name, ref string }{{"api_key_futures", s.FuturesKey}, {"secret_futures", s.FuturesSecret}} {
		if k.ref == "" {
			continue
		}
		if err := sign.CheckReference(k.ref); err != nil {
			return nil, fmt.Errorf("%s: %w", k.name, err)
		}
	}
	return &venue{endpoints: e, entry: s.Entry, window: window, futuresKey: s.FuturesKey, futuresSecret: s.FuturesSecret}, nil
}

// Endpoints are the addresses that the section names; an empty one is the production
// address.
func (s *Section) Endpoints() (api.Endpoints, error) {
	e := api.Endpoints{RestSpot: s.RestSpot, RestUSDM: s.RestUSDM, RestCOINM: s.RestCOINM, RestWallet: s.RestWallet,
		WSSpot: s.WSSpot, WSUSDM: s.WSUSDM, WSCOINM: s.WSCOINM, APISpot: s.APISpot, APIUSDM: s.APIUSDM, APICOINM: s.APICOINM}
	switch s.Network {
	case "":
	case "testnet":
		if e != (api.Endpoints{}) {
			return e, errors.New(`network = "testnet" sets every address: leave out the others`)
		}
		e = api.Testnet()
	default:
		return e, fmt.Errorf(`network = %q: want "testnet", or leave it out for the real venue`, s.Network)
	}
	return e, e.Check()
}

// venue is the venue at its addresses.
type venue struct {
	endpoints api.Endpoints
	entry     string
	window    exchange.Time

	futuresKey, futuresSecret string // where the key of futures is; "": it is the other one
}

var _ connect.Venue = (*venue)(nil)

// House implements connect.Venue.
func (v *venue) House() string { return api.House }

// Usual implements connect.Venue.
func (v *venue) Usual() bool { return v.endpoints == (api.Endpoints{}) }

// Hosts implements connect.Venue.
func (v *venue) Hosts() string {
	p := api.Production()
	var out []string
	for _, m := range api.Markets {
		address := v.endpoints.Rest(m)
		if address == "" {
			address = p.Rest(m)
		}
		if u, err := url.Parse(address); err == nil && !slices.Contains(out, u.Host) {
			out = append(out, u.Host)
		}
	}
	return strings.Join(out, ", ")
}

// Address implements connect.Venue.
func (v *venue) Address() string {
	address := v.endpoints.RestSpot
	if address == "" {
		address = api.Production().RestSpot
	}
	return connect.HostOf(address)
}

// Limits implements connect.Venue.
func (v *venue) Limits() *limit.Table { return weight.Table() }

// Browse implements connect.Venue.
func (v *venue) Browse(ctx context.Context, o connect.DataOptions, patterns []string) (connect.Catalogue, error) {
	c, err := feed.List(ctx, feed.Options{Endpoints: v.endpoints, Data: o.Data, Interval: o.Bars, Past: o.Past,
		Throttle: o.Access.Throttle, Attempts: o.Access.Attempts, Tap: o.Tap, Notice: o.Notice}, patterns)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// futures reads the key of futures, which is empty where there is none.
func (v *venue) futures() (sign.Key, error) {
	if v.futuresKey == "" {
		return sign.Key{}, nil
	}
	key, err := sign.LoadKey(v.futuresKey, v.futuresSecret)
	if err != nil {
		return sign.Key{}, fmt.Errorf("api_key_futures and secret_futures in [venue.binance]: %w", err)
	}
	return key, nil
}

// SignIn implements connect.Venue.
func (v *venue) SignIn(ctx context.Context, o connect.AccountOptions) (connect.Account, error) {
	futures, err := v.futures()
	if err != nil {
		return nil, err
	}
	c, err := account.Open(ctx, account.Options{Key: o.Key, Futures: futures, Endpoints: v.endpoints, Entry: v.entry, Window: v.window,
		Throttle: o.Access.Throttle, Attempts: o.Access.Attempts, Log: o.Log})
	if err != nil {
		return nil, err
	}
	if err := c.LearnModes(ctx); err != nil && !errors.Is(err, exchange.ErrKey) { // Admission says what the key lacks
		c.Close()
		return nil, err
	}
	return &signedIn{c}, nil
}
