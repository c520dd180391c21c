package paper

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// Queue says how a resting order's place in the queue moves. Trades at its price
// always bring it forward; the models differ in what a shrinking level means.
type Queue struct {
	// Model is "risk_averse" (default): cancels are behind us, so only trades
	// bring us forward. Or one of the probabilistic models, in which a share of
	// the cancels was behind us, with b lots behind and f in front:
	//
	//	power   b^n / (b^n + f^n)
	//	power2  b^n / (b+f)^n
	//	power3  1 - (f/(f+b))^n
	//	log     ln(1+b) / (ln(1+b) + ln(1+f))
	//	log2    ln(1+b) / ln(1+b+f)
	//
	// They are those of hftbacktest, after Rigtorp's note on queue position.
	//
	// Or one of two bounds, between which every other model lies: "touch", nobody stands
	// before an order, which fills with the first trade at its price, in a bar also when
	// that only reaches it; and "through", everybody does, and only a market that goes
	// through its price fills it.
	Model string
	Power float64 // n; default 1
}

var queueModels = []string{"risk_averse", "log", "log2", "power", "power2", "power3", "touch", "through"}

// queueWords are the models as they are told to who gave another.
const queueWords = "risk_averse, log, log2, power:N, power2:N, power3:N, touch or through"

// ParseQueue reads a queue model: risk_averse, log, log2, power:N, power2:N,
// power3:N, touch or through.
func ParseQueue(s string) (Queue, error) {
	model, n, has := strings.Cut(s, ":")
	q := Queue{Model: model}
	if has {
		v, err := strconv.ParseFloat(n, 64)
		if err != nil || !(v > 0) {
			return q, fmt.Errorf("queue %q: want a power above 0 after the colon", s)
		}
		q.Power = v
	}
	if !slices.Contains(queueModels, model) {
		return q, fmt.Errorf("queue %q: want %s", s, queueWords)
	}
	return q, nil
}

// Text is the model as ParseQueue reads it.
func (q Queue) Text() string {
	if q.Power != 0 && strings.HasPrefix(q.Model, "power") {
		return fmt.Sprintf("%s:%g", q.Model, q.Power)
	}
	return q.Model
}

func (q Queue) withDefaults() (Queue, error) {
	if q.Model == "" {
		q.Model = "risk_averse"
	}
	if q.Power == 0 {
		q.Power = 1
	}
	if !slices.Contains(queueModels, q.Model) {
		return q, fmt.Errorf("queue model %q: want %s", q.Model, queueWords)
	}
	if !(q.Power > 0) || math.IsInf(q.Power, 0) {
		return q, fmt.Errorf("queue power %g: want a positive number", q.Power)
	}
	return q, nil
}

func (q Queue) String() string {
	switch q.Model {
	case "risk_averse":
		return "queue risk_averse, only trades at the price bring an order forward and cancels are behind it"
	case "log", "log2":
		return "queue " + q.Model + ", cancels are split between before and behind an order by probability"
	case "touch":
		return "queue touch, nobody stands before an order: an upper bound of fills"
	case "through":
		return "queue through, an order fills only when the market goes through its price: a lower bound of fills"
	}
	return fmt.Sprintf("queue %s n=%g, cancels are split between before and behind an order by probability", q.Model, q.Power)
}

// behind returns the probability that what left a level was behind us.
func (q Queue) behind(front, back float64) float64 {
	var p float64
	switch q.Model {
	case "power":
		b, f := math.Pow(back, q.Power), math.Pow(front, q.Power)
		p = b / (b + f)
	case "power2":
		p = math.Pow(back, q.Power) / math.Pow(back+front, q.Power)
	case "power3":
		p = 1 - math.Pow(front/(front+back), q.Power)
	case "log":
		b, f := math.Log1p(back), math.Log1p(front)
		p = b / (b + f)
	case "log2":
		p = math.Log1p(back) / math.Log1p(back+front)
	}
	if math.IsNaN(p) || math.IsInf(p, 0) {
		return 1
	}
	return p
}

// place is a resting order's place in the queue at its price, in lots. Front is
// infinite while the level has never been seen; it then fills only when the
// market trades through.
type place struct {
	front  float64
	traded float64       // at our price since the level last changed
	shown  exchange.Lots // the level when last seen
}

// trade moves the place forward by a public trade at our price, of which other
// orders of ours left us some, and returns how much of that reached us.
func (p *place) trade(public, left exchange.Lots) exchange.Lots {
	p.front -= float64(left)
	p.traded += float64(public)
	if p.front > -0.5 {
		return 0
	}
	exec := exchange.Lots(math.Round(-p.front))
	p.front = 0
	return exec
}

// depth moves the place for a level that now shows shown.
func (p *place) depth(shown exchange.Lots, model QueueModel) {
	gone := float64(p.shown) - float64(shown) - p.traded
	p.front = model.Front(p.front, float64(p.shown)-p.front, gone, float64(shown))
	p.shown, p.traded = shown, 0
}

// joins is a QueueModel that places an order itself when it joins a level; others have
// all that is shown before it.
type joins interface {
	// join returns the lots in front of an order where shown are displayed; known: the
	// level was seen.
	join(shown float64, known bool) float64
}

func (q Queue) join(shown float64, known bool) float64 {
	switch {
	case q.Model == "touch":
		return 0
	case q.Model == "through" || !known:
		return math.Inf(1)
	}
	return shown
}

// atTouch reports whether an order fills as soon as its price is reached.
func atTouch(m QueueModel) bool {
	q, ok := m.(Queue)
	return ok && q.Model == "touch"
}

// Front implements QueueModel. The conversions keep compilers from fusing a product and
// a sum, which would round differently on some machines.
func (q Queue) Front(front, back, gone, shown float64) float64 {
	switch q.Model {
	case "touch":
		return 0
	case "through":
		return math.Inf(1)
	}
	if q.Model == "risk_averse" || gone < 0 || math.IsInf(front, 0) {
		return min(front, shown)
	}
	prob := q.behind(front, back)
	est := front - float64((1-prob)*gone) + min(back-float64(prob*gone), 0)
	return max(0, min(est, shown))
}

// ahead returns what the market shows at a price, and whether that is known: a
// ticker says nothing of what lies behind the best quote.
func (mk *markets) ahead(s *slot, side exchange.Side, price exchange.Ticks) (exchange.Lots, bool) {
	if b := mk.depth(s); b != nil && b.Ready() {
		return b.Qty(side, price), true
	}
	best, ok := mk.level(s, side, 1)
	if ok && price == best.Price {
		return best.Qty, true
	}
	return 0, ok && !reaches(side, best.Price, price)
}

// join puts an order at the end of the queue at its price.
func (rs *resting) join(s *slot, o *order) {
	shown, known := rs.markets.ahead(s, o.Side, o.Price)
	o.queue = place{front: float64(shown), shown: shown}
	if own, ok := rs.opt.Models.Queue.(joins); ok {
		o.queue.front = own.join(float64(shown), known)
	} else if !known {
		o.queue.front = math.Inf(1)
	}
}

// requeue takes note of the level that an order rests at.
func (rs *resting) requeue(s *slot, o *order) {
	shown, known := rs.markets.ahead(s, o.Side, o.Price)
	if known && (shown != o.queue.shown || math.IsInf(o.queue.front, 1)) {
		o.queue.depth(shown, rs.opt.Models.Queue)
	}
}

// each calls step for every resting order, oldest first, though a step may end
// the order it is given; step reports a fill.
func (rs *resting) each(s *slot, at exchange.Time, step func(*order) bool) bool {
	filled := false
	for i := 0; i < len(s.orders); {
		o := s.orders[i]
		filled = step(o) || filled
		if i < len(s.orders) && s.orders[i] == o {
			i++
		}
	}
	if filled {
		rs.liquidator.after(s, at)
	}
	return filled
}

// onTrade fills resting orders by a public trade. Nobody gets more than was traded:
// orders of ours that it went through share it, the best price first, and what they
// leave reaches those at its price.
func (rs *resting) onTrade(s *slot, ev *exchange.Event) {
	left := rs.goThrough(s, ev)
	rs.each(s, ev.Time, func(o *order) bool {
		if o.Price != ev.Price || ev.Side == o.Side {
			return false
		}
		q := rs.fillResting(s, o, min(o.queue.trade(ev.Qty, left), o.left()), ev.Time)
		left -= q
		return q > 0
	})
}

// goThrough fills the orders that a trade went through, and returns what is left of
// it. What stood before them at their price is gone, or the trade would not have
// come by.
func (rs *resting) goThrough(s *slot, ev *exchange.Event) exchange.Lots {
	passed := rs.passed[:0]
	for _, o := range s.orders {
		if through(o, ev.Price) {
			passed = append(passed, o)
		}
	}
	rs.passed = passed
	if len(passed) == 0 {
		return ev.Qty
	}
	left := ev.Qty
	// A trade may take from a level that we took from when the book showed it.
	if t := s.taken.find(ev.Side.Opposite(), ev.Price); t != nil {
		left = max(0, left-t.qty)
	}
	slices.SortStableFunc(passed, nearer)
	filled := false
	for _, o := range passed {
		o.queue.front = 0
		q := rs.fillResting(s, o, min(o.left(), left), ev.Time)
		left, filled = left-q, filled || q > 0
	}
	if filled {
		rs.liquidator.after(s, ev.Time)
	}
	return left
}

// through reports whether a price is strictly beyond an order's own.
func through(o *order, price exchange.Ticks) bool {
	return reaches(o.Side, o.Price-exchange.Ticks(o.Side), price)
}

// onBook moves resting orders by a change of the book or the best quote, and
// fills what the market moved through, by displayed size.
func (rs *resting) onBook(s *slot, at exchange.Time) {
	if len(s.taken) > 0 {
		rs.markets.refresh(s, at)
	}
	filled := rs.each(s, at, func(o *order) bool {
		if rs.crossed(s, o, at) {
			return true
		}
		rs.requeue(s, o)
		return false
	})
	if !filled && s.held() && s.mark == 0 {
		rs.liquidator.watch(s, at)
	}
}

// crossed fills an order that the other side of the book has reached. In a book
// made from bars the touch is an estimate, and has to be passed; its levels give no
// more than is left of the bar's volume.
func (rs *resting) crossed(s *slot, o *order, at exchange.Time) bool {
	bound, want := o.Price, o.left()
	if s.synthetic && !atTouch(rs.opt.Models.Queue) {
		bound -= exchange.Ticks(o.Side)
	}
	if s.ended.bar != nil {
		want = min(want, s.ended.room)
	}
	if o.ReduceOnly {
		want = min(want, s.reducible(o.Side))
	}
	// Time heals a level for takers only: a resting order would otherwise trickle
	// away against one that the market has not touched.
	takes, got := rs.markets.walk(s, o.Side, bound, want, at, Impact{HalfLife: -1})
	if got == 0 {
		return false
	}
	for _, t := range takes {
		rs.markets.recordTaken(s, o.Side, t, at)
	}
	got = rs.fillResting(s, o, got, at)
	s.ended.room -= min(s.ended.room, got)
	return got > 0
}

// fillResting fills q of a resting order at its price, and returns how much it was.
func (rs *resting) fillResting(s *slot, o *order, q exchange.Lots, at exchange.Time) exchange.Lots {
	if o.ReduceOnly {
		q = min(q, s.reducible(o.Side))
	}
	if q <= 0 {
		return 0
	}
	rs.executions.post(s, o, exchange.Fill{Side: o.Side, Price: o.Price, Qty: q, Maker: true}, at)
	if o.left() == 0 {
		rs.registry.finish(s, o, exchange.StatusFilled, 0, "", at)
	}
	return q
}
