package feed

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// fundingTerms is what fundingInfo says of a symbol. Only symbols that differ
// from the default of every 8 hours are listed.
type fundingTerms struct {
	Symbol string          `json:"symbol"`
	Cap    jsonscan.Amount `json:"adjustedFundingRateCap"`
	Floor  jsonscan.Amount `json:"adjustedFundingRateFloor"`
	Hours  int             `json:"fundingIntervalHours"`
}

// premium is what premiumIndex says of a symbol. Rate is the running estimate of
// the coming settlement, whatever its name.
type premium struct {
	Symbol   string          `json:"symbol"`
	Mark     jsonscan.Amount `json:"markPrice"`
	Index    jsonscan.Amount `json:"indexPrice"`
	Rate     jsonscan.Amount `json:"lastFundingRate"`
	Interest jsonscan.Amount `json:"interestRate"`
	Next     int64           `json:"nextFundingTime"`
	Time     int64           `json:"time"`
}

// settlement is one row of fundingRate.
type settlement struct {
	Symbol string          `json:"symbol"`
	Rate   jsonscan.Amount `json:"fundingRate"`
	Time   int64           `json:"fundingTime"`
	Mark   jsonscan.Amount `json:"markPrice"` // not on COIN-M
}

// rows decodes an array, or a single object where an endpoint answers one symbol
// without brackets. Rows that cannot be understood are left out and counted.
func rows[T any](body []byte) (list []T, bad int, err error) {
	var raw []json.RawMessage
	if err := json.Unmarshal(body, &raw); err != nil {
		raw = []json.RawMessage{body}
		if len(body) == 0 || body[0] != '{' {
			return nil, 0, fmt.Errorf("want an array of objects: %w", err)
		}
	}
	for _, r := range raw {
		var v T
		if json.Unmarshal(r, &v) != nil {
			bad++
			continue
		}
		list = append(list, v)
	}
	return list, bad, nil
}

func fetchRows[T any](ctx context.Context, r *public, m api.Market, path string, query url.Values) ([]T, error) {
	body, err := r.get(ctx, m, path, query)
	if err != nil {
		return nil, err
	}
	list, _, err := rows[T](body)
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w", path[1:], m, err)
	}
	return list, nil
}

// maxRate bounds funding rates and interest: 100 % in one interval is an error
// of somebody's.
var maxRate = decimal.NewFromInt(1)

// applyTerms puts the funding terms into the instruments of a market, by symbol.
func applyTerms(byName map[string]*exchange.Instrument, terms []fundingTerms) {
	for _, t := range terms {
		in := byName[t.Symbol]
		if in == nil || in.FundingHours == 0 {
			continue
		}
		if t.Hours > 0 && t.Hours <= 24 {
			in.FundingHours = t.Hours
		}
		if t.Cap.GreaterThan(t.Floor.Decimal) && t.Cap.LessThan(maxRate) && t.Floor.GreaterThan(maxRate.Neg()) {
			in.FundingCap, in.FundingFloor = t.Cap.Decimal, t.Floor.Decimal
			in.Assumed = "fees of VIP 0, margin brackets"
		}
	}
}

func applyInterest(byName map[string]*exchange.Instrument, list []premium) {
	for _, p := range list {
		if in := byName[p.Symbol]; in != nil && in.FundingHours > 0 && p.Interest.Abs().LessThan(maxRate) {
			in.InterestRate = p.Interest.Decimal
		}
	}
}

// event turns a row of premiumIndex into a mark event; ok is false when it has
// no mark price. It does not say the interval.
func (p *premium) event(in *exchange.Instrument) (exchange.Event, bool) {
	ev := exchange.Event{Kind: exchange.KindMark, Instrument: in.ID, VenueTime: milli(p.Time), NextFunding: milli(p.Next)}
	ev.Mark, ev.Index, ev.Rate = p.Mark.E8(), p.Index.E8(), p.Rate.E8()
	return ev, ev.Mark > 0
}

// batched is from how many on the settlements of a moment are asked for together.
// USD-M alone answers for all symbols at once.
const batched = 10

// settled returns settlements, oldest first of each.
func (v *venue) settled(ctx context.Context, list []*exchange.Instrument, since exchange.Time, most int) (out []exchange.Event, failed error) {
	market := api.Of(list[0].Venue)
	bound := url.Values{"limit": {strconv.Itoa(cmp.Or(most, 100))}}
	if since > 0 {
		bound.Set("startTime", strconv.FormatInt(int64(since/exchange.Millisecond), 10))
	}
	if market == api.USDM && len(list) >= batched {
		bound.Set("limit", "1000")
		rows, err := fetchRows[settlement](ctx, v.rest, market, "/fundingRate", bound)
		return settlementsOf(list, rows), err
	}
	for _, in := range list {
		bound.Set("symbol", in.Symbol)
		rows, err := fetchRows[settlement](ctx, v.rest, market, "/fundingRate", bound)
		out = append(out, settlementsOf([]*exchange.Instrument{in}, rows)...)
		failed = errors.Join(failed, err)
	}
	return out, failed
}

// settlementsOf are the events of rows, of the instruments that are asked for. COIN-M does not say the
// mark price.
func settlementsOf(list []*exchange.Instrument, rows []settlement) (out []exchange.Event) {
	ids := make(map[string]exchange.InstrumentID, len(list))
	for _, in := range list {
		ids[in.Symbol] = in.ID
	}
	for i := range rows {
		r := &rows[i]
		if id, ok := ids[r.Symbol]; ok {
			out = append(out, exchange.Event{Kind: exchange.KindFunding, Instrument: id, VenueTime: milli(r.Time), Rate: r.Rate.E8(), Mark: r.Mark.E8()})
		}
	}
	return out
}
