package book

import "github.com/perilune/perilune/exchange"

// Limits of what waits for a snapshot: some minutes of a busy market, and no
// more memory than a broken snapshot endpoint may cost for every symbol.
const (
	maxPendingDiffs  = 5000
	maxPendingLevels = 8 << 20 / 16
)

// pending is a queue of diffs that wait for a snapshot. They are one unbroken
// chain: see Book.hold. Beyond its limits the oldest go, so that a newer
// snapshot is needed, never a wrong book served.
type pending struct {
	diffs  []held
	levels []exchange.Level // of diffs, in order: bids, then asks
}

type held struct {
	ids
	bids, asks int
}

func (p *pending) clear() { p.diffs, p.levels = p.diffs[:0], p.levels[:0] }

// judge compares a diff with the last one held; the first one always follows.
func (p *pending) judge(d ids) verdict {
	if len(p.diffs) == 0 {
		return follows
	}
	return chain{}.after(p.diffs[len(p.diffs)-1].ids).judge(d)
}

// push copies a diff to the end and returns how many had to go from the front.
func (p *pending) push(d ids, ev *exchange.Event) (dropped uint64) {
	n := len(ev.Bids) + len(ev.Asks)
	for len(p.diffs) > 0 && (len(p.diffs) >= maxPendingDiffs || len(p.levels)+n > maxPendingLevels) {
		p.drop()
		dropped++
	}
	p.diffs = append(p.diffs, held{d, len(ev.Bids), len(ev.Asks)})
	p.levels = append(append(p.levels, ev.Bids...), ev.Asks...)
	return dropped
}

// drop removes the oldest diff. Reslicing gives the room back at the next growth
// of the slice, which copies only what is left.
func (p *pending) drop() {
	n := p.diffs[0].bids + p.diffs[0].asks
	p.diffs, p.levels = p.diffs[1:], p.levels[n:]
}

// pop removes the oldest diff and puts its levels in ev, valid until the next push.
func (p *pending) pop(ev *exchange.Event) (ids, bool) {
	if len(p.diffs) == 0 {
		return ids{}, false
	}
	d := p.diffs[0]
	ev.Bids = p.levels[:d.bids]
	ev.Asks = p.levels[d.bids : d.bids+d.asks]
	p.drop()
	return d.ids, true
}

// after returns the first diff that a snapshot with this id does not make old.
// When the snapshot is newer than all of them there is none.
func (p *pending) after(id int64) (ids, bool) {
	for _, d := range p.diffs {
		if (chain{last: id}).judge(d.ids) != old {
			return d.ids, true
		}
	}
	return ids{}, false
}
