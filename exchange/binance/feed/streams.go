package feed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/connect/live"
	"github.com/perilune/perilune/exchange/wire"
)

// route is one kind of connection: what it is for and what may be asked on it.
type route struct {
	market api.Market
	path   string // below the market's stream address
	data   connect.Data
	// contracts: the stream of all contracts is had on it.
	contracts bool
}

// routes follow the split of USD-M of 2026-04-23: what is asked on the wrong one
// is accepted and never delivered.
var routes = []route{
	{api.Spot, "/stream", connect.Books | connect.Tickers | connect.Trades | connect.Bars, false},
	{api.USDM, "/public/stream", connect.Books | connect.Tickers, false},
	{api.USDM, "/market/stream", connect.Trades | connect.Marks | connect.Bars | connect.Liquidations, true},
	{api.COINM, "/stream", connect.AllData | connect.Bars | connect.Liquidations, true},
}

func (r *route) url(e *api.Endpoints) string {
	base := map[api.Market]string{api.Spot: e.WSSpot, api.USDM: e.WSUSDM, api.COINM: e.WSCOINM}[r.market]
	return base + r.path
}

// Longest silences that are normal. Marks come every second, whatever happens.
// Books change with every order; one that does not is looked at by REST.
const (
	markSilence = 5 * time.Second
	bookSilence = 10 * time.Second
)

// streams names what is wanted of an instrument on a route.
func (r *route) streams(in *exchange.Instrument, o *Options) (out []live.Stream) {
	name := lower(in.Symbol)
	trades := "@aggTrade"
	if r.market == api.Spot {
		trades = "@trade"
	}
	for _, s := range []struct {
		data    connect.Data
		suffix  string
		silence time.Duration
	}{{connect.Books, depthSuffix, bookSilence}, {connect.Tickers, "@bookTicker", 0}, {connect.Trades, trades, 0}, {connect.Marks, "@markPrice@1s", markSilence},
		{connect.Bars, "@kline_" + intervals[o.Interval], 0}} {
		if s.data&o.Data&r.data != 0 {
			out = append(out, live.Stream{Name: name + s.suffix, Silence: s.silence, Book: s.data == connect.Books})
		}
	}
	if r.data&connect.Liquidations != 0 {
		out = append(out, live.Stream{Name: name + "@forceOrder", Only: connect.Liquidations})
	}
	return out
}

const depthSuffix = "@depth@100ms"

// lower changes ASCII letters only: stream names are in lower case, and
// symbols in other scripts have none.
func lower(s string) string {
	return strings.Map(func(c rune) rune {
		if 'A' <= c && c <= 'Z' {
			return c + 'a' - 'A'
		}
		return c
	}, s)
}

// protocol spells subscriptions for wire. Ids are unsigned integers, which all
// markets understand.
type protocol struct{}

var _ wire.Protocol = protocol{}

func (protocol) Greet() ([][]byte, error) { return nil, nil }

func (protocol) Subscribe(id uint64, streams []string) []byte {
	return request("SUBSCRIBE", id, streams)
}

func (protocol) Unsubscribe(id uint64, streams []string) []byte {
	return request("UNSUBSCRIBE", id, streams)
}

func request(method string, id uint64, streams []string) []byte {
	params, err := json.Marshal(streams)
	if err != nil {
		return nil // not reached: strings can always be marshalled
	}
	return fmt.Appendf(nil, `{"method":"%s","params":%s,"id":%d}`, method, params, id)
}

var (
	streamKey   = []byte(`{"stream":"`)
	shutdownKey = []byte(`serverShutdown`)
)

// Classify looks at the envelope that every message of a combined stream begins
// with. All else is rare.
func (protocol) Classify(frame []byte) wire.Message {
	if rest, ok := bytes.CutPrefix(frame, streamKey); ok {
		if end := bytes.IndexByte(rest, '"'); end >= 0 && !bytes.Contains(rest[:end], shutdownKey) {
			return wire.Message{Class: wire.Data, Stream: rest[:end]}
		}
	}
	if len(frame) < 300 && bytes.Contains(frame, shutdownKey) {
		return wire.Message{Class: wire.Shutdown}
	}
	return reply(frame)
}

func reply(frame []byte) wire.Message {
	var r struct {
		Stream string           `json:"stream"`
		ID     *uint64          `json:"id"`
		Result *json.RawMessage `json:"result"`
		Code   int              `json:"code"`
		Msg    string           `json:"msg"`
		Error  *struct {
			Code int    `json:"code"`
			Msg  string `json:"msg"`
		} `json:"error"`
	}
	if json.Unmarshal(frame, &r) != nil {
		return wire.Message{}
	}
	switch {
	case r.Stream != "":
		return wire.Message{Class: wire.Data, Stream: []byte(r.Stream)}
	case r.ID == nil:
		return wire.Message{}
	case r.Error != nil:
		r.Code, r.Msg = r.Error.Code, r.Error.Msg
	}
	m := wire.Message{Class: wire.Reply, ID: *r.ID}
	if r.Msg != "" || r.Error != nil {
		m.Err = fmt.Errorf("code %d: %s", r.Code, r.Msg)
	}
	return m
}
