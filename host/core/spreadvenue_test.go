package core

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// outages begin and end, and are told of some seconds later.
func (w *spreadWorld) outages() {
	houses := []string{"north", "south", "east"}
	if w.now >= w.next && !w.calm {
		w.begin(houses[w.rnd.IntN(3)])
		w.next = w.now + w.between(exchange.Minute, 20*exchange.Minute)
	}
	for _, house := range houses {
		o := w.dark[house]
		switch {
		case o == nil:
		case w.now >= o.until:
			delete(w.dark, house)
			if o.told {
				w.tell(house, o, "")
			}
			w.back(house)
		case !o.told && w.now >= o.from+10*exchange.Second:
			o.told = true
			w.tell(house, o, "no answer")
		}
	}
}

// begin lets a house go dark for up to half an hour.
func (w *spreadWorld) begin(house string) {
	kind, until := w.rnd.IntN(3), min(w.now+w.between(exchange.Second, 30*exchange.Minute), w.end)
	if w.dark[house] != nil {
		return
	}
	w.count["dark: "+[...]string{"market data", "orders", "both"}[kind]]++
	w.dark[house] = &outage{market: kind != 1, orders: kind != 0, from: w.now, until: until}
	w.trace("%s %s goes dark until %s", w.now, house, until)
	if len(w.dark) > 1 {
		w.count["two houses dark"]++
	}
}

// tell tells the core of an outage, and that books are lost in it.
func (w *spreadWorld) tell(house string, o *outage, why string) {
	if o.market && why != "" {
		for _, in := range w.u.All() {
			if in.Venue.House() == house {
				w.step(exchange.Event{Kind: exchange.KindGap, Instrument: in.ID, Reason: why})
			}
		}
	}
	for _, c := range []struct {
		is      bool
		channel exchange.Channel
	}{{o.market, exchange.ChannelMarket}, {o.orders, exchange.ChannelOrders}} {
		if c.is {
			w.step(exchange.Event{Kind: exchange.KindVenue, Name: house, Channel: c.channel, Reason: why})
		}
	}
	if why == "" {
		return
	}
	for _, p := range w.core.OpenPairs() {
		l, s := w.u.Get(p.Spot).Venue.House(), w.u.Get(p.Perp).Venue.House()
		if w.dark[l] != nil && w.dark[s] != nil && l != s {
			w.count["both houses of a pair dark"]++
		}
		if (l == house || s == house) && p.State == intent.PairOpen {
			w.count["dark with nothing unhedged"]++
		}
	}
}

// back lets a venue say what became of the orders that it was sent.
func (w *spreadWorld) back(house string) {
	for _, id := range slices.Sorted(maps.Keys(w.orders)) {
		if o := w.orders[id]; !o.answered && !o.rests && w.house(o) == house {
			w.answer(o, w.between(exchange.Millisecond, 5*exchange.Second))
		}
	}
}

func (w *spreadWorld) house(o *truth) string { return w.u.Get(o.Instrument).Venue.House() }

// market moves prices, and shows the books of houses whose market data come.
func (w *spreadWorld) market() {
	w.mid *= math.Exp(w.rnd.NormFloat64() * 2e-4)
	for i, in := range w.u.All() {
		w.basis[i] = 0.99*w.basis[i] + w.rnd.NormFloat64()*2e-4
		if o := w.dark[in.Venue.House()]; o != nil && o.market || in.Dated() && w.rnd.IntN(3) != 0 || w.rnd.IntN(8) == 0 {
			continue
		}
		bid, ask := w.touch(in)
		depth := exchange.Lots(in.Lot.Nearest(20))
		if in.Multiplier > 1 {
			depth = exchange.Lots(in.Lot.Nearest(0.02))
		}
		if in.Inverse() {
			depth = exchange.Lots(in.Lot.Nearest(200))
		}
		ev := exchange.Event{Kind: exchange.KindSnapshot, Instrument: in.ID, PrevID: -1}
		w.books[i]++
		ev.LastID = w.books[i]
		for n := range exchange.Ticks(3) {
			ev.Bids = append(ev.Bids, exchange.Level{Price: bid - n, Qty: depth})
			ev.Asks = append(ev.Asks, exchange.Level{Price: ask + n, Qty: depth})
		}
		w.step(ev)
	}
}

func (w *spreadWorld) touch(in *exchange.Instrument) (bid, ask exchange.Ticks) {
	mid := w.mid * (1 + w.basis[in.ID]) * float64(in.Multiplier)
	bid = exchange.Ticks(in.Tick.Nearest(mid * (1 - 1e-4)))
	return bid, max(bid+1, exchange.Ticks(in.Tick.Nearest(mid*(1+1e-4))))
}

// submit is an order on its way.
func (w *spreadWorld) submit(o *exchange.Order) {
	for _, other := range w.orders {
		if !other.answered && other.Pair == o.Pair && other.Leg == o.Leg {
			w.fail("order %d of leg %d of pair %d is sent while the end of order %d is not known: doubled", o.ID, o.Leg, o.Pair, other.ID)
		}
	}
	if w.orders[o.ID] != nil {
		w.fail("order %d is sent twice", o.ID)
	}
	x := &truth{Order: *o}
	x.Status = exchange.StatusRejected
	w.orders[o.ID], w.alive = x, append(w.alive, x)
	w.trace("%s submit %d pair %d leg %d %s %d %s at %d", w.now, o.ID, o.Pair, o.Leg, o.Side, o.Qty, w.u.Get(o.Instrument).Key(), o.Price)
	w.notice(o)
	if !w.calm && len(w.dark) == 0 && w.rnd.IntN(60) == 0 { // in the worst moment
		w.begin(w.house(x))
	}
	away := w.dark[w.house(x)]
	if away != nil && away.orders && w.rnd.IntN(2) == 0 {
		w.count["an order never reached a dark venue"]++
		return
	}
	if o.TIF == exchange.PostOnly && w.rest(x) {
		return
	}
	w.execute(x)
	if away == nil || !away.orders {
		w.answer(x, w.between(20*exchange.Millisecond, 900*exchange.Millisecond))
		return
	}
	if x.Filled > 0 {
		w.count["an order reached a dark venue and filled"]++
	} else {
		w.count["an order reached a dark venue and did not"]++
	}
}

// notice counts what an order says of the path that its pair is on.
func (w *spreadWorld) notice(o *exchange.Order) {
	m := w.core.pairs.machine(o.Pair)
	if m == nil {
		return
	}
	s := &m.Pair.Spread
	if w.noticeMaker(o, m.Pair.State) {
		return
	}
	other := w.dark[w.u.Get(s.Legs[1-min(1, int(o.Leg-1))].Instrument).Venue.House()]
	waited := s.Since != 0 && w.now >= s.Since+m.Request.Dark.Wait
	switch {
	case o.Leg == intent.StandIn+1 && s.Legs[intent.StandIn].Lots == 0:
		w.count["hedged with a substitute"]++
	case o.Leg == intent.StandIn+1:
		w.count["a substitute was given back"]++
	case other != nil && other.told && waited:
		w.count["made to match after the wait"]++
	case other != nil && other.told && s.Since != 0:
		w.count["brought back to the bound"]++
	case other == nil && s.Since != 0 && w.now > s.Since+30*exchange.Second && m.Request.Dark.Then == intent.HoldThen:
		w.count["waited on"]++
	case other == nil && s.Since != 0 && w.now > s.Since+10*exchange.Second && !waited:
		w.count["mended before the wait was over"]++
	}
}

// execute matches an order against the market as it truly is.
func (w *spreadWorld) execute(o *truth) {
	in := w.u.Get(o.Instrument)
	bid, ask := w.touch(in)
	price := ask
	if o.Side == exchange.Sell {
		price = bid
	}
	switch {
	case w.rnd.IntN(25) == 0:
		return
	case o.TIF == exchange.PostOnly: // it would take
		w.count["what rested would have taken"]++
		o.Status = exchange.StatusExpired
		return
	case exchange.Ticks(o.Side)*(o.Price-price) < 0:
		o.Status = exchange.StatusExpired
		return
	}
	qty := o.Qty
	if w.rnd.IntN(6) == 0 {
		qty = exchange.Lots(1 + w.rnd.Int64N(int64(o.Qty)))
	}
	if o.ReduceOnly {
		qty = min(qty, max(0, -exchange.Lots(o.Side)*w.held[in.ID]))
	}
	o.Filled, o.Price, o.Status = qty, price, exchange.StatusExpired
	if qty == o.Qty {
		o.Status = exchange.StatusFilled
	}
	w.held[in.ID] += exchange.Lots(o.Side) * qty
}

// answer tells the fill of an order and its last word, in either order.
func (w *spreadWorld) answer(o *truth, after exchange.Time) {
	o.answered = true
	at := w.now + after
	word := exchange.Event{Kind: exchange.KindOrder, Instrument: o.Instrument, Time: at, Update: exchange.OrderUpdate{ID: o.ID, VenueID: "v", Status: o.Status, Filled: o.Filled}}
	if o.Filled > 0 {
		told := w.filled(o, o.Filled, at)
		if w.rnd.IntN(10) == 0 {
			w.count["a last word came before its fills"]++
			told.Time += w.between(1, 2*exchange.Second)
		}
		w.queue = append(w.queue, told)
	}
	w.queue = append(w.queue, word)
}

// filled is a fill of an order as it is told.
func (w *spreadWorld) filled(o *truth, qty exchange.Lots, at exchange.Time) exchange.Event {
	in := w.u.Get(o.Instrument)
	w.trades++
	rate := in.TakerFee
	if o.rests {
		rate = in.MakerFee
	}
	f := &exchange.Fill{Order: o.ID, TradeID: fmt.Sprint(w.trades), Instrument: o.Instrument, Side: o.Side, Price: o.Price, Qty: qty, FeeAsset: in.Settle(),
		Fee: in.Notional(o.Price, qty).Mul(rate).Round(8)}
	if in.Inverse() || !in.Perp() && o.Side == exchange.Buy {
		f.FeeAsset, f.Fee = in.Base, in.BaseQty(o.Price, qty).Mul(rate).Round(8)
	}
	return exchange.Event{Kind: exchange.KindFill, Instrument: o.Instrument, Time: at, Fill: f}
}

// deliver tells what is due, unless its house has gone dark meanwhile.
func (w *spreadWorld) deliver() {
	for i := 0; i < len(w.queue); {
		ev := w.queue[i]
		o := w.dark[w.u.Get(ev.Instrument).Venue.House()]
		if ev.Time > w.now || o != nil && o.orders {
			i++
			continue
		}
		w.queue = slices.Delete(w.queue, i, i+1)
		if ev.Kind == exchange.KindFill {
			w.orders[ev.Fill.Order].told += ev.Fill.Qty
		}
		w.step(ev)
	}
	if !w.calm && w.rnd.IntN(4000) == 0 {
		w.liquidate()
	}
}

// liquidate is a venue that takes a part of a leg.
func (w *spreadWorld) liquidate() {
	for i, in := range w.u.All() {
		if qty := w.held[i]; in.Perp() && qty.Abs() > 1 && w.dark[in.Venue.House()] == nil && len(w.core.orders.open) == 0 && len(w.queue) == 0 {
			w.count["a leg was liquidated"]++
			side, part := exchange.Sell, exchange.Lots(1+w.rnd.Int64N(int64(qty.Abs())))
			if qty < 0 {
				side = exchange.Buy
			}
			bid, _ := w.touch(in)
			w.held[i] += exchange.Lots(side) * part
			w.trades++
			for _, m := range w.core.pairs.list {
				w.taken[m.Pair.ID] = w.taken[m.Pair.ID] || m.Trades(in.ID)
			}
			w.step(exchange.Event{Kind: exchange.KindFill, Instrument: in.ID, Fill: &exchange.Fill{TradeID: fmt.Sprint(w.trades), Instrument: in.ID, Side: side,
				Price: bid, Qty: part, FeeAsset: in.Settle(), Reason: "liquidation"}})
			return
		}
	}
}

// interest is charged on what is owed, every ten minutes so that it comes at every moment.
func (w *spreadWorld) interest() {
	if w.now%(10*exchange.Minute) != 0 {
		return
	}
	for _, in := range w.u.Loans() {
		if total := w.core.wallets.balance(in.Wallet, in.Base).Total; total.IsNegative() {
			w.count["interest was charged"]++
			w.step(exchange.Event{Kind: exchange.KindBalance, Instrument: exchange.NoInstrument, Wallet: in.Wallet, Asset: in.Base,
				Amount: total.Mul(in.Lending.Rate).RoundDown(8), Reason: exchange.Interest + ": " + w.now.String()})
		}
	}
}
