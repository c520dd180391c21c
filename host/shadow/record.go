package shadow

import (
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/core"
)

// Record is what one strategy did over a time. Values are in quote currency, floats: they
// compare two versions and book nothing.
type Record struct {
	From, To       exchange.Time
	Orders         int // that were sent, those of its pairs and schedules too
	Cancels        int
	Fills          int
	Rejected       int // by the venue
	Peak           int // orders, denied ones too, and cancels of the busiest minute
	Denied         []Denial
	Errors         []Fault // of callbacks; the first few
	Faults         int     // how many there were
	Paused         string  // why it was; "": it was not
	Halted         string  // why the kill latch was tripped meanwhile; "": it was not
	Reopened       []Reopened
	Traded         []Traded        // by instrument
	StartEq, EndEq decimal.Decimal // of the account, of what has a price

	strategy int32
	u        *exchange.Universe
	held     []held // by instrument
	scratch  []core.Exposure
	at       exchange.Time // when the exposure was looked at last
	span     exchange.Time // that it was looked at for
	minute   exchange.Time // that is counted
	inMinute int
	pairs    map[exchange.PairID]bool
	traded   bool  // since the exposure was looked at
	refused  error // of the last swap
}

// Denial is what the gate refused by one rule.
type Denial struct {
	Rule, First string // the first refusal, in the gate's words
	Count       int
}

// Fault is an error of a callback.
type Fault struct {
	Handler, Text string
	At            exchange.Time
}

// Reopened is how often a pair of the same legs was opened.
type Reopened struct {
	Spot, Perp exchange.InstrumentID
	Count      int
}

// Traded is what was traded in an instrument.
type Traded struct {
	Instrument exchange.InstrumentID
	Bought     float64 // value
	Sold       float64
	Turns      int // from buying to selling or back
	last       exchange.Side
}

// held adds up what was held of an instrument over time.
type held struct {
	now, sum, abs, most float64 // most is of the absolute value
}

// keptErrors is how many errors a record keeps the words of.
const keptErrors = 5

// NewRecord returns the record of a strategy that has done nothing.
func NewRecord(strategy int32, u *exchange.Universe) *Record {
	return &Record{strategy: strategy, u: u, held: make([]held, u.Len()), pairs: map[exchange.PairID]bool{}}
}

func (r *Record) begin(c *core.Core, at exchange.Time) {
	r.From, r.To, r.at, r.minute = at, at, at, at
	for _, p := range c.OpenPairs() {
		r.pairs[p.ID] = true
	}
	r.expose(c, at)
	r.StartEq = c.Equity()
}

func (r *Record) end(c *core.Core, at exchange.Time) {
	r.expose(c, at)
	r.To, r.EndEq = at, c.Equity()
}

// Take notes an effect of the strategy's.
func (r *Record) Take(e *core.Effect) {
	if b, ok := e.Body.(*core.HaltChanged); ok {
		r.Halted = b.Reason
	}
	if e.Strategy != r.strategy {
		return
	}
	r.To = e.Time
	switch b := e.Body.(type) {
	case core.Submit:
		r.Orders++
		r.count(e.Time)
	case core.Cancel:
		r.Cancels++
		r.count(e.Time)
	case core.OrderChanged:
		switch b.Order.Status {
		case exchange.StatusDenied:
			r.deny(b.Order.Reason)
			r.count(e.Time)
		case exchange.StatusRejected:
			r.Rejected++
		}
	case *core.Filled:
		r.Fills++
		r.trade(b.Fill)
		r.traded = true
	case core.PairChanged:
		r.pair(&b.Pair)
	case core.VersionChanged:
		if r.refused = nil; !b.Loaded {
			r.refused = errors.New(b.Problem)
		}
	}
}

// count counts an order or a cancel in its minute.
func (r *Record) count(at exchange.Time) {
	if at >= r.minute+exchange.Minute {
		r.minute, r.inMinute = at, 0
	}
	r.inMinute++
	r.Peak = max(r.Peak, r.inMinute)
}

// surroundings are the rules by which no version is to blame for what they deny.
var surroundings = []string{"kill latch", "account", "late feed", "stale book", "stopping", "held", "read-only"}

// deny notes a refusal: "risk: RULE: detail".
func (r *Record) deny(reason string) {
	rule, _, _ := strings.Cut(strings.TrimPrefix(reason, "risk: "), ":")
	if slices.Contains(surroundings, rule) {
		return
	}
	for i := range r.Denied {
		if r.Denied[i].Rule == rule {
			r.Denied[i].Count++
			return
		}
	}
	r.Denied = append(r.Denied, Denial{rule, reason, 1})
}

func (r *Record) trade(f *exchange.Fill) {
	at := 0
	for at < len(r.Traded) && r.Traded[at].Instrument != f.Instrument {
		at++
	}
	if at == len(r.Traded) {
		r.Traded = append(r.Traded, Traded{Instrument: f.Instrument})
	}
	t := &r.Traded[at]
	if t.last != 0 && t.last != f.Side {
		t.Turns++
	}
	t.last = f.Side
	if v := r.u.Get(f.Instrument).NotionalFloat(f.Price, f.Qty); f.Side == exchange.Buy {
		t.Bought += v
	} else {
		t.Sold += v
	}
}

func (r *Record) pair(p *intent.Pair) {
	if r.pairs[p.ID] {
		return
	}
	r.pairs[p.ID] = true
	for i := range r.Reopened {
		if x := &r.Reopened[i]; x.Spot == p.Spot && x.Perp == p.Perp {
			x.Count++
			return
		}
	}
	r.Reopened = append(r.Reopened, Reopened{p.Spot, p.Perp, 1})
}

// fault notes errors of callbacks since the last look, and a pause.
func (r *Record) fault(c *core.Core) {
	r.Paused = c.Paused(int(r.strategy))
	f := c.Faults(int(r.strategy))
	if f.Count == r.Faults {
		return
	}
	r.Faults = f.Count
	if len(r.Errors) < keptErrors {
		handler, text, _ := strings.Cut(f.Last, ": ")
		r.Errors = append(r.Errors, Fault{handler, text, f.At})
	}
}

// expose notes what is held, and for how long it was.
func (r *Record) expose(c *core.Core, now exchange.Time) {
	passed := float64(now - r.at)
	r.span, r.at = r.span+now-r.at, now
	r.scratch = core.Onlooker{C: c}.Exposures(r.strategy, r.scratch[:0])
	next := r.scratch
	for i := range r.held {
		h := &r.held[i]
		if h.now != 0 {
			h.sum, h.abs = h.sum+h.now*passed, h.abs+math.Abs(h.now)*passed
		}
		h.now = 0
		if len(next) > 0 && int(next[0].Instrument) == i {
			h.now, next = next[0].Value, next[1:]
			h.most = max(h.most, math.Abs(h.now))
		}
	}
}

// Gross is the largest sum of what was held of all instruments, long and short; it is at
// least what was held at once.
func (r *Record) Gross() float64 {
	sum := 0.0
	for i := range r.held {
		sum += r.held[i].most
	}
	return sum
}

// Mean is what was held of an instrument in the mean over time, and the mean of its absolute
// value.
func (r *Record) Mean(id exchange.InstrumentID) (signed, absolute float64) {
	if r.span <= 0 {
		return r.held[id].now, math.Abs(r.held[id].now)
	}
	return r.held[id].sum / float64(r.span), r.held[id].abs / float64(r.span)
}

// Minutes is how long it is, at least one.
func (r *Record) Minutes() float64 {
	return max(1, float64(r.To-r.From)/float64(exchange.Minute))
}

// Value is what was bought and sold, in quote currency.
func (r *Record) Value() (sum float64) {
	for i := range r.Traded {
		sum += r.Traded[i].Bought + r.Traded[i].Sold
	}
	return sum
}

// Denials is how many orders the gate refused.
func (r *Record) Denials() (n int) {
	for i := range r.Denied {
		n += r.Denied[i].Count
	}
	return n
}

// turns is how often what was traded in an instrument turned.
func (r *Record) turns(id exchange.InstrumentID) int {
	for i := range r.Traded {
		if r.Traded[i].Instrument == id {
			return r.Traded[i].Turns
		}
	}
	return 0
}

func (r *Record) reopened(spot, perp exchange.InstrumentID) int {
	for i := range r.Reopened {
		if r.Reopened[i].Spot == spot && r.Reopened[i].Perp == perp {
			return r.Reopened[i].Count
		}
	}
	return 0
}
