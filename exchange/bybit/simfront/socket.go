package simfront

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
	"github.com/perilune/perilune/exchange/wire"
)

// endpoint is a websocket address.
type endpoint struct {
	route    string // public, private or trade
	category api.Category
}

// endpointOf understands a path.
func endpointOf(path string) (endpoint, bool) {
	switch path {
	case "/v5/private":
		return endpoint{route: "private"}, true
	case "/v5/trade":
		return endpoint{route: "trade"}, true
	}
	name, ok := strings.CutPrefix(path, "/v5/public/")
	k := api.Category(name)
	return endpoint{"public", k}, ok && slices.Contains(api.Categories, k)
}

// client is one connection.
type client struct {
	conn       *simserver.Conn
	end        endpoint
	id         string // conn_id
	address    string
	account    *account // signed in
	key        *simserver.APIKey
	topics     []string        // of a private one
	asked      map[string]bool // reqIds of the trade socket
	restarting bool            // it takes nothing any more
}

// request is what a client sends.
type request struct {
	ID      word              `json:"req_id"`
	TradeID word              `json:"reqId"`
	Op      string            `json:"op"`
	Args    []json.RawMessage `json:"args"`
	Header  map[string]word   `json:"header"`
}

// word is text that some clients send as a number. The venue takes both, and answers with text.
// Source: ccxt, which numbers its requests (ts/src/pro/bybit.ts, watchTopics).
type word string

// UnmarshalJSON implements json.Unmarshaler.
func (w *word) UnmarshalJSON(b []byte) error {
	var n json.Number
	if err := json.Unmarshal(b, &n); err == nil {
		*w = word(n)
		return nil
	}
	return json.Unmarshal(b, (*string)(w))
}

// socket is how a connection of an address is served.
func (d *dialect) socket(e endpoint, address string) simserver.Socket {
	c := &client{end: e, address: address, asked: map[string]bool{}}
	var seg *simserver.Segment
	if e.category != "" {
		seg = d.state.Segments.Of(e.category.Venue())
	}
	return simserver.Socket{Options: wire.PeerOptions{Queue: 1 << 15}, Segment: seg, Route: e.route,
		Join: func(conn *simserver.Conn) {
			c.conn, c.id = conn, strings.ToLower(d.state.NewName("connection")[:20])
			d.hub.clients = append(d.hub.clients, c)
		},
		Take:  func(_ *simserver.Conn, frame []byte) { d.take(c, frame) },
		Leave: func(*simserver.Conn) { d.hub.forget(c) }}
}

func (c *client) send(v reply.Object) { c.conn.Peer.Send(reply.Encode(v)) }

// take handles what a client sent.
func (d *dialect) take(c *client, frame []byte) {
	var q request
	if err := json.Unmarshal(frame, &q); err != nil {
		c.send(reply.Object{{"success", false}, {"ret_msg", "Params Error"}, {"conn_id", c.id}, {"op", ""}})
		return
	}
	switch {
	case q.Op == "ping":
		d.pong(c, string(q.ID))
	case q.Op == "auth" && c.end.route != "public":
		d.signIn(c, &q)
	case c.end.route == "trade":
		d.door.trade(c, &q)
	case q.Op == "subscribe" || q.Op == "unsubscribe":
		d.hub.command(c, &q)
	default:
		c.send(reply.Object{{"success", false}, {"ret_msg", "error:unknown op " + q.Op}, {"conn_id", c.id}, {"req_id", q.ID}, {"op", q.Op}})
	}
}

// pong has three forms. Source: the manual, "Connect".
func (d *dialect) pong(c *client, id string) {
	now := stamp(d.state.Clock.Wall())
	switch c.end.route {
	case "private":
		c.send(reply.Object{{"req_id", id}, {"op", "pong"}, {"args", []string{now}}, {"conn_id", c.id}})
	case "trade":
		c.send(reply.Object{{"retCode", 0}, {"retMsg", "OK"}, {"op", "pong"}, {"data", []string{now}}, {"connId", c.id}})
	default:
		c.send(reply.Object{{"success", true}, {"ret_msg", "pong"}, {"conn_id", c.id}, {"req_id", id}, {"op", "ping"}})
	}
}

// signIn checks a login: the key, and the signature of the time at which it expires.
func (d *dialect) signIn(c *client, q *request) {
	code, msg := 0, ""
	switch {
	case c.account != nil:
		code, msg = 20001, "Repeat auth"
	default:
		code, msg = d.credentials(c, q.Args)
	}
	if c.end.route == "trade" {
		if code == 0 {
			msg = "OK"
		}
		c.send(reply.Object{{"retCode", code}, {"retMsg", msg}, {"op", "auth"}, {"connId", c.id}})
		return
	}
	c.send(reply.Object{{"success", code == 0}, {"ret_msg", msg}, {"op", "auth"}, {"conn_id", c.id}, {"req_id", q.ID}})
}

func (d *dialect) credentials(c *client, args []json.RawMessage) (int, string) {
	var name, signature string
	var expires json.Number
	if len(args) != 3 || json.Unmarshal(args[0], &name) != nil || json.Unmarshal(args[2], &signature) != nil {
		return 10001, "Params Error"
	}
	text := strings.Trim(string(args[1]), `"`) // some clients send it as text
	expires = json.Number(text)
	at, err := expires.Int64()
	if err != nil {
		return 10001, "Params Error"
	}
	k := d.state.Key(name)
	switch {
	case k == nil:
		return 10003, "API key is invalid."
	case exchange.UnixMilli(at) <= d.state.Clock.Wall():
		return 10004, "Params Error: expires is in the past"
	case k.Verifier.Verify([]byte("GET/realtime"+strconv.FormatInt(at, 10)), signature) != nil:
		return 10004, "Invalid sign"
	}
	c.account, c.key = accountOf(k.Account), k
	return 0, ""
}
