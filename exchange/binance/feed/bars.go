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
	"github.com/perilune/perilune/exchange/connect"
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
}

// UnmarshalJSON understands a row of klines. Of its twelve fields the first
// seven matter: what the others count differs by market.
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
	return nil
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
			Final     bool            `json:"x"`
		} `json:"k"`
	} `json:"data"`
}

var (
	klineStream = []byte("@kline_")
	finalKline  = []byte(`"x":true`)
)

// isKline looks at the name of a frame's stream.
func isKline(frame []byte) bool {
	return bytes.Contains(frame[:min(len(frame), 96)], klineStream)
}

// kline takes a message of a kline stream. All but the last of a candle are of
// no use.
func (r *intake) kline(frame []byte) {
	if !bytes.Contains(frame, finalKline) {
		r.market.counts.ignored.Add(1)
		return
	}
	var msg klineEvent
	if err := json.Unmarshal(frame, &msg); err != nil {
		r.malformed(frame, err)
		return
	}
	k := &msg.Data.K
	t := r.market.byName[r.kind][k.Symbol]
	if t == nil || !k.Final {
		r.market.counts.ignored.Add(1)
		return
	}
	t.bar(r.market, &kline{milli(k.Opened), milli(k.Closes), [4]jsonscan.Amount{k.Open, k.High, k.Low, k.Close}, k.Volume})
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
		Bar: exchange.Bar{Open: p[0], High: p[1], Low: p[2], Close: p[3], Volume: k.volume.InexactFloat64(), Interval: interval}}, true
}

// bar sends a finished candle, once. One that follows a hole is left to fill,
// which fetches it with those that are missing. One that is older than the last
// but one is of a venue that was reset.
func (t *track) bar(m *Market, k *kline) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if k.opened < t.barred-m.o.Interval {
		t.barred = 0
	}
	if t.barred == 0 || k.opened == t.barred+m.o.Interval {
		t.sendBar(m, k)
	}
}

// sendBar sends a candle that is later than the last one; t is locked.
func (t *track) sendBar(m *Market, k *kline) {
	if k.opened <= t.barred {
		return
	}
	ev, ok := k.event(t.in, m.o.Interval)
	if !ok {
		m.counts.malformed.Add(1)
		return
	}
	t.barred = k.opened
	m.sink.Post(m.owned(&ev))
}

// barGrace is how long after its end a candle is waited for: a quiet market may
// say nothing at the close.
const barGrace = 5 * exchange.Second

// overdue reports whether a candle should have been finished.
func (t *track) overdue(m *Market, now exchange.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.barred != 0 && now > t.barred+2*m.o.Interval+barGrace && now > t.barTry
}

// fillBars asks for the candles that the streams did not bring.
func (m *Market) fillBars(ctx context.Context) {
	for pause(ctx, secondsBetween) == nil {
		for _, t := range m.tracks {
			now := m.o.Now()
			if !t.overdue(m, now) {
				continue
			}
			err := m.fillBar(ctx, t, now)
			if err != nil && ctx.Err() == nil {
				m.o.Notice(connect.Notice{Instrument: t.in.ID, Text: fmt.Sprintf("bars of %s: %v", t.in.Key(), err)})
			}
		}
	}
}

func (m *Market) fillBar(ctx context.Context, t *track, now exchange.Time) error {
	t.mu.Lock()
	missing := int((now - t.barred) / m.o.Interval)
	t.barTry = now + exchange.Minute
	t.mu.Unlock()
	list, err := m.rest.klines(ctx, t.in, m.o.Interval, min(missing+1, mostBars), now)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range list {
		t.sendBar(m, &list[i])
	}
	return nil
}

// mostBars is how many candles one request is for: half a weight class cheaper
// than one more, and 8 hours of minutes.
const mostBars = 499

// klines returns the last n candles that are finished, oldest first. Without a
// start, every market counts back from the present.
func (r *public) klines(ctx context.Context, in *exchange.Instrument, interval exchange.Time, n int, now exchange.Time) ([]kline, error) {
	return r.candles(ctx, in, "/klines", interval, n, now)
}

// candles is klines for any endpoint that answers in their form.
func (r *public) candles(ctx context.Context, in *exchange.Instrument, path string, interval exchange.Time, n int, now exchange.Time) ([]kline, error) {
	list, err := fetchRows[kline](ctx, r, api.Of(in.Venue), path,
		url.Values{"symbol": {in.Symbol}, "interval": {intervals[interval]}, "limit": {strconv.Itoa(n)}})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	// The clocks need not agree, but all before the last one are surely finished.
	if last := len(list) - 1; list[last].closes+barGrace > now {
		list = list[:last]
	}
	return list, nil
}
