package notify

import (
	"errors"
	"time"

	"github.com/perilune/perilune/exchange/intent"
)

// State is what became of a delivery.
type State string

// The states of a delivery.
const (
	Waiting  State = "waiting"
	Sent     State = "sent"
	Failed   State = "failed"   // it was refused for good, or given up
	Dropped  State = "dropped"  // there was no room for it any more
	Repeated State = "repeated" // it said what was sent minutes before, and was not sent again
)

// Delivery is a notice on its way to one target.
type Delivery struct {
	Notice
	Target   string
	State    State
	Attempts int
	Next     time.Time // of the next try; zero: as soon as may be
	Error    string    // of the last try
	Made     time.Time // by this machine's clock
}

// Bounds of a queue.
const (
	queueMost  = 256 // notices that wait for a target
	batchMost  = 20  // notices in one message
	firstPause = 2 * time.Second
	longPause  = 5 * time.Minute
	spacing    = time.Second // between two messages: the least that the chats ask for
)

// queue is what waits for a target. It is pure: every time is passed in.
type queue struct {
	target *Target
	giveUp time.Duration
	room   int // bytes of a message

	list     []*pending
	failures int       // tries in a row
	free     time.Time // before then nothing is tried
}

type pending struct {
	Delivery
	alone bool // the message that it was in was refused
}

// add takes a delivery. What it returns has a new state: one that there is no room for any
// more, the least severe and oldest.
func (q *queue) add(d Delivery) (dropped []Delivery) {
	q.list = append(q.list, &pending{Delivery: d})
	if len(q.list) <= queueMost {
		return nil
	}
	worst := 0
	for i, p := range q.list {
		if p.Severity < q.list[worst].Severity {
			worst = i
		}
	}
	p := q.list[worst]
	q.list = append(q.list[:worst], q.list[worst+1:]...)
	p.State, p.Error = Dropped, "256 notices wait already"
	return []Delivery{p.Delivery}
}

// expire gives up what is too old.
func (q *queue) expire(now time.Time) (out []Delivery) {
	kept := q.list[:0]
	for _, p := range q.list {
		if now.Sub(p.Made) < q.giveUp {
			kept = append(kept, p)
			continue
		}
		why := "it was never tried"
		if p.Error != "" {
			why = "the last try: " + p.Error
		}
		p.State, p.Error = Failed, cut("given up after "+q.giveUp.String()+"; "+why, textMost)
		out = append(out, p.Delivery)
	}
	clear(q.list[len(kept):])
	q.list = kept
	return out
}

// take returns what is to be sent now, at once, or how long until something is; negative:
// nothing waits.
func (q *queue) take(now time.Time) (batch []*pending, wait time.Duration) {
	wait = -1
	size := 0
	release := q.released(now)
	for _, p := range q.list {
		at := q.due(p, release)
		if at.Before(q.free) {
			at = q.free
		}
		if d := at.Sub(now); d > 0 {
			if wait < 0 || d < wait {
				wait = d
			}
			continue
		}
		size += len(p.line()) + 1
		if len(batch) > 0 && (p.alone || batch[0].alone || len(batch) == batchMost || size > q.room) {
			break
		}
		batch = append(batch, p)
	}
	if len(batch) > 0 {
		wait = 0
	}
	return batch, wait
}

// released is when what is not critical may be told.
func (q *queue) released(now time.Time) time.Time {
	first := now
	for _, p := range q.list {
		if p.Severity < intent.Critical && p.Made.Before(first) {
			first = p.Made
		}
	}
	at := first.Add(q.target.Digest)
	if q.target.Digest == 0 || at.Before(now) {
		at = now
	}
	return q.target.Quiet.until(at)
}

func (q *queue) due(p *pending, release time.Time) time.Time {
	if p.Severity >= intent.Critical {
		return time.Time{}
	}
	return release
}

// settle takes what came of a batch, and returns its deliveries as they are now.
func (q *queue) settle(batch []*pending, err error, now time.Time) (out []Delivery) {
	var no refused
	var later delayed
	switch {
	case err == nil:
		q.failures, q.free = 0, now.Add(spacing)
	case errors.As(err, &no):
		q.free = now.Add(spacing)
	default:
		q.failures++
		pause := min(firstPause<<min(q.failures-1, 16), longPause)
		if errors.As(err, &later) {
			pause = max(later.after, spacing)
		}
		q.free = now.Add(pause)
	}
	for _, p := range batch {
		p.Attempts++
		p.Error, p.Next = "", time.Time{}
		switch {
		case err == nil:
			p.State = Sent
		case errors.As(err, &no) && len(batch) == 1:
			p.State, p.Error = Failed, cut("refused: "+err.Error(), textMost)
		default:
			p.alone = errors.As(err, &no)
			p.Error, p.Next = cut(err.Error(), textMost), q.free
		}
		out = append(out, p.Delivery)
	}
	kept := q.list[:0]
	for _, p := range q.list {
		if p.State == Waiting {
			kept = append(kept, p)
		}
	}
	clear(q.list[len(kept):])
	q.list = kept
	return out
}
