package simserver

import "slices"

// Queue adds a message of a front's own to those that Flush sends.
func (b *Outbox) Queue(m Message) { b.made = append(b.made, m) }

// Flush sends what was made, in order.
func (b *Outbox) Flush() {
	for _, m := range b.made {
		b.sendMessage(m)
	}
	b.discardMade()
}

// discardMade forgets what was made: what it tells of was refused and never happened.
func (b *Outbox) discardMade() {
	clear(b.made)
	b.made = b.made[:0]
}

func (b *Outbox) sendMessage(m Message) {
	if m.Segment != nil {
		m.Segment.front.Send(b.account, m)
	}
}

// queueEvent has an event worded by the front of its segment.
func (b *Outbox) queueEvent(ev Event) {
	if ev.Segment != nil && ev.Segment.front != nil { // a wallet that is no segment's hears nothing
		b.made = append(b.made, ev.Segment.front.Tell(b.account, ev)...)
	}
}

// queueFill has the event of a fill worded. A fault may keep it back, or another tell
// the order's part of it twice.
func (b *Outbox) queueFill(ev Event) {
	before := len(b.made)
	b.queueEvent(ev)
	if before == len(b.made) {
		return
	}
	seg, symbol := ev.Segment, ev.Order.Market.In.Symbol
	if b.faults.Strikes("duplicate_fill", seg, symbol) {
		b.made = slices.Insert(b.made, before, b.made[before])
	}
	f, hit := b.faults.Occasion("late_fill", seg, symbol)
	if !hit {
		return
	}
	b.faults.keepBack(b, b.made[before:], f.Millis)
	b.made = b.made[:before]
}
