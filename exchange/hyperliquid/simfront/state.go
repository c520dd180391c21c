package simfront

import (
	"encoding/json"
	"net/http"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// posted is a question or an action over the socket. Source: the manual, websocket, "Post
// requests".
type posted struct {
	ID      json.RawMessage `json:"id"`
	Request struct {
		Type    string          `json:"type"`
		Payload json.RawMessage `json:"payload"`
	} `json:"request"`
}

// post answers what /info or /exchange would have been asked. Whoever asks over a socket is
// weighed with all that do, because a socket has no address here.
func (d *dialect) post(c *simserver.Conn, p *posted) {
	var a *simserver.Answer
	switch p.Request.Type {
	case "info":
		a = d.info("ws", p.Request.Payload)
	case "action":
		a = desk{d}.exchange("ws", p.Request.Payload)
	default:
		c.Peer.Send(message("error", "Error parsing JSON into valid websocket request: unknown type "+p.Request.Type))
		return
	}
	if a.Reset {
		c.Peer.Drop()
		return
	}
	kind, payload := p.Request.Type, any(reply.Raw(a.Body))
	switch {
	case a.Status != http.StatusOK:
		kind, payload = "error", string(a.Body)
	case kind == "info":
		var q question
		if json.Unmarshal(p.Request.Payload, &q) == nil {
			payload = reply.Object{{"type", q.Type}, {"data", payload}}
		}
	}
	c.Peer.Send(message("post", reply.Object{{"id", reply.Raw(p.ID)}, {"response", reply.Object{{"type", kind}, {"payload", payload}}}}))
}

// states are the subscriptions that tell the whole of something, each time that it changes.
// Source: the manual, websocket, "Subscriptions".
var states = map[string]func(d statements, a *simserver.Account) reply.Object{
	"clearinghouseState": func(d statements, a *simserver.Account) reply.Object {
		return reply.Object{{"dex", ""}, {"user", d.addressOf(a)}, {"clearinghouseState", d.clearinghouse(a, nil)}}
	},
	"spotState": func(d statements, a *simserver.Account) reply.Object {
		return reply.Object{{"user", d.addressOf(a)}, {"spotState", d.coins(a, nil)}}
	},
	"openOrders": func(d statements, a *simserver.Account) reply.Object {
		return reply.Object{{"dex", ""}, {"user", d.addressOf(a)}, {"orders", d.openOrders(a, nil)}}
	},
}

// changed words the states of an account that somebody listens to.
func (d *dialect) changed(a *simserver.Account, add func(kind string, body any)) {
	told := map[string]bool{}
	for _, s := range d.subs {
		if word := states[s.kind]; word != nil && s.account == a && !told[s.kind] {
			told[s.kind] = true
			add(s.kind, word(statements{d}, a))
		}
	}
}

// stateEvery is how often the account of perpetuals is told while only prices change.
const stateEvery = 5 * exchange.Second

// revalue tells accounts of perpetuals what their positions are worth now.
func (d *dialect) revalue() {
	now := d.s.Clock.Now()
	for _, s := range d.subs {
		if s.kind == "clearinghouseState" && s.account != nil && now >= s.told+stateEvery && !d.s.Links.Muted(s.conn) {
			s.told = now
			s.conn.Peer.Send(message(s.kind, states[s.kind](statements{d}, s.account)))
		}
	}
}
