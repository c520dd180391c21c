package simfront

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/okx/payload"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// tell gives a row to whoever listens to a channel of an instrument.
func (d *dialect) tell(channel string, m *simserver.Market, word func() reply.Object) {
	var row reply.Object
	for _, cl := range d.order {
		for _, s := range cl.subs {
			if s.channel != channel || s.market != m {
				continue
			}
			if row == nil {
				if row = word(); row == nil {
					return
				}
			}
			cl.push(s, row)
		}
	}
}

// Show implements simserver.Front.
func (d *dialect) Show(m *simserver.Market, ev *exchange.Event, c *simserver.Change) {
	if c != nil {
		d.showBook(m, c)
		if c.Touch {
			for _, channel := range []string{"bbo-tbt", "books5"} {
				d.tell(channel, m, func() (row reply.Object) {
					touch(d, m, channel, func(o reply.Object) { row = o })
					return row
				})
			}
			d.tell("tickers", m, func() reply.Object { return ticker(d, m) })
		}
	}
	switch ev.Kind {
	case exchange.KindTrade:
		if n := len(m.Prints); n > 0 {
			d.tell("trades", m, func() reply.Object { return trade(m.In, &m.Prints[n-1]) })
		}
	case exchange.KindLiquidation:
		d.liquidated(m, ev.VenueTime, ev.Side, ev.Price, ev.Qty)
	case exchange.KindMark:
		d.showMark(m)
	case exchange.KindOpenInterest:
		d.tell("open-interest", m, func() reply.Object { return interest(d, m) })
	}
}

// liquidated tells of a position that was closed by force, to the listeners of the type.
func (d *dialect) liquidated(m *simserver.Market, at exchange.Time, side exchange.Side, p exchange.Ticks, q exchange.Lots) {
	held := "long"
	if side == exchange.Buy {
		held = "short"
	}
	row := reply.Object{{"details", reply.List{reply.Object{{"bkLoss", "0"}, {"bkPx", price(m.In, p)}, {"ccy", ""}, {"posSide", held},
		{"side", sideText(side)}, {"sz", size(m.In, q)}, {"ts", ms(at)}}}}, {"instFamily", payload.IndexOf(m.In)}, {"instId", m.In.Symbol}, {"instType", string(typeOf(m))}, {"uly", payload.IndexOf(m.In)}}
	for _, cl := range d.order {
		for _, s := range cl.subs {
			if s.channel == "liquidation-orders" && api.Type(s.kind) == typeOf(m) {
				cl.push(s, row)
			}
		}
	}
}

// rateEvery is how often funding is told when it does not change.
const rateEvery = 30 * exchange.Second

func (d *dialect) showMark(m *simserver.Market) {
	if !m.In.Perp() {
		return
	}
	d.tell("mark-price", m, func() reply.Object { return mark(d, m) })
	n, now := of(m), d.s.Clock.Now()
	if m.Mark.NextFunding != n.next || now >= n.rated+rateEvery {
		n.next, n.rated = m.Mark.NextFunding, now
		d.tell("funding-rate", m, func() reply.Object { return rate(d, m) })
	}
	name := payload.IndexOf(m.In)
	for _, cl := range d.order {
		for _, s := range cl.subs {
			if s.channel == "index-tickers" && s.symbol == name {
				if o, ok := index(d, name); ok {
					cl.push(s, o)
				}
			}
		}
	}
}

// showBook sends the update of a book, with what may go wrong with it. Its numbers are the
// exchange's, less what a reset has taken off.
func (d *dialect) showBook(m *simserver.Market, c *simserver.Change) {
	n, faults := of(m), d.s.Faults
	prev := n.seq
	if faults.Strikes(bookReset, m.Segment, m.In.Symbol) {
		n.shift = c.Last - 3
	}
	n.seq, n.quiet = c.Last-n.shift, d.s.Clock.Now()
	frame := func(arg string) []byte {
		row := reply.Object{{"asks", levels(m.In, c.Asks)}, {"bids", levels(m.In, c.Bids)}, {"ts", d.now()}, {"checksum", 0}, {"seqId", n.seq}, {"prevSeqId", prev}}
		return reply.Encode(reply.Object{{"arg", reply.Raw(arg)}, {"action", "update"}, {"data", reply.List{row}}})
	}
	heard := d.listeners("books", m)
	if len(heard) == 0 {
		return
	}
	lost, twice, garbled := faults.Strikes("gap", m.Segment, m.In.Symbol), faults.Strikes("duplicate", m.Segment, m.In.Symbol), faults.Strikes("garble", m.Segment, m.In.Symbol)
	swapped := faults.Strikes("reorder", m.Segment, m.In.Symbol)
	for _, l := range heard {
		if l.cl.muted[l.s.arg] || lost {
			continue
		}
		text := frame(l.s.arg)
		switch {
		case garbled:
			l.cl.c.Peer.Send(text[:len(text)/2])
			continue
		case swapped:
			l.cl.held = append(l.cl.held, text)
			continue
		}
		l.cl.c.Peer.Send(text)
		if twice {
			l.cl.c.Peer.Send(text)
		}
		for _, before := range l.cl.held {
			l.cl.c.Peer.Send(before)
		}
		l.cl.held = nil
	}
}

type listener struct {
	cl *client
	s  *subscription
}

func (d *dialect) listeners(channel string, m *simserver.Market) (out []listener) {
	for _, cl := range d.order {
		for _, s := range cl.subs {
			if s.channel == channel && s.market == m {
				out = append(out, listener{cl, s})
			}
		}
	}
	return out
}

// quietFor is after how long a book without changes gives a sign of life.
const quietFor = 60 * exchange.Second

// Beat implements simserver.Beater: signs of life, and candles that are finished.
func (d *dialect) Beat() {
	for _, cl := range d.order {
		if cl.ends != 0 && d.s.Clock.Wall() >= cl.ends {
			cl.c.Peer.Drop()
		}
	}
	now := d.s.Clock.Now()
	for _, m := range d.s.Markets() {
		if m.Segment == nil {
			continue
		}
		n := of(m)
		if n.quiet != 0 && now >= n.quiet+quietFor {
			n.quiet = now
			for _, l := range d.listeners("books", m) {
				row := reply.Object{{"asks", reply.List{}}, {"bids", reply.List{}}, {"ts", d.now()}, {"checksum", 0}, {"seqId", n.seq}, {"prevSeqId", n.seq}}
				l.cl.send(reply.Object{{"arg", reply.Raw(l.s.arg)}, {"action", "update"}, {"data", reply.List{row}}})
			}
		}
		if minute := now - now%exchange.Minute; minute > n.minute {
			if n.minute != 0 {
				d.close(m, minute)
			}
			n.minute = minute
		}
	}
	d.running(now)
}

// candleEvery is how often a candle that runs is told. Source: the manual, "Candlesticks
// channel": the fastest interval is a second.
const candleEvery = exchange.Second

// running tells of the candles that run and have changed.
func (d *dialect) running(now exchange.Time) {
	for _, cl := range d.order {
		for _, s := range cl.subs {
			if s.bar == "" || now < s.told+candleEvery || len(s.market.Prints) == 0 {
				continue
			}
			last := s.market.Prints[len(s.market.Prints)-1].ID
			from, _ := simserver.Opening(now, s.bar)
			if list := s.market.Candles(s.bar, from, now); last != s.shown && len(list) > 0 {
				s.told, s.shown = now, last
				cl.push(s, candle(s.market.In, &list[len(list)-1], false))
			}
		}
	}
}

// close tells of the candles that end at a minute.
func (d *dialect) close(m *simserver.Market, at exchange.Time) {
	for _, cl := range d.order {
		for _, s := range cl.subs {
			if s.bar == "" || s.market != m {
				continue
			}
			from, _ := simserver.Opening(at-1, s.bar)
			if _, end := simserver.Opening(from, s.bar); end != at {
				continue
			}
			if list := m.Candles(s.bar, from, at-1); len(list) > 0 && list[0].Begin == from {
				cl.push(s, candle(m.In, &list[0], true))
			}
		}
	}
}

// Announce implements simserver.Announcer.
func (d *dialect) Announce(m *simserver.Market) {
	for _, cl := range d.order {
		for _, s := range cl.subs {
			if s.channel == "instruments" && api.Type(s.kind) == typeOf(m) {
				cl.push(s, instrument(m))
			}
		}
	}
}
