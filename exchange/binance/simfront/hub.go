package simfront

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/wire"
)

func newHub(l *listing, s *simserver.State, keys *streamKeys) *hub {
	return &hub{listing: l, clock: s.Clock, links: s.Links, keys: keys, byTopic: map[topic]*channel{}, byMarket: map[exchange.InstrumentID][]*channel{}}
}

// channel is one topic that somebody listens to.
type channel struct {
	topic
	subs []subscription
	next exchange.Time // when it is due, for what is published on a beat
	// Of a diff stream slower than the feed: what changed since the last message.
	touched     [2]map[exchange.Ticks]struct{}
	first, prev int64
	held        []byte        // a message that a fault keeps back
	bar         exchange.Time // of a kline stream: when the candle that runs began
}

type subscription struct {
	client  *client
	name    string // as the client wrote it
	stalled bool   // a fault: nothing comes any more
}

// client is one connection as the loop sees it.
type client struct {
	conn     *simserver.Conn
	end      endpoint
	ip       string
	combined bool
	names    []string // in order of subscription
	events   map[string]bool
	users    []userSubscription
	session  *simserver.APIKey // logged on, on a WebSocket API
	nextSub  int
	limits   bool // tell rateLimits
	frames   window
}

// userSubscription ties a connection to an account's events.
type userSubscription struct {
	account *account
	key     string // listen key; "" on the WebSocket API
	id      int    // of spot
	logon   bool   // made by the session, and ends with it
}

// maxStreams is how many streams one connection may have.
const maxStreams = 1024

// connect serves one websocket connection.
func (f *Front) connect(w http.ResponseWriter, r *http.Request, e endpoint) {
	closed := true
	f.inLoop(func(d *dialect) { closed = d.mishaps.closed(e.market) })
	if closed {
		http.Error(w, "Service Unavailable.", http.StatusServiceUnavailable)
		return
	}
	peer, err := wire.Accept(w, r, peerOptions(e))
	if err != nil {
		f.inLoop(func(d *dialect) { d.state.Log(err.Error()) })
		return
	}
	c := &client{conn: &simserver.Conn{Peer: peer, Segment: f.d.listing.segments[e.market], Route: routeNames[e.access]}, end: e, ip: hostOf(r.RemoteAddr), combined: e.combined, limits: r.URL.Query().Get("returnRateLimits") != "false",
		frames: window{length: exchange.Second}}
	joined := f.inLoop(func(d *dialect) { d.addClient(c, r.URL.Query()) })
	for joined {
		frame, err := peer.Read()
		if err != nil || !f.inLoop(func(d *dialect) { d.takeFrame(c, frame) }) {
			break
		}
	}
	if joined {
		f.inLoop(func(d *dialect) { d.hub.forgetClient(c) })
	}
	peer.Close(1000, "")
}

// peerOptions are the ping rules of the three markets.
func peerOptions(e endpoint) wire.PeerOptions {
	if e.market == api.Spot {
		return wire.PeerOptions{PingEvery: 20 * time.Second, PongWithin: time.Minute, Queue: queueFrames}
	}
	return wire.PeerOptions{PingEvery: 3 * time.Minute, PongWithin: 10 * time.Minute, Queue: queueFrames}
}

// queueFrames is how far a client may fall behind: a few seconds of a thousand
// books.
const queueFrames = 1 << 15

// addClient makes a connection known.
func (h *hub) addClient(c *client, query url.Values) {
	h.links.Join(c.conn)
	h.clients = append(h.clients, c)
	if names := query["events"]; len(names) > 0 {
		c.events = map[string]bool{}
		for _, n := range strings.Split(strings.Join(names, "/"), "/") {
			c.events[n] = true
		}
	}
}

func (h *hub) subscribe(c *client, name string) {
	if slices.Contains(c.names, name) {
		return
	}
	c.names = append(c.names, name)
	if a := h.keys.owner(c.end.market, name); a != nil && (c.end.access == everything || c.end.access == privateOnly) {
		c.users = append(c.users, userSubscription{account: a, key: name})
		return
	}
	t, ok := h.topicOf(c.end.market, name)
	if !ok || !c.end.access.reaches(t) {
		return
	}
	ch := h.byTopic[t]
	if ch == nil {
		ch = &channel{topic: t, next: h.clock.Now(), touched: [2]map[exchange.Ticks]struct{}{{}, {}}}
		if t.id != exchange.NoInstrument {
			ch.prev = h.markets[t.id].Published
		}
		h.addChannel(ch)
	}
	ch.subs = append(ch.subs, subscription{client: c, name: name})
}

func (h *hub) addChannel(ch *channel) {
	h.channels = append(h.channels, ch)
	h.byTopic[ch.topic] = ch
	if ch.id != exchange.NoInstrument {
		h.byMarket[ch.id] = append(h.byMarket[ch.id], ch)
	}
}

// unsubscribe ends one stream of a client.
func (h *hub) unsubscribe(c *client, name string) {
	i := slices.Index(c.names, name)
	if i < 0 {
		return
	}
	c.names = slices.Delete(c.names, i, i+1)
	c.users = slices.DeleteFunc(c.users, func(u userSubscription) bool { return u.key == name })
	h.endSubscriptions(func(sub subscription) bool { return sub.client == c && sub.name == name })
}

// forgetClient forgets a connection.
func (h *hub) forgetClient(c *client) {
	h.links.Leave(c.conn)
	h.clients = slices.DeleteFunc(h.clients, func(o *client) bool { return o == c })
	h.endSubscriptions(func(sub subscription) bool { return sub.client == c })
}

// endSubscriptions removes subscriptions, and the channels that are left without any.
func (h *hub) endSubscriptions(gone func(subscription) bool) {
	empty := false
	for _, ch := range h.channels {
		if slices.ContainsFunc(ch.subs, gone) {
			ch.subs = slices.DeleteFunc(ch.subs, gone)
			empty = empty || len(ch.subs) == 0
		}
	}
	if !empty {
		return
	}
	dead := func(ch *channel) bool { return len(ch.subs) == 0 }
	for _, ch := range h.channels {
		if dead(ch) {
			delete(h.byTopic, ch.topic)
			h.byMarket[ch.id] = slices.DeleteFunc(h.byMarket[ch.id], dead)
		}
	}
	h.channels = slices.DeleteFunc(h.channels, dead)
}

// send gives a public payload to who listens to it.
func (ch *channel) send(payload []byte) {
	for _, sub := range ch.subs {
		if !sub.stalled {
			sub.client.send(sub.name, payload)
		}
	}
}

// send wraps a payload if the connection wants that.
func (c *client) send(name string, payload []byte) {
	if c.combined {
		payload = encode(object{{"stream", name}, {"data", raw(payload)}})
	}
	c.conn.Peer.Send(payload)
}

// sendUserEvent gives a user event to the account's connections in its market.
func (h *hub) sendUserEvent(a *account, ev simserver.Message) {
	var payload []byte
	mk := api.Of(ev.Segment.Venue)
	for _, c := range h.clients {
		if c.end.market != mk || h.links.Muted(c.conn) {
			continue
		}
		for _, u := range c.users {
			if u.account != a || c.events != nil && !c.events[ev.Kind] {
				continue
			}
			if payload == nil {
				payload = encode(ev.Body)
			}
			switch {
			case u.key == "":
				c.conn.Peer.Send(encode(object{{"subscriptionId", u.id}, {"event", raw(payload)}}))
			case u.key == a.listenKeys[mk].key:
				c.send(u.key, payload)
			}
		}
	}
}

// framesPerSecond is how much a client may say.
func framesPerSecond(e endpoint) int {
	switch {
	case e.access == apiAccess:
		return 1 << 30
	case e.market == api.Spot:
		return 5
	}
	return 10
}

// takeCommand runs the live command that a client sent, and answers it.
func (h *hub) takeCommand(c *client, frame []byte) {
	var m struct {
		Method string          `json:"method"`
		Params json.RawMessage `json:"params"`
		ID     json.RawMessage `json:"id"`
	}
	if err := json.Unmarshal(frame, &m); err != nil {
		c.conn.Peer.Send(encode(object{{"error", object{{"code", 3}, {"msg", "Invalid JSON: " + err.Error()}}}}))
		return
	}
	id := idOf(m.ID)
	result, problem := h.runCommand(c, m.Method, m.Params)
	if problem != "" {
		c.conn.Peer.Send(encode(object{{"error", object{{"code", 2}, {"msg", "Invalid request: " + problem}}}, {"id", id}}))
		return
	}
	c.conn.Peer.Send(encode(object{{"result", result}, {"id", id}}))
}

func idOf(id json.RawMessage) raw {
	if len(id) == 0 {
		return raw("null")
	}
	return raw(id)
}

// runCommand runs a live command of a stream connection.
func (h *hub) runCommand(c *client, method string, params json.RawMessage) (any, string) {
	switch method {
	case "SUBSCRIBE", "UNSUBSCRIBE":
		var names []string
		if err := json.Unmarshal(params, &names); err != nil || len(names) == 0 {
			return nil, "params must be a list of stream names"
		}
		if method == "SUBSCRIBE" && len(c.names)+len(names) > maxStreams {
			return nil, "too many streams on one connection: at most 1024"
		}
		for _, n := range names {
			if method == "SUBSCRIBE" {
				h.subscribe(c, n)
			} else {
				h.unsubscribe(c, n)
			}
		}
		return nil, ""
	case "LIST_SUBSCRIPTIONS":
		return append([]string{}, c.names...), ""
	case "SET_PROPERTY":
		var p []any
		if err := json.Unmarshal(params, &p); err == nil && len(p) == 2 && p[0] == "combined" {
			if on, ok := p[1].(bool); ok {
				c.combined = on
				return nil, ""
			}
		}
		return nil, "want params [\"combined\", true|false]"
	case "GET_PROPERTY":
		return c.combined, ""
	}
	return nil, "unknown method " + method
}
