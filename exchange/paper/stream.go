package paper

import (
	"container/heap"
	"math"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

const never = exchange.Time(math.MaxInt64)

// inbound is a message on its way to the venue.
type inbound struct {
	at     exchange.Time // of arrival
	seq    uint64        // of sending; breaks ties
	answer exchange.Time // the latency of what it causes at once
	run    func(at exchange.Time)
}

// before orders messages by arrival, then by sending.
func (m *inbound) before(o *inbound) bool { return m.at < o.at || m.at == o.at && m.seq < o.seq }

type inboundHeap []inbound

func (h inboundHeap) Len() int           { return len(h) }
func (h inboundHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h inboundHeap) Less(i, j int) bool { return h[i].before(&h[j]) }
func (h *inboundHeap) Push(x any)        { *h = append(*h, x.(inbound)) }
func (h *inboundHeap) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	(*h)[last] = inbound{}
	*h = (*h)[:last]
	return x
}

// answer is an event on its way to us.
type answer struct {
	at, happened exchange.Time
	kind         exchange.Kind
	instrument   exchange.InstrumentID
	update       exchange.OrderUpdate
	fill         *exchange.Fill
	payment      *exchange.FundingPayment
	transfer     *exchange.Transfer
	wallet       exchange.Wallet
	asset        string
	amount       decimal.Decimal
	reason       string
}

// stream is one wallet's connection. What it answers keeps its order, as a
// venue's user data stream does: a slow answer holds up those behind it, which
// are then due at once. This is what makes the time of the next answer known
// before its cause has run: the first message to arrive is the first to be
// answered.
type stream struct {
	in   inboundHeap
	out  []answer
	head int
}

func (s *stream) send(m inbound) { heap.Push(&s.in, m) }

func (s *stream) receive() inbound { return heap.Pop(&s.in).(inbound) }

func (s *stream) push(a answer) {
	if s.head > 0 && s.head == len(s.out) {
		s.out, s.head = s.out[:0], 0
	}
	s.out = append(s.out, a)
}

// next returns when the next answer is due: every message on the stream of a
// wallet is answered, and at least once.
func (s *stream) next() exchange.Time {
	if s.head < len(s.out) {
		return s.out[s.head].at
	}
	if len(s.in) > 0 {
		return s.in[0].at + s.in[0].answer
	}
	return never
}

func (s *stream) pop() answer {
	a := s.out[s.head]
	s.out[s.head] = answer{}
	s.head++
	return a
}

// write puts the answer into ev, leaving alone the fields that its kind does
// not use.
func (a *answer) write(ev *exchange.Event) {
	ev.Kind, ev.Instrument = a.kind, a.instrument
	ev.Time, ev.VenueTime = a.at, a.happened
	switch a.kind {
	case exchange.KindOrder:
		ev.Update = a.update
	case exchange.KindFill:
		ev.Fill = a.fill
	case exchange.KindFundingPaid:
		ev.Payment = a.payment
	case exchange.KindTransfer:
		ev.Transfer = a.transfer
	case exchange.KindBalance:
		ev.Wallet, ev.Asset, ev.Amount, ev.Reason = a.wallet, a.asset, a.amount, a.reason
	}
}
