package simfront

import (
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// bookKey is a channel of a market: its book, its trades, its ticker, its candles.
type bookKey struct {
	market   *simserver.Market
	kind     string // book, trades, ticker, quote, chart
	interval string // raw, 100ms, agg2; a resolution of candles; a depth
	name     string
}

// bookChannel is who listens to a channel, and what has still to be told.
type bookChannel struct {
	bookKey
	subs    []*client
	stalled []*client // a fault
	dirty   bool
	prints  reply.List
	forced  [2]bool // a liquidation by a buyer, by a seller, that the next print of the side tells of
	touched [2]map[exchange.Ticks]struct{}
	known   [2]map[exchange.Ticks]struct{} // levels that were told
	last    int64                          // the change that was told
	late    []byte                         // a message that a fault keeps back
}

func (b *bookChannel) forget(c *client) {
	gone := func(o *client) bool { return o == c }
	b.subs, b.stalled = slices.DeleteFunc(b.subs, gone), slices.DeleteFunc(b.stalled, gone)
}

func (b *bookChannel) stall(c *client) {
	if slices.Contains(b.subs, c) {
		b.stalled = append(b.stalled, c)
	}
}

func (b *bookChannel) send(data any) {
	b.deliver(reply.Encode(notification(b.name, data)))
}

func (b *bookChannel) deliver(frame []byte) {
	for _, c := range b.subs {
		if !slices.Contains(b.stalled, c) {
			c.conn.Peer.Send(frame)
		}
	}
}

func notification(channel string, data any) reply.Object {
	return object("jsonrpc", "2.0", "method", "subscription", "params", object("channel", channel, "data", data))
}

// keyOf is the channel of a name; false: there is none such.
func (d *dialect) keyOf(name string) (k bookKey, ok bool) {
	parts := strings.Split(name, ".")
	if parts[0] == "chart" && len(parts) == 4 {
		parts = []string{"chart", parts[2], parts[3]}
		_, ok = resolutions[parts[2]]
	} else if parts[0] == "quote" && len(parts) == 2 {
		parts = append(parts, "100ms")
	}
	if len(parts) < 3 {
		return k, false
	}
	k = bookKey{kind: parts[0], market: d.market(parts[1]), interval: strings.Join(parts[2:], "."), name: name}
	switch last := parts[len(parts)-1]; {
	case k.market == nil:
		return k, false
	case k.kind == "chart":
		return k, ok
	case last != "raw" && last != "100ms" && last != "agg2":
		return k, false
	}
	return k, slices.Contains([]string{"book", "trades", "ticker", "quote"}, k.kind) && (len(parts) == 3 || k.kind == "book" && len(parts) == 5)
}

// isUser reports whether a name is that of an account's channels that are simulated.
func isUser(name string) bool {
	for _, prefix := range []string{"user.changes.", "user.orders.", "user.trades.", "user.portfolio.", "user.lock"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// subscribe answers with what is subscribed to: what is unknown is left out.
func subscribe(d *dialect, q *request) (any, *fault) {
	c, private := q.client, strings.HasPrefix(q.method, "private/")
	took := list()
	for i, name := range q.list("channels") {
		if i > 0 && d.state.Faults.Strikes("partial_subscription", nil, "") {
			continue
		}
		if isUser(name) {
			if !private || c.account == nil {
				return nil, refuse(13009, "unauthorized")
			}
			c.channels = append(c.channels, name)
			took = append(took, name)
			if currency, ok := strings.CutPrefix(name, portfolio); ok {
				d.after = append(d.after, func() { c.tellPortfolio(d, name, currency) })
			}
			continue
		}
		k, ok := d.keyOf(name)
		if ok && k.interval == "raw" && c.account == nil {
			return nil, refuse(13778, "raw_subscriptions_not_available_for_unauthorized")
		}
		if ok {
			took = append(took, name)
			d.listen(c, k)
		} else if strings.HasPrefix(name, "instrument.state.") || name == "platform_state" || strings.HasPrefix(name, "deribit_price_index.") {
			took = append(took, name)
		}
	}
	if len(took) == 0 {
		return nil, refuse(11052, "subscribe_error_unsubscribed")
	}
	return took, nil
}

// listen begins a channel for a connection: a book begins with the whole of it.
func (d *dialect) listen(c *client, k bookKey) {
	b := d.books[k]
	if b == nil {
		b = &bookChannel{bookKey: k, dirty: true, touched: [2]map[exchange.Ticks]struct{}{{}, {}}, known: [2]map[exchange.Ticks]struct{}{{}, {}}}
		d.books[k], d.shown = b, append(d.shown, k)
	}
	b.forget(c)
	if k.kind == "book" && !strings.Contains(k.interval, ".") {
		d.flush(b) // whoever listens has all until now
		b.subs = append(b.subs, c)
		frame := reply.Encode(notification(k.name, whole(d, b)))
		d.after = append(d.after, func() { c.conn.Peer.Send(frame) })
		return
	}
	b.subs, b.dirty = append(b.subs, c), true
}

// whole is a book as a subscription begins.
func whole(d *dialect, b *bookChannel) reply.Object {
	m := b.market
	b.last = m.Published
	side := func(i int, s exchange.Side) reply.List {
		out := list()
		clear(b.known[i])
		for _, l := range m.Levels(s) {
			b.known[i][l.Price] = struct{}{}
			out = append(out, list("new", price(m.In, l.Price), amount(m.In, l.Qty)))
		}
		return out
	}
	return object("type", "snapshot", "timestamp", millis(d.state.Clock.Now()), "instrument_name", m.In.Symbol, "change_id", max(1, b.last), "bids", side(0, exchange.Buy), "asks", side(1, exchange.Sell))
}

func unsubscribe(d *dialect, q *request) (any, *fault) {
	took := list()
	for _, name := range q.list("channels") {
		q.client.channels = slices.DeleteFunc(q.client.channels, func(o string) bool { return o == name })
		for _, k := range d.shown {
			if k.name == name {
				d.books[k].forget(q.client)
			}
		}
		took = append(took, name)
	}
	return took, nil
}

func unsubscribeAll(d *dialect, q *request) (any, *fault) {
	q.client.channels = nil
	for _, k := range d.shown {
		d.books[k].forget(q.client)
	}
	return "ok", nil
}

// Show implements simserver.Front.
func (d *dialect) Show(m *simserver.Market, ev *exchange.Event, c *simserver.Change) {
	if ev.Kind == exchange.KindLiquidation {
		d.liquidated(m, ev.Side)
		return
	}
	for _, k := range d.shown {
		b := d.books[k]
		if k.market != m || len(b.subs) == 0 {
			continue
		}
		switch {
		case k.kind == "book" && c != nil:
			for _, l := range c.Bids {
				b.touched[0][l.Price] = struct{}{}
			}
			for _, l := range c.Asks {
				b.touched[1][l.Price] = struct{}{}
			}
			b.dirty = true
			if k.interval == "raw" {
				d.flushAs(b, c.Last)
			}
		case k.kind == "trades" && ev.Kind == exchange.KindTrade:
			if n := len(m.Prints); n > 0 {
				b.prints = append(b.prints, b.marked(print(m, &m.Prints[n-1]), m.Prints[n-1].Side))
				b.dirty = true
			}
		case k.kind == "ticker", k.kind == "quote" && c != nil && c.Touch, k.kind == "chart" && ev.Kind == exchange.KindTrade:
			b.dirty = true
		}
	}
}

// liquidated has the next trade of a side tell that its taker was liquidated: the venue tells
// of liquidations with trades, which are numbered without a hole.
func (d *dialect) liquidated(m *simserver.Market, side exchange.Side) {
	for _, k := range d.shown {
		if b := d.books[k]; k.market == m && k.kind == "trades" {
			b.forced[sideIndex(side)] = true
		}
	}
}

// marked is a print with what is to be told of a liquidation.
func (b *bookChannel) marked(row reply.Object, side exchange.Side) reply.Object {
	if i := sideIndex(side); b.forced[i] {
		b.forced[i] = false
		row = row.With(reply.Field{"liquidation", "T"})
	}
	return row
}

func sideIndex(s exchange.Side) int {
	if s == exchange.Buy {
		return 0
	}
	return 1
}

// publish tells what has changed since it was told last.
func (d *dialect) publish() {
	for _, k := range d.shown {
		b := d.books[k]
		if !b.dirty || len(b.subs) == 0 || strings.HasSuffix(k.interval, "agg2") && d.beats%10 != 0 {
			continue
		}
		now := d.state.Clock.Now()
		switch k.kind {
		case "book":
			if strings.Contains(k.interval, ".") {
				b.send(image(d, b))
			} else {
				d.flush(b)
			}
		case "trades":
			if len(b.prints) > 0 {
				b.send(b.prints)
				b.prints = nil
			}
		case "ticker":
			b.send(tick(d, k.market))
		case "quote":
			m := k.market
			b.send(object("timestamp", millis(now), "instrument_name", m.In.Symbol, "best_bid_price", price(m.In, m.Touch[0].Price), "best_bid_amount", amount(m.In, m.Touch[0].Qty),
				"best_ask_price", price(m.In, m.Touch[1].Price), "best_ask_amount", amount(m.In, m.Touch[1].Qty)))
		case "chart":
			if all := bars(k.market, k.interval, now-exchange.Minute, now); len(all) > 0 {
				last := &all[len(all)-1]
				v, c := volumes(k.market, last)
				b.send(object("tick", millis(last.Begin), "open", price(k.market.In, last.Open), "high", price(k.market.In, last.High), "low", price(k.market.In, last.Low),
					"close", price(k.market.In, last.Close), "volume", v, "cost", c))
			}
		}
		b.dirty = false
	}
}

// image is the top of a book, as grouped channels tell it each time.
func image(d *dialect, b *bookChannel) reply.Object {
	m := b.market
	side := func(s exchange.Side) reply.List {
		out := list()
		for _, l := range m.Best(s, 20) {
			out = append(out, list(price(m.In, l.Price), amount(m.In, l.Qty)))
		}
		return out
	}
	return object("timestamp", millis(d.state.Clock.Now()), "instrument_name", m.In.Symbol, "change_id", m.Published, "bids", side(exchange.Buy), "asks", side(exchange.Sell))
}

func (d *dialect) flush(b *bookChannel) { d.flushAs(b, b.market.Published) }

// flushAs tells the change of a book up to an id.
func (d *dialect) flushAs(b *bookChannel, id int64) {
	m := b.market
	if len(b.touched[0])+len(b.touched[1]) == 0 || id <= b.last {
		return
	}
	data := object("type", "change", "timestamp", millis(d.state.Clock.Now()), "prev_change_id", max(1, b.last), "instrument_name", m.In.Symbol, "change_id", id,
		"bids", b.changes(0, exchange.Buy), "asks", b.changes(1, exchange.Sell))
	b.last = id
	seg, symbol, faults := m.Segment, m.In.Symbol, d.state.Faults
	frame := reply.Encode(notification(b.name, data))
	switch {
	case faults.Strikes("gap", seg, symbol):
		return
	case faults.Strikes("garble", seg, symbol):
		frame = frame[:len(frame)/2]
	case faults.Strikes("duplicate", seg, symbol):
		b.deliver(frame)
	case faults.Strikes("reorder", seg, symbol):
		b.late = frame
		return
	}
	b.deliver(frame)
	if b.late != nil {
		b.deliver(b.late)
		b.late = nil
	}
}

// changes are the levels of a side that were touched, as they are now.
func (b *bookChannel) changes(i int, s exchange.Side) reply.List {
	out, m := list(), b.market
	prices := make([]exchange.Ticks, 0, len(b.touched[i]))
	for p := range b.touched[i] { // order does not matter: sorted next
		prices = append(prices, p)
	}
	slices.Sort(prices)
	for _, p := range prices {
		q := m.Book.Qty(s, p)
		_, was := b.known[i][p]
		word := "change"
		switch {
		case q == 0 && !was:
			continue
		case q == 0:
			word = "delete"
			delete(b.known[i], p)
		case !was:
			word = "new"
			b.known[i][p] = struct{}{}
		}
		out = append(out, list(word, price(m.In, p), amount(m.In, q)))
	}
	clear(b.touched[i])
	return out
}
