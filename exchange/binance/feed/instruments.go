package feed

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/rules"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// Listing is one symbol of exchangeInfo.
type Listing struct {
	Instrument exchange.Instrument
	// Status is the venue's word: TRADING, HALT, BREAK, END_OF_DAY, CANCEL_ONLY,
	// PENDING_TRADING, PRE_DELIVERING, SETTLING, CLOSE and others.
	Status   string
	Contract string        // PERPETUAL, CURRENT_QUARTER, TRADIFI_PERPETUAL…; "" on spot
	Onboard  exchange.Time // first day; 0 on spot
	// Delivery is when the contract ends. A perpetual has a date around the year
	// 2100; one that is about to be delisted has a near one. 0 on spot.
	Delivery exchange.Time
	Filters  Filters
}

// Trading reports whether orders are taken.
func (l *Listing) Trading() bool { return l.Status == trading }

const trading = "TRADING"

// Ends reports whether the contract has an end that matters: a delivery, or a
// delisting that was announced.
func (l *Listing) Ends() bool { return l.Delivery > 0 && l.Delivery < exchange.Date(2090, 1, 1) }

// RateLimit is one entry of rateLimits.
type RateLimit struct {
	Type        string `json:"rateLimitType"` // REQUEST_WEIGHT, ORDERS, RAW_REQUESTS
	Interval    string `json:"interval"`      // SECOND, MINUTE, DAY
	IntervalNum int    `json:"intervalNum"`
	Limit       int    `json:"limit"`
}

// ExchangeInfo is what exchangeInfo says of a market.
type ExchangeInfo struct {
	Market     api.Market
	ServerTime exchange.Time
	RateLimits []RateLimit
	Listings   []Listing // in the venue's order
	// Problems names the symbols that could not be understood, and why.
	Problems []string
}

// symbolInfo is a symbol as the venue writes it.
type symbolInfo struct {
	Symbol         string            `json:"symbol"`
	Status         string            `json:"status"`
	ContractStatus string            `json:"contractStatus"` // COIN-M
	ContractType   string            `json:"contractType"`
	BaseAsset      string            `json:"baseAsset"`
	QuoteAsset     string            `json:"quoteAsset"`
	ContractSize   jsonscan.Amount   `json:"contractSize"`
	OnboardDate    int64             `json:"onboardDate"`
	DeliveryDate   int64             `json:"deliveryDate"`
	TakeBound      jsonscan.Amount   `json:"marketTakeBound"`
	Filters        []json.RawMessage `json:"filters"`
}

// DecodeExchangeInfo understands the answer of a market's exchangeInfo. Ticks
// and lots are those of the filters, never the precision fields, which are
// something else. A symbol that cannot be understood is left out and named in
// Problems; the error is for answers that are no exchangeInfo at all.
//
// What exchangeInfo does not say is from rules.Nearest or a cautious default, and named
// in the instrument's Assumed.
func DecodeExchangeInfo(m api.Market, body []byte) (*ExchangeInfo, error) {
	var doc struct {
		ServerTime int64             `json:"serverTime"`
		RateLimits []json.RawMessage `json:"rateLimits"`
		Symbols    []json.RawMessage `json:"symbols"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return nil, fmt.Errorf("exchangeInfo of %s: %w", m, err)
	}
	if doc.Symbols == nil {
		return nil, fmt.Errorf("exchangeInfo of %s has no symbols", m)
	}
	info := &ExchangeInfo{Market: m, ServerTime: milli(doc.ServerTime)}
	for _, raw := range doc.RateLimits {
		var l RateLimit
		if json.Unmarshal(raw, &l) == nil && l.Limit > 0 {
			info.RateLimits = append(info.RateLimits, l)
		}
	}
	seen := make(map[string]bool, len(doc.Symbols))
	for i, raw := range doc.Symbols {
		l, err := decodeSymbol(m, raw)
		if err == nil && seen[l.Instrument.Symbol] {
			err = fmt.Errorf("%s is there twice", l.Instrument.Symbol)
		}
		if err != nil {
			info.Problems = append(info.Problems, fmt.Sprintf("exchangeInfo of %s, symbol %d: %v", m, i+1, err))
			continue
		}
		seen[l.Instrument.Symbol] = true
		info.Listings = append(info.Listings, l)
	}
	return info, nil
}

func decodeSymbol(m api.Market, raw json.RawMessage) (Listing, error) {
	var s symbolInfo
	if err := json.Unmarshal(raw, &s); err != nil {
		return Listing{}, fmt.Errorf("%.40q: %w", s.Symbol, err)
	}
	if !sane(s.Symbol) || !sane(s.BaseAsset) || !sane(s.QuoteAsset) {
		return Listing{}, fmt.Errorf("symbol %.40q of %.40q in %.40q: want names of 1 to 64 printable bytes", s.Symbol, s.BaseAsset, s.QuoteAsset)
	}
	f, err := decodeFilters(s.Filters)
	if err != nil {
		return Listing{}, fmt.Errorf("%s: %w", s.Symbol, err)
	}
	l := Listing{Status: cmp.Or(s.ContractStatus, s.Status), Contract: s.ContractType, Onboard: milli(s.OnboardDate),
		Delivery: milli(s.DeliveryDate), Filters: f}
	l.Instrument, err = s.instrument(m, &f)
	if err != nil {
		return Listing{}, fmt.Errorf("%s: %w", s.Symbol, err)
	}
	return l, nil
}

// sane accepts names in any script: symbols other than ASCII exist since 2025.
func sane(name string) bool {
	return name != "" && len(name) <= 64 && utf8.ValidString(name) && !strings.ContainsAny(name, "\"\\:@/,\x00 \n\r\t")
}

func milli(ms int64) exchange.Time {
	const most = (1<<63 - 1) / int64(exchange.Millisecond)
	if ms <= 0 || ms > most {
		return 0
	}
	return exchange.UnixMilli(ms)
}

// instrument makes the rules that the host computes with. What the venue says
// replaces what the table or a default says.
func (s *symbolInfo) instrument(m api.Market, f *Filters) (exchange.Instrument, error) {
	in := rules.Nearest(m, s.Symbol)
	in.Symbol, in.Base, in.Quote, in.Multiplier = s.Symbol, s.BaseAsset, s.QuoteAsset, 1
	in.Tick, in.Lot = f.Tick, f.Lot
	if in.Tick.M == 0 || in.Lot.M == 0 {
		return in, fmt.Errorf("PRICE_FILTER.tickSize and LOT_SIZE.stepSize must be above zero, with at most 18 places")
	}
	in.MinQty, in.MaxQty = jsonscan.Amount{Decimal: f.MinQty}.Lots(in.Lot, true), jsonscan.Amount{Decimal: f.MaxQty}.Lots(in.Lot, false)
	in.MinNotional = f.MinNotional
	in.PriceUp, in.PriceDown = f.priceBounds()
	in.Assumed = "fees of VIP 0"
	if m == api.Spot {
		return in, nil
	}
	return in, s.contract(&in)
}

func (s *symbolInfo) contract(in *exchange.Instrument) error {
	if api.Of(in.Venue) == api.USDM {
		in.Base, in.Multiplier = exchange.Unbundle(s.BaseAsset, rules.Bundles...)
	} else if in.ContractSize = s.ContractSize.Decimal; !in.ContractSize.IsPositive() {
		return fmt.Errorf("contractSize is %s: want the USD of one contract", in.ContractSize)
	}
	if s.TakeBound.IsPositive() {
		in.TakeBound = s.TakeBound.Decimal
	}
	in.Assumed += ", margin brackets, bounds of funding"
	if !strings.Contains(s.ContractType, "PERPETUAL") {
		in.Delivery = milli(s.DeliveryDate)
		in.FundingHours = 0
		in.FundingCap, in.FundingFloor, in.InterestRate = decimal.Zero, decimal.Zero, decimal.Zero
		in.Assumed = "fees of VIP 0, margin brackets"
	}
	return nil
}
