package feed

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/payload"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/connect/live"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// decoder is payload's, and what only live data has beside it: candles, and news of
// contracts.
type decoder struct {
	events  *payload.Events
	market  api.Market
	session live.Session
	length  exchange.Time                // of the candles; 0: none
	yield   func(*exchange.Event, int64) // of the call at hand
	pass    func(*exchange.Event, int64) // made once: it would allocate
}

func newDecoder(m api.Market, s live.Session, length exchange.Time) *decoder {
	d := &decoder{events: payload.NewEvents(m, s.Resolve), market: m, session: s, length: length}
	d.pass = func(ev *exchange.Event, order int64) {
		if ev.Kind == exchange.KindMark {
			ev.Hours = 0 // the message does not say; fundingInfo does
		}
		d.yield(ev, order)
	}
	return d
}

// Decode implements connect.Decoder.
func (d *decoder) Decode(frame []byte, yield func(ev *exchange.Event, order int64)) error {
	if bytes.HasPrefix(frame, contractPrefix) {
		return d.contract(frame)
	}
	if d.length > 0 && isKline(frame) {
		return d.kline(frame, yield)
	}
	d.yield = yield
	return d.events.Decode(frame, d.pass)
}

// contractStream tells at once what exchangeInfo tells when it is asked: that a
// contract stops or starts trading, or will be delisted.
const contractStream = "!contractInfo"

var contractPrefix = []byte(`{"stream":"` + contractStream + `"`)

// contractEvent is a message of it. Keys that differ only in case must all be
// there, because encoding/json would take one for the other.
type contractEvent struct {
	Data struct {
		Event    string `json:"e"`
		Time     int64  `json:"E"`
		Symbol   string `json:"s"`
		Status   string `json:"cs"`
		Delivery int64  `json:"dt"`
		// Kind is 1 for USD-M and 2 for COIN-M: since 2026-06-30 either host tells of
		// both. Absent: the host's own.
		Kind int `json:"st"`
	} `json:"data"`
}

// contract takes a message of the contract stream.
func (d *decoder) contract(frame []byte) error {
	var msg contractEvent
	if err := json.Unmarshal(frame, &msg); err != nil {
		return err
	}
	if msg.Data.Symbol == "" || msg.Data.Status == "" {
		return errors.New("a contract has a symbol (s) and a status (cs)")
	}
	market := d.market
	switch msg.Data.Kind {
	case 1:
		market = api.USDM
	case 2:
		market = api.COINM
	}
	now, ok := d.session.Was(market.Venue(), msg.Data.Symbol)
	if !ok {
		return connect.ErrIgnored
	}
	now.Status, now.Trading = msg.Data.Status, msg.Data.Status == trading
	if msg.Data.Delivery > 0 {
		now.Ends = milli(msg.Data.Delivery)
	}
	d.session.Listed(now)
	return nil
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
func (d *decoder) kline(frame []byte, yield func(*exchange.Event, int64)) error {
	if !bytes.Contains(frame, finalKline) {
		return connect.ErrIgnored
	}
	var msg klineEvent
	if err := json.Unmarshal(frame, &msg); err != nil {
		return err
	}
	k := &msg.Data.K
	in := d.session.Resolve([]byte(k.Symbol))
	if in == nil || !k.Final {
		return connect.ErrIgnored
	}
	c := kline{opened: milli(k.Opened), closes: milli(k.Closes), prices: [4]jsonscan.Amount{k.Open, k.High, k.Low, k.Close},
		volume: k.Volume, quote: k.Quote, taker: k.Taker, told: k.Trades != nil}
	if c.told {
		c.trades = *k.Trades
	}
	ev, ok := c.event(in, d.length)
	if !ok {
		return errors.New("a candle whose prices are no whole ticks")
	}
	yield(&ev, int64(k.Opened))
	return nil
}
