package simserver

// Queue adds a message of a front's own to those that Flush sends.
func (a *Account) Queue(m Message) { a.outbox = append(a.outbox, m) }

// Flush sends what was made, in order.
func (a *Account) Flush() {
	for _, m := range a.outbox {
		a.send(m)
	}
	a.discard()
}

// discard forgets what was made: what it tells of was refused and never happened.
func (a *Account) discard() {
	clear(a.outbox)
	a.outbox = a.outbox[:0]
}

func (a *Account) send(m Message) {
	if m.Segment != nil {
		m.Segment.front.Send(a, m)
	}
}

// tell has an event worded by the front of its segment.
func (a *Account) tell(ev Event) {
	if ev.Segment != nil {
		a.outbox = append(a.outbox, ev.Segment.front.Tell(a, ev)...)
	}
}

// report tells of a change of an order; t is the fill of Filled.
func (a *Account) report(o *Order, change OrderChange, t *Trade) {
	made := len(a.outbox)
	a.tell(Event{Kind: OrderChanged, Time: o.Updated, Segment: o.Market.Segment, Order: o, Change: change, Trade: t})
	if t != nil {
		a.s.faults.delay(a, o, made)
	}
	if o.Conditional != nil && !o.Open() {
		a.turn(o.Conditional, ConditionalFinished)
	}
}
