package simfront

import (
	"encoding/json"
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// subscription is one of a connection.
type subscription struct {
	conn     *simserver.Conn
	text     string // as it was sent
	kind     string
	market   *simserver.Market  // of market data
	interval string             // of candles
	account  *simserver.Account // of an account's
	told     exchange.Time      // when its state was told last
}

// shown is what was last told of a book.
type shown struct {
	at    exchange.Time
	dirty bool
}

// bookEvery is how often a book is pushed at most. Source: the manual, subscriptions,
// WsBook.
const bookEvery = 500 * exchange.Millisecond

func (d *dialect) join(*simserver.Conn) {}

func (d *dialect) leave(c *simserver.Conn) {
	d.subs = slices.DeleteFunc(d.subs, func(s *subscription) bool { return s.conn == c })
}

// take answers what a client sends.
func (d *dialect) take(c *simserver.Conn, frame []byte) {
	var q struct {
		Method       string          `json:"method"`
		Subscription json.RawMessage `json:"subscription"`
		posted
	}
	if json.Unmarshal(frame, &q) != nil {
		c.Peer.Send(message("error", "Error parsing JSON into valid websocket request: "+string(frame[:min(len(frame), 200)])))
		return
	}
	switch q.Method {
	case "ping":
		c.Peer.Send([]byte(`{"channel":"pong"}`))
	case "subscribe":
		d.subscribe(c, q.Subscription)
	case "unsubscribe":
		d.subs = slices.DeleteFunc(d.subs, func(s *subscription) bool { return s.conn == c && s.text == string(q.Subscription) })
		c.Peer.Send(message("subscriptionResponse", reply.Object{{"method", q.Method}, {"subscription", reply.Raw(q.Subscription)}}))
	case "post":
		d.post(c, &q.posted)
	default:
		c.Peer.Send(message("error", "Invalid method "+q.Method))
	}
}

func message(channel string, data any) []byte {
	return reply.Encode(reply.Object{{"channel", channel}, {"data", data}})
}

// marketKinds and userKinds are the subscriptions that there are.
var (
	marketKinds = []string{"l2Book", "bbo", "trades", "activeAssetCtx", "candle"}
	userKinds   = []string{"orderUpdates", "userFills", "userFundings", "userEvents", "userNonFundingLedgerUpdates"}
)

func (d *dialect) subscribe(c *simserver.Conn, raw json.RawMessage) {
	var q struct {
		Type     string `json:"type"`
		Coin     string `json:"coin"`
		Interval string `json:"interval"`
		User     string `json:"user"`
	}
	s := &subscription{conn: c, text: string(raw)}
	bad := json.Unmarshal(raw, &q) != nil
	s.kind, s.interval = q.Type, q.Interval
	switch {
	case bad:
	case q.Type == "allMids":
	case slices.Contains(marketKinds, q.Type):
		s.market = d.byCoin(q.Coin)
		bad = s.market == nil || q.Type == "candle" && !isInterval(q.Interval)
	case slices.Contains(userKinds, q.Type) || states[q.Type] != nil:
		address, err := sign.ParseAddress(q.User)
		bad = err != nil
		if o := d.owners[address]; o != nil && o.self {
			s.account = o.account
		}
	default:
		bad = true
	}
	if bad {
		c.Peer.Send(message("error", "Invalid subscription "+string(raw)))
		return
	}
	if slices.ContainsFunc(d.subs, func(o *subscription) bool { return o.conn == c && o.text == s.text }) {
		c.Peer.Send(message("error", "Already subscribed: "+string(raw)))
		return
	}
	d.subs = append(d.subs, s)
	c.Peer.Send(message("subscriptionResponse", reply.Object{{"method", "subscribe"}, {"subscription", reply.Raw(raw)}}))
	d.greet(s, q.User)
}

// greet sends what a subscription begins with.
func (d *dialect) greet(s *subscription, user string) {
	m := s.market
	switch s.kind {
	case "l2Book":
		s.conn.Peer.Send(message("l2Book", quotes{d}.book(m)))
	case "trades":
		list := reply.List{}
		for _, p := range m.Recent(10) {
			list = append(list, print(m, &p))
		}
		if len(list) > 0 {
			s.conn.Peer.Send(message("trades", list))
		}
	case "activeAssetCtx":
		s.conn.Peer.Send(d.contextMessage(m))
	case "userFills":
		s.conn.Peer.Send(message("userFills", reply.Object{{"isSnapshot", true}, {"user", user}, {"fills", reply.List{}}}))
	case "candle":
		if bars := barsOf(m, s.interval); len(bars) > 0 {
			s.conn.Peer.Send(message("candle", candle(m, &bars[len(bars)-1], s.interval)))
		}
	case "userFundings":
		s.conn.Peer.Send(message("userFundings", reply.Object{{"isSnapshot", true}, {"user", user}, {"fundings", reply.List{}}}))
	}
	if word := states[s.kind]; word != nil && s.account != nil {
		s.told = d.s.Clock.Now()
		s.conn.Peer.Send(message(s.kind, word(statements{d}, s.account)))
	}
}

func (d *dialect) contextMessage(m *simserver.Market) []byte {
	if m.In.Contract == exchange.Spot {
		return message("activeSpotAssetCtx", reply.Object{{"coin", m.In.Symbol}, {"ctx", quotes{d}.spotContext(m)}})
	}
	return message("activeAssetCtx", reply.Object{{"coin", m.In.Symbol}, {"ctx", quotes{d}.context(m)}})
}

// tell sends a message to all that listen to a market, made once.
func (d *dialect) tell(kind string, m *simserver.Market, make func() []byte) {
	var frame []byte
	for _, s := range d.subs {
		if s.kind == kind && s.market == m {
			if frame == nil {
				frame = make()
			}
			s.conn.Peer.Send(frame)
		}
	}
}

// Show implements simserver.Front.
func (d *dialect) Show(m *simserver.Market, ev *exchange.Event, c *simserver.Change) {
	if c != nil {
		b := d.books[m.In.ID]
		if b == nil {
			b = &shown{}
			d.books[m.In.ID] = b
		}
		b.dirty = true
		d.push(m, b)
	}
	switch {
	case c != nil && c.Touch && m.Touch[0].Qty > 0 && m.Touch[1].Qty > 0:
		d.tell("bbo", m, func() []byte {
			return message("bbo", reply.Object{{"coin", m.In.Symbol}, {"time", millis(d.s.Clock.Now())}, {"bbo", reply.List{level(m, m.Touch[0]), level(m, m.Touch[1])}}})
		})
	case ev.Kind == exchange.KindTrade:
		p := m.Recent(1)[0]
		d.tell("trades", m, func() []byte { return message("trades", reply.List{print(m, &p)}) })
		for _, s := range d.subs {
			if s.kind == "candle" && s.market == m {
				bars := barsOf(m, s.interval)
				s.conn.Peer.Send(message("candle", candle(m, &bars[len(bars)-1], s.interval)))
			}
		}
	case ev.Kind == exchange.KindMark:
		d.tell("activeAssetCtx", m, func() []byte { return d.contextMessage(m) })
	}
}

// push sends a book that has changed, unless it was sent just now or a fault loses it.
func (d *dialect) push(m *simserver.Market, b *shown) {
	now := d.s.Clock.Now()
	if !b.dirty || now < b.at+bookEvery {
		return
	}
	b.at, b.dirty = now, false
	frame := message("l2Book", quotes{d}.book(m))
	seg, symbol, f := m.Segment, m.In.Symbol, d.s.Faults
	switch {
	case f.Strikes("gap", seg, symbol):
		return
	case f.Strikes("garble", seg, symbol):
		frame = frame[:len(frame)/2]
	case f.Strikes("duplicate", seg, symbol):
		d.tell("l2Book", m, func() []byte { return frame })
	}
	d.tell("l2Book", m, func() []byte { return frame })
}

// Beat implements simserver.Beater.
func (d *dialect) Beat() {
	for _, m := range d.s.Markets() {
		if b := d.books[m.In.ID]; b != nil {
			d.push(m, b)
		}
	}
	for _, s := range d.subs {
		if s.kind == "allMids" {
			s.conn.Peer.Send(message("allMids", reply.Object{{"mids", quotes{d}.mids(nil)}}))
		}
	}
	d.revalue()
}

// Tell implements simserver.Front.
func (d *dialect) Tell(a *simserver.Account, ev simserver.Event) (out []simserver.Message) {
	add := func(kind string, body any) {
		out = append(out, simserver.Message{Segment: ev.Segment, Kind: kind, Body: reply.Raw(reply.Encode(body))})
	}
	switch ev.Kind {
	case simserver.OrderChanged:
		if ev.Trade != nil {
			add("userFills", fill(ev.Trade))
		}
		add("orderUpdates", reported(ev.Order))
	case simserver.FundingPaid:
		in := d.s.Universe().Get(ev.Payment.Instrument)
		add("userFundings", reply.Object{{"time", millis(ev.Payment.Settled)}, {"coin", in.Symbol}, {"usdc", ev.Payment.Amount}, {"szi", in.QtyDecimal(ev.Payment.Position)}, {"fundingRate", ev.Payment.Rate.Decimal()}})
	}
	d.changed(a, add)
	return out
}

// Send implements simserver.Front.
func (d *dialect) Send(a *simserver.Account, m simserver.Message) {
	for _, s := range d.subs {
		if s.account != a || s.kind != m.Kind || d.s.Links.Muted(s.conn) {
			continue
		}
		user := d.addressOf(a)
		switch m.Kind {
		case "orderUpdates":
			s.conn.Peer.Send(message(m.Kind, reply.List{m.Body}))
		case "userFills":
			s.conn.Peer.Send(message(m.Kind, reply.Object{{"user", user}, {"fills", reply.List{m.Body}}}))
		case "userFundings":
			s.conn.Peer.Send(message(m.Kind, reply.Object{{"user", user}, {"fundings", reply.List{m.Body}}}))
		default:
			s.told = d.s.Clock.Now()
			s.conn.Peer.Send(message(m.Kind, m.Body))
		}
	}
}

// addressOf is an account's own.
func (d *dialect) addressOf(a *simserver.Account) string {
	for address, o := range d.owners { // order does not matter: there is one
		if o.account == a && o.self {
			return address.String()
		}
	}
	return ""
}
