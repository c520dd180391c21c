package feed

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// intervals are the lengths of candles that all three markets know and that are
// the same everywhere.
var intervals = map[exchange.Time]string{
	exchange.Minute: "1m", 3 * exchange.Minute: "3m", 5 * exchange.Minute: "5m", 15 * exchange.Minute: "15m",
	30 * exchange.Minute: "30m", exchange.Hour: "1h", 2 * exchange.Hour: "2h", 4 * exchange.Hour: "4h",
	6 * exchange.Hour: "6h", 8 * exchange.Hour: "8h", 12 * exchange.Hour: "12h", exchange.Day: "1d",
}

// CheckInterval refuses a length that candles don't have.
func CheckInterval(length exchange.Time) error {
	if intervals[length] == "" {
		return fmt.Errorf("bars of %s: want 1, 3, 5, 15 or 30 minutes, 1, 2, 4, 6, 8 or 12 hours, or a day", exchange.BarLength(length))
	}
	return nil
}

// kline is one candle: a row of klines, or k of its stream. Volume is in base on
// spot and USD-M and in contracts on COIN-M, which is the unit of quantity on
// each.
type kline struct {
	opened, closes exchange.Time
	prices         [4]jsonscan.Amount // open, high, low, close
	volume         jsonscan.Amount
	quote, taker   jsonscan.Amount // quote is the base coin's on COIN-M
	trades         int64
	told           bool // the last three
}

// UnmarshalJSON understands a row of klines. Of its twelve fields the first
// seven matter everywhere; what the others count is of no meaning in candles of
// prices that are told and not traded. Source: "Kline/Candlestick Data" of the
// three markets' manuals.
func (k *kline) UnmarshalJSON(raw []byte) error {
	var row []json.RawMessage
	if err := json.Unmarshal(raw, &row); err != nil {
		return err
	}
	if len(row) < 7 {
		return fmt.Errorf("a candle of %d fields: want 12", len(row))
	}
	// Candles of prices that are told and not traded have no volume, and say so
	// with a blank in the manual: "0 ".
	row[5] = bytes.ReplaceAll(row[5], []byte(" "), nil)
	var opened, closes int64
	for i, to := range []any{&opened, &k.prices[0], &k.prices[1], &k.prices[2], &k.prices[3], &k.volume, &closes} {
		if err := json.Unmarshal(row[i], to); err != nil {
			return fmt.Errorf("field %d of a candle: %w", i, err)
		}
	}
	k.opened, k.closes = milli(opened), milli(closes)
	if len(row) >= 10 {
		k.told = json.Unmarshal(row[7], &k.quote) == nil && json.Unmarshal(row[8], &k.trades) == nil && json.Unmarshal(row[9], &k.taker) == nil
	}
	return nil
}

// flow is what the candle tells of its trades. What contracts on COIN-M are worth in
// quote is in their number.
func (k *kline) flow(in *exchange.Instrument) exchange.Flow {
	quote, taker := k.quote.InexactFloat64(), k.taker.InexactFloat64()
	if in.Inverse() {
		quote = k.volume.Mul(in.ContractSize).InexactFloat64()
	}
	if !k.told || quote < 0 || taker < 0 || k.trades < 0 || k.taker.GreaterThan(k.volume.Decimal) {
		return exchange.Flow{}
	}
	return exchange.Flow{Quote: quote, TakerBuy: taker, Trades: k.trades, Known: exchange.FlowAll}
}

// klineEvent is a message of a kline stream. Keys that differ only in case must
// all be there, because encoding/json would take one for the other.
type klineEvent struct {
	Data struct {
		K struct {
			Opened    int64           `json:"t"`
			Closes    int64           `json:"T"`
			Symbol    string          `json:"s"`
			Open      jsonscan.Amount `json:"o"`
			Close     jsonscan.Amount `json:"c"`
			High      jsonscan.Amount `json:"h"`
			Low       jsonscan.Amount `json:"l"`
			LastTrade int64           `json:"L"`
			Volume    jsonscan.Amount `json:"v"`
			Taker     jsonscan.Amount `json:"V"`
			Quote     jsonscan.Amount `json:"q"`
			Taken     jsonscan.Amount `json:"Q"`
			Trades    *int64          `json:"n"`
			Final     bool            `json:"x"`
		} `json:"k"`
	} `json:"data"`
}

// event is the bar of a candle; false when its prices are not whole ticks.
func (k *kline) event(in *exchange.Instrument, interval exchange.Time) (exchange.Event, bool) {
	var p [4]exchange.Ticks
	for i := range p {
		v, ok := in.Tick.Exact(k.prices[i].Decimal)
		if !ok || v <= 0 {
			return exchange.Event{}, false
		}
		p[i] = exchange.Ticks(v)
	}
	return exchange.Event{Kind: exchange.KindBar, Instrument: in.ID, VenueTime: k.opened + interval,
		Bar: exchange.Bar{Open: p[0], High: p[1], Low: p[2], Close: p[3], Volume: k.volume.InexactFloat64(), Interval: interval, Flow: k.flow(in)}}, true
}

// mostBars is how many candles one request is for: half a weight class cheaper
// than one more, and 8 hours of minutes.
const mostBars = 499

// bars returns the last candles, oldest first. Without a start, every market counts back
// from the present.
func (v *venue) bars(ctx context.Context, in *exchange.Instrument, length exchange.Time, most int) (out []exchange.Event, err error) {
	if intervals[length] == "" {
		return nil, nil
	}
	list, err := v.rest.candles(ctx, in, "/klines", length, most)
	for i := range list {
		if ev, ok := list[i].event(in, length); ok {
			out = append(out, ev)
		}
	}
	return out, err
}

// candles asks any endpoint that answers in the form of klines. The last may not be
// finished.
func (r *public) candles(ctx context.Context, in *exchange.Instrument, path string, interval exchange.Time, n int) ([]kline, error) {
	return fetchRows[kline](ctx, r, api.Of(in.Venue), path,
		url.Values{"symbol": {in.Symbol}, "interval": {intervals[interval]}, "limit": {strconv.Itoa(n)}})
}
