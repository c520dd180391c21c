package feed

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/deribit/api"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// row is an instrument as the venue lists it. Source: the manual, "public/get_instruments".
// Until January 2026 there was is_active alone, and no state.
type row struct {
	Name       string          `json:"instrument_name"`
	Kind       string          `json:"kind"`
	Type       string          `json:"instrument_type"`
	Base       string          `json:"base_currency"`
	Quote      string          `json:"quote_currency"`
	Settle     string          `json:"settlement_currency"`
	Period     string          `json:"settlement_period"`
	Expiration int64           `json:"expiration_timestamp"`
	Tick       jsonscan.Amount `json:"tick_size"`
	Contract   jsonscan.Amount `json:"contract_size"`
	Least      jsonscan.Amount `json:"min_trade_amount"`
	Maker      jsonscan.Amount `json:"maker_commission"`
	Taker      jsonscan.Amount `json:"taker_commission"`
	Leverage   jsonscan.Amount `json:"max_leverage"`
	Active     bool            `json:"is_active"`
	State      string          `json:"state"`
	Steps      []struct {
		Above jsonscan.Amount `json:"above_price"`
		Tick  jsonscan.Amount `json:"tick_size"`
	} `json:"tick_size_steps"`
}

// What is assumed, because the venue tells it to nobody in a listing.
const (
	assumedMargin = "maintenance margin as half of the initial margin at the highest leverage"
	// AssumedFees: see connect.Account.Terms.
	AssumedFees = "fees before the schedule of the account"
)

// contractOfABuck: quantities of inverse contracts are in USD.
var contractOfABuck = decimal.NewFromInt(1)

// decodeListing understands one row. used is false for what is not traded here: options,
// combos, and inverse contracts in the listing of linear ones.
func decodeListing(segment api.Segment, raw []byte) (l connect.Listing, used bool, problem error) {
	var r row
	if err := json.Unmarshal(raw, &r); err != nil {
		return l, true, fmt.Errorf("%.40q: %w", r.Name, err)
	}
	if r.segment() != segment {
		return l, false, nil
	}
	for _, name := range []string{r.Name, r.Base, r.Quote} {
		if name == "" || len(name) > 64 || !utf8.ValidString(name) || strings.ContainsAny(name, "\"\\:@/,\x00 \n\r\t") {
			return l, true, fmt.Errorf("instrument %.40q of %.40q in %.40q: want names of 1 to 64 printable bytes", r.Name, r.Base, r.Quote)
		}
	}
	in := &exchange.Instrument{Venue: segment.Venue(), Symbol: r.Name, Contract: segment.Contract(), Base: r.Base, Quote: r.Quote, Wallet: api.Wallet, Linking: api.Linking,
		Multiplier: 1, MakerFee: r.Maker.Decimal, TakerFee: r.Taker.Decimal, Assumed: AssumedFees}
	l = connect.Listing{Instrument: in, Trading: r.Active && (r.State == "" || r.State == "open"), Status: r.State}
	if l.Status == "" {
		l.Status = map[bool]string{true: "open", false: "inactive"}[r.Active]
	}
	lot := r.Contract
	if lot.IsZero() || r.Least.IsPositive() && r.Least.LessThan(lot.Decimal) {
		lot = r.Least
	}
	if in.Tick, in.Lot = r.Tick.Step(), lot.Step(); in.Tick.M == 0 || in.Lot.M == 0 {
		return l, true, fmt.Errorf("%s: tick_size %s and contract_size %s: want both above zero, with at most 18 places", r.Name, r.Tick, r.Contract)
	}
	in.MinQty = r.Least.Lots(in.Lot, true)
	if err := coarser(in, &r); err != nil {
		return l, true, err
	}
	if segment != api.Spot {
		l.Ends, problem = contract(in, &r)
	}
	if problem == nil {
		problem = in.Check()
	}
	return l, true, problem
}

// segment is where a row belongs; "": nowhere here.
func (r *row) segment() api.Segment {
	switch {
	case r.Kind == "spot":
		return api.Spot
	case r.Kind == "future" && r.Type == "reversed":
		return api.Inverse
	case r.Kind == "future":
		return api.Linear
	}
	return ""
}

// coarser takes the larger increments of higher prices.
func coarser(in *exchange.Instrument, r *row) error {
	for _, s := range r.Steps {
		every, exact := in.Tick.Exact(s.Tick.Decimal)
		if !exact || every < 1 {
			return fmt.Errorf("%s: tick_size_steps: %s above %s: want a multiple of tick_size %s", r.Name, s.Tick, s.Above, in.Tick)
		}
		in.Coarser = append(in.Coarser, exchange.Coarser{From: exchange.Ticks(in.Tick.Ceil(s.Above.Decimal)), Every: exchange.Ticks(every)})
	}
	return nil
}

// contract adds what only contracts have, and says when it ends.
func contract(in *exchange.Instrument, r *row) (ends exchange.Time, err error) {
	in.Assumed += ", " + assumedMargin
	if in.Inverse() {
		in.ContractSize = contractOfABuck
	} else {
		in.Base, in.Multiplier = exchange.Unbundle(r.Base)
		if r.Settle != r.Quote {
			return 0, fmt.Errorf("%s: settled in %s and quoted in %s: want a linear contract to be settled in its quote", r.Name, r.Settle, r.Quote)
		}
	}
	if most := r.Leverage.IntPart(); most > 0 {
		in.Brackets = []exchange.Bracket{{Cap: decimal.New(1, 15), MMR: decimal.NewFromInt(1).DivRound(decimal.NewFromInt(2*most), 8), MaxLeverage: int(most)}}
	}
	if r.Period == "perpetual" {
		in.FundingHours, in.FundingAccrues = 1, true
		return 0, nil
	}
	if in.Delivery = exchange.UnixMilli(r.Expiration); in.Delivery <= 0 {
		return 0, fmt.Errorf("%s: a future without its expiration_timestamp", r.Name)
	}
	return in.Delivery, nil
}
