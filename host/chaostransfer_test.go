package host

import "github.com/perilune/perilune/exchange"

// Transfer passes a transfer on, mostly. One that fails closes the lane for a
// while, as a venue's maintenance does: the next ones fail too.
func (v *badVenue) Transfer(t *exchange.Transfer, now exchange.Time) {
	v.now = max(v.now, now)
	v.moved[t.ID] = true
	c := *t
	switch r := v.rnd.IntN(100); {
	case now < v.shut:
		v.failMove(c, now+v.between(50*exchange.Millisecond, exchange.Second), "transfers are suspended")
		return
	case r < 8:
		v.shut = now + v.between(0, 40*exchange.Second)
		v.count["transfer failed"]++
		v.failMove(c, now+v.between(50*exchange.Millisecond, exchange.Second), "transfers are suspended")
		return
	case r < 14: // it never reached the venue, and that takes time to find out
		v.count["transfer lost"]++
		v.failMove(c, now+v.between(exchange.Second, 45*exchange.Second), "never reached the venue")
		return
	case r < 22:
		v.count["transfer late"]++
		v.hold(message{at: now + v.between(exchange.Second, 40*exchange.Second), transfer: &c})
		return
	case r < 30:
		v.tell[t.ID] = "transfer told late"
	case r < 38:
		v.tell[t.ID] = "transfer told twice"
	}
	v.Venue.Transfer(&c, now)
}

func (v *badVenue) failMove(t exchange.Transfer, at exchange.Time, why string) {
	t.Failed, t.Reason = true, why
	v.push(exchange.Event{Kind: exchange.KindTransfer, Instrument: exchange.NoInstrument, Time: at, Transfer: &t})
}

// tamperMove changes how the end of a transfer is told.
func (v *badVenue) tamperMove(ev *exchange.Event) {
	how := v.tell[ev.Transfer.ID]
	if how == "" {
		return
	}
	delete(v.tell, ev.Transfer.ID)
	v.count[how]++
	again := *ev
	if how == "transfer told twice" {
		again.Time += v.between(0, exchange.Second)
		v.push(again)
		return
	}
	again.Time += v.between(exchange.Second, 40*exchange.Second)
	v.push(again)
	// Something has to come in its place: a word about an order that nobody knows.
	*ev = exchange.Event{Kind: exchange.KindOrder, Time: ev.Time, Update: exchange.OrderUpdate{Status: exchange.StatusAccepted}}
}
