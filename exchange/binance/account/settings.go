package account

import (
	"context"
	"errors"
	"net/http"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
)

// Permissions are what the API key may do. Source: sapi account/apiRestrictions.
type Permissions struct {
	Read, Spot, Futures bool
	Withdraw            bool // a key that can is refused by the host
	Transfer            bool // between the wallets of the account
	IPRestricted        bool // the key is valid from some addresses only
	PortfolioMargin     bool
}

// Separate reports that futures have a key of their own: Options.Futures.
func (c Settings) Separate() bool { return c.o.separate() }

// Permissions asks what the key may do, or the one of futures. The test networks cannot say.
func (c Settings) Permissions(ctx context.Context, futures bool) (p Permissions, err error) {
	q := request{market: api.Spot, what: "ask what the key may do", method: http.MethodGet, path: "/sapi/v1/account/apiRestrictions", wallet: true, futures: futures}
	err = c.object(ctx, q, func(f *jsonscan.Fields) {
		switch string(f.Key()) {
		case "enableReading":
			p.Read = f.Bool()
		case "enableSpotAndMarginTrading":
			p.Spot = f.Bool()
		case "enableFutures":
			p.Futures = f.Bool()
		case "enableWithdrawals":
			p.Withdraw = f.Bool()
		case "permitsUniversalTransfer":
			p.Transfer = f.Bool()
		case "ipRestrict":
			p.IPRestricted = f.Bool()
		case "enablePortfolioMarginTrading":
			p.PortfolioMargin = f.Bool()
		}
	})
	return p, err
}

// object sends a request whose answer is an object, and reads its members.
func (c Settings) object(ctx context.Context, q request, read func(*jsonscan.Fields)) error {
	body, err := c.request(ctx, q)
	if err != nil {
		return err
	}
	f := jsonscan.Object(body)
	for f.Next() {
		read(&f)
	}
	return garbledIf(&q, f.Err())
}

// set asks for a setting of futures. That it is so already is a success.
func (c Settings) set(ctx context.Context, m api.Market, what, path string, fill func(form)) error {
	q := request{market: m, what: what, method: http.MethodPost, path: paths[m] + path, priority: limit.Hedge, changes: true, fill: fill}
	if err := q.futuresOnly(); err != nil {
		return err
	}
	_, err := c.request(ctx, q)
	if errors.Is(err, exchange.ErrNoChange) {
		return nil
	}
	return err
}

// SetLeverage sets the leverage of a symbol.
func (c Settings) SetLeverage(ctx context.Context, m api.Market, symbol string, leverage int) error {
	return c.set(ctx, m, "set the leverage of "+symbol, "/leverage", func(f form) {
		f.Text("symbol", symbol)
		f.Int("leverage", int64(leverage))
	})
}

// SetIsolated makes the margin of a symbol isolated, or cross. The venue refuses
// while there are orders or a position.
func (c Settings) SetIsolated(ctx context.Context, m api.Market, symbol string, isolated bool) error {
	kind := "CROSSED"
	if isolated {
		kind = "ISOLATED"
	}
	return c.set(ctx, m, "set the margin type of "+symbol, "/marginType", func(f form) {
		f.Text("symbol", symbol)
		f.Text("marginType", kind)
	})
}

// HedgeMode reports whether a symbol can have two positions. USD-M and COIN-M
// share the setting since 2026-06.
func (c Settings) HedgeMode(ctx context.Context, v exchange.Venue) (bool, error) {
	m := api.Of(v)
	return c.setting(ctx, m, "ask the position mode", "/positionSide/dual", "dualSidePosition")
}

// modeName is a position mode as people read it.
func modeName(hedged bool) string {
	if hedged {
		return "hedge mode"
	}
	return "one-way mode"
}

// LearnModes asks how the account is set, which its Profile and its orders depend on. It is
// called once, before them.
func (c *Client) LearnModes(ctx context.Context) (err error) {
	c.hedged, err = c.HedgeMode(ctx, api.USDM.Venue())
	return err
}

// Hedged reports whether the account was in hedge mode when LearnModes asked.
func (c *Client) Hedged() bool { return c.hedged }

// SetHedgeMode changes it, for both markets. The venue refuses while either has
// orders or positions.
func (c Settings) SetHedgeMode(ctx context.Context, m api.Market, hedge bool) error {
	return c.set(ctx, m, "set the position mode", "/positionSide/dual", func(f form) { f.Text("dualSidePosition", boolText(hedge)) })
}

// MultiAssets reports whether all assets of the USD-M wallet back its positions.
func (c Settings) MultiAssets(ctx context.Context) (bool, error) {
	return c.setting(ctx, api.USDM, "ask the multi-assets mode", "/multiAssetsMargin", "multiAssetsMargin")
}

// SetMultiAssets changes it. It does not go with isolated margin.
func (c Settings) SetMultiAssets(ctx context.Context, on bool) error {
	return c.set(ctx, api.USDM, "set the multi-assets mode", "/multiAssetsMargin", func(f form) { f.Text("multiAssetsMargin", boolText(on)) })
}

// AssetIndex is what an asset of the USD-M wallet counts for in multi-assets mode: its index
// in dollars, less the bid buffer where it is held and more the ask buffer where it is owed.
type AssetIndex struct {
	Symbol               string // BTCUSD
	BidBuffer, AskBuffer decimal.Decimal
}

// AssetIndexes lists them. Source: GET assetIndex of USD-M.
func (c Settings) AssetIndexes(ctx context.Context) ([]AssetIndex, error) {
	q := request{market: api.USDM, what: "ask what assets count for", method: http.MethodGet, path: "/fapi/v1/assetIndex", security: open}
	return rows(ctx, c.transport, q, func(raw []byte) (v AssetIndex, err error) {
		f := jsonscan.Object(raw)
		for f.Next() {
			switch string(f.Key()) {
			case "symbol":
				v.Symbol = f.Text()
			case "bidBuffer":
				v.BidBuffer = f.Decimal()
			case "askBuffer":
				v.AskBuffer = f.Decimal()
			}
		}
		return v, f.Err()
	})
}

func boolText(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

func (c Settings) setting(ctx context.Context, m api.Market, what, path, key string) (on bool, err error) {
	q := request{market: m, what: what, method: http.MethodGet, path: paths[m] + path}
	if err := q.futuresOnly(); err != nil {
		return false, err
	}
	err = c.object(ctx, q, func(f *jsonscan.Fields) {
		if string(f.Key()) == key {
			on = f.Bool()
		}
	})
	return on, err
}

// Config is what GET accountConfig says of the USD-M account.
type Config struct {
	FeeTier     int
	CanTrade    bool
	HedgeMode   bool
	MultiAssets bool
}

// Config asks how the USD-M account is set up.
func (c Settings) Config(ctx context.Context) (v Config, err error) {
	q := request{market: api.USDM, what: "ask the account's configuration", method: http.MethodGet, path: "/fapi/v1/accountConfig"}
	err = c.object(ctx, q, func(f *jsonscan.Fields) {
		switch string(f.Key()) {
		case "feeTier":
			v.FeeTier = int(f.Int())
		case "canTrade":
			v.CanTrade = f.Bool()
		case "dualSidePosition":
			v.HedgeMode = f.Bool()
		case "multiAssetsMargin":
			v.MultiAssets = f.Bool()
		}
	})
	return v, err
}

// SymbolConfig is how a symbol of futures is set up.
type SymbolConfig struct {
	Symbol   string
	Isolated bool
	Leverage int
}

// SymbolConfigs asks how the symbols of a market are set up. USD-M has an
// endpoint for it, on COIN-M it is a part of the positions.
func (c Settings) SymbolConfigs(ctx context.Context, m api.Market) ([]SymbolConfig, error) {
	q := request{market: m, what: "ask the symbols' configuration", method: http.MethodGet, path: "/fapi/v1/symbolConfig"}
	if m == api.COINM {
		q.path = positionPaths[m]
	}
	if err := q.futuresOnly(); err != nil {
		return nil, err
	}
	return rows(ctx, c.transport, q, decodeSymbolConfig)
}

// decodeSymbolConfig reads both forms: CROSSED and cross are the same.
func decodeSymbolConfig(raw []byte) (v SymbolConfig, err error) {
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "symbol":
			v.Symbol = f.Text()
		case "leverage":
			v.Leverage = int(f.Int())
		case "marginType":
			text := f.Text()
			v.Isolated = text == "ISOLATED" || text == "isolated"
		}
	}
	return v, f.Err()
}

// Fees are the rates of a symbol, as parts of the value of a trade.
type Fees struct{ Maker, Taker decimal.Decimal }

// Fees asks for the account's rates. On spot they are the standard, the special
// and the tax rates together; the discount for paying in BNB, which holds for
// the standard rate only, is not taken off, because it ends when the BNB do.
func (c Settings) Fees(ctx context.Context, m api.Market, symbol string) (v Fees, err error) {
	q := request{market: m, what: "ask the fees of " + symbol, method: http.MethodGet, path: paths[m] + "/commissionRate", fill: bySymbol(symbol)}
	if m == api.Spot {
		q.path = paths[m] + "/account/commission"
	}
	body, err := c.request(ctx, q)
	if err != nil {
		return Fees{}, err
	}
	v, err = decodeFees(body)
	return v, garbledIf(&q, err)
}

func decodeFees(body []byte) (v Fees, err error) {
	f := jsonscan.Object(body)
	for f.Next() && err == nil {
		switch string(f.Key()) {
		case "makerCommissionRate":
			v.Maker = f.Decimal()
		case "takerCommissionRate":
			v.Taker = f.Decimal()
		case "standardCommission", "specialCommission", "taxCommission":
			err = v.add(f.Raw())
		}
	}
	if err == nil {
		err = f.Err()
	}
	return v, err
}

func (v *Fees) add(raw []byte) error {
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "maker":
			v.Maker = v.Maker.Add(f.Decimal())
		case "taker":
			v.Taker = v.Taker.Add(f.Decimal())
		}
	}
	return f.Err()
}

// Bracket is one step of the maintenance margin. Floor and Cap bound the
// notional in the quote asset on USD-M, and the quantity in the base asset on
// COIN-M, both multiplied by the account's coefficient for the symbol.
type Bracket struct {
	Leverage   int // the most up to Cap
	Floor, Cap decimal.Decimal
	Rate       decimal.Decimal // of maintenance
	Cum        decimal.Decimal // taken off, so that there is no jump at Floor
}

// bracketPaths are where brackets are told by symbol; version 1 of COIN-M goes
// by pair, which has several symbols.
var bracketPaths = map[api.Market]string{api.USDM: "/fapi/v1/leverageBracket", api.COINM: "/dapi/v2/leverageBracket"}

// Brackets asks for the margin steps of a symbol of futures.
func (c Settings) Brackets(ctx context.Context, m api.Market, symbol string) ([]Bracket, error) {
	q := request{market: m, what: "ask the brackets of " + symbol, method: http.MethodGet, path: bracketPaths[m], weight: "symbol", fill: bySymbol(symbol)}
	if err := q.futuresOnly(); err != nil {
		return nil, err
	}
	body, err := c.request(ctx, q)
	if err != nil {
		return nil, err
	}
	all, err := decodeBrackets(body, symbol)
	return all, garbledIf(&q, err)
}

// decodeBrackets reads one symbol, or a list with the symbol in it: the venue
// answers either.
func decodeBrackets(body []byte, symbol string) (all []Bracket, err error) {
	if len(body) > 0 && body[0] == '{' {
		return decodeSymbolBrackets(body, symbol)
	}
	f := jsonscan.Array(body)
	for f.Next() && err == nil && all == nil {
		all, err = decodeSymbolBrackets(f.Raw(), symbol)
	}
	if err == nil {
		err = f.Err()
	}
	if err == nil && all == nil {
		err = errors.New("without " + symbol)
	}
	return all, err
}

// decodeSymbolBrackets reads the brackets of one symbol; none if it is another.
func decodeSymbolBrackets(raw []byte, symbol string) (all []Bracket, err error) {
	coefficient, ours := decimal.New(1, 0), false
	f := jsonscan.Object(raw)
	for f.Next() && err == nil {
		switch string(f.Key()) {
		case "symbol":
			ours = f.Text() == symbol
		case "notionalCoef":
			coefficient = f.Decimal()
		case "brackets":
			all, err = list(f.Raw(), decodeBracket)
		}
	}
	if err == nil {
		err = f.Err()
	}
	if err != nil || !ours {
		return nil, err
	}
	for i := range all {
		b := &all[i]
		b.Floor, b.Cap, b.Cum = b.Floor.Mul(coefficient), b.Cap.Mul(coefficient), b.Cum.Mul(coefficient)
	}
	return all, nil
}

// decodeBracket reads one step; COIN-M spells its floor qtylFloor.
func decodeBracket(raw []byte) (b Bracket, err error) {
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "initialLeverage":
			b.Leverage = int(f.Int())
		case "notionalFloor", "qtylFloor", "qtyFloor":
			b.Floor = f.Decimal()
		case "notionalCap", "qtyCap":
			b.Cap = f.Decimal()
		case "maintMarginRatio":
			b.Rate = f.Decimal()
		case "cum":
			b.Cum = f.Decimal()
		}
	}
	return b, f.Err()
}

// UID is the venue's number of the account. It is the same for every key of it; with futures,
// the one of futures is asked.
func (c Settings) UID(ctx context.Context, futures bool) (uid int64, err error) {
	q := request{market: api.Spot, what: "ask who the account is", method: http.MethodGet, path: "/api/v3/account", futures: futures}
	err = c.object(ctx, q, func(f *jsonscan.Fields) {
		if string(f.Key()) == "uid" {
			uid = f.Int()
		}
	})
	if err == nil && uid == 0 {
		err = q.fault(exchange.ErrRefused, errors.New("the answer has no uid"))
	}
	return uid, err
}
