// Package risk is the gate that every order passes before a venue sees it,
// whoever asked for it. It is pure: it is told the time and the state of the
// market, and answers with nil or with the rule that was broken and the numbers.
//
// Orders that can only make a position smaller pass a relaxed set: only the
// rate limit's reserve and the price collar hold them, because refusing to
// reduce is itself a risk.
//
// The rules follow RTS 6 art. 15 and the FIA best practices for automated
// trading: order value, price collar, message rate, position, loss, and a kill
// latch that only a person lifts.
package risk

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Limits are the numbers of the gate. A zero value means the default named
// with the field; a negative one switches the rule off.
type Limits struct {
	MaxOrderNotional    decimal.Decimal // quote value of one order; default 50 000
	MaxPositionNotional decimal.Decimal // quote value of one instrument's position after the order; default 250 000
	CollarBP            float64         // how far a limit may lie on the taking side of mid, in bp; default 100
	OrdersPerSecond     float64         // sustained rate over all strategies; default 20
	OrderBurst          int             // orders that may come at once; default 40
	StaleAfter          exchange.Time   // book age that blocks opening; default 5 s
	MaxOpenOrders       int             // working orders of the account; default 200
	DailyLoss           decimal.Decimal // loss since 00:00 UTC that trips the latch, fraction of equity; default 0.05
	// MaxBorrowed is the value of all coins that may be borrowed together, in the account's
	// currency. 0: none may, because a debt is a risk that somebody should have agreed to.
	MaxBorrowed decimal.Decimal `json:",omitzero"`
	// MaxFeedLatency is how late a venue's market data may come, at the median of its last
	// messages, for new risk there; 0: as late as it likes. Orders that reduce, cancels and
	// orders that hedge a pair go on. WarnFeedLatency is what is warned of; 0: half of the
	// former.
	MaxFeedLatency  exchange.Time `json:",omitempty"`
	WarnFeedLatency exchange.Time `json:",omitempty"`
}

// WithDefaults fills what is zero.
func (l Limits) WithDefaults() Limits {
	def := func(d *decimal.Decimal, v string) {
		if d.IsZero() {
			*d = decimal.RequireFromString(v)
		}
	}
	def(&l.MaxOrderNotional, "50000")
	def(&l.MaxPositionNotional, "250000")
	def(&l.DailyLoss, "0.05")
	if l.CollarBP == 0 {
		l.CollarBP = 100
	}
	if l.OrdersPerSecond == 0 {
		l.OrdersPerSecond = 20
	}
	if l.OrderBurst == 0 {
		l.OrderBurst = 40
	}
	if l.StaleAfter == 0 {
		l.StaleAfter = 5 * exchange.Second
	}
	if l.WarnFeedLatency == 0 {
		l.WarnFeedLatency = l.MaxFeedLatency / 2
	}
	if l.MaxOpenOrders == 0 {
		l.MaxOpenOrders = 200
	}
	return l
}

// Market is what the gate needs to know of an order's surroundings.
type Market struct {
	Now      exchange.Time
	Ready    bool          // the book is live and has two sides
	Lost     string        // why it is not Ready
	Age      exchange.Time // since the book's last update
	Late     string        // why the market data of its venue is too late for new risk; "": it is not
	Hedge    bool          // the order makes the legs of a pair more alike
	Bid, Ask exchange.Ticks
	Position exchange.Lots // signed, of the account
	// Pending is the signed quantity of working orders on the order's side.
	Pending    exchange.Lots
	OpenOrders int
	Borrowed   decimal.Decimal // what would be owed after an order that borrows, in the account's currency
}

// Denied says which rule refused an order. It is an expected outcome, and
// reaches the strategy as an order event.
type Denied struct{ Rule, Detail string }

func (d *Denied) Error() string { return "risk: " + d.Rule + ": " + d.Detail }

// Gate holds the limits and what must be remembered between orders. The core
// owns it.
type Gate struct {
	limits Limits
	rules  []Rule
	shown  exchange.Instrument // to a rule: a copy, on memory that is used again

	tokens   float64
	tokensAt exchange.Time

	day       exchange.Time // the UTC day that dayEquity belongs to
	dayEquity decimal.Decimal

	latched string
	held    string
}

// New returns a gate with the given limits, and rules that are asked after its own.
func New(l Limits, rules ...Rule) *Gate {
	l = l.WithDefaults()
	return &Gate{limits: l, rules: rules, tokens: float64(l.OrderBurst)}
}

// Limits returns the limits in force.
func (g *Gate) Limits() Limits { return g.limits }

// Kill trips the latch: from now on only reducing orders pass. The first
// reason is kept.
func (g *Gate) Kill(reason string) bool {
	if g.latched != "" {
		return false
	}
	g.latched = reason
	return true
}

// Killed returns why the latch is tripped, or "".
func (g *Gate) Killed() string { return g.latched }

// Resume lifts the latch; a person asks for this.
func (g *Gate) Resume() { g.latched = "" }

// Hold lets only reducing orders pass for now. It reports whether that is new.
func (g *Gate) Hold(reason string) bool {
	news := g.held == ""
	g.held = reason
	return news
}

// Release ends a Hold and reports whether there was one.
func (g *Gate) Release() bool {
	held := g.held != ""
	g.held = ""
	return held
}

// Today is the equity at 00:00 UTC, 0 when it is not known, and how many orders may be
// sent at once. It counts nothing.
func (g *Gate) Today(now exchange.Time) (equity decimal.Decimal, tokens float64) {
	if now/exchange.Day == g.day {
		equity = g.dayEquity
	}
	since := float64(max(0, now-g.tokensAt)) / float64(exchange.Second)
	return equity, min(float64(g.limits.OrderBurst), g.tokens+since*g.limits.OrdersPerSecond)
}

// Observe shows the gate and its rules the account's equity. It trips the latch, and
// says so, when the loss since midnight UTC is beyond the limit.
func (g *Gate) Observe(now exchange.Time, equity decimal.Decimal) (tripped string) {
	if tripped = g.show(now, equity); tripped != "" {
		return tripped
	}
	if day := now / exchange.Day; day != g.day || g.dayEquity.IsZero() {
		g.day, g.dayEquity = day, equity
		return ""
	}
	if g.limits.DailyLoss.IsNegative() || !g.dayEquity.IsPositive() {
		return ""
	}
	floor := g.dayEquity.Mul(decimal.NewFromInt(1).Sub(g.limits.DailyLoss))
	if equity.GreaterThanOrEqual(floor) {
		return ""
	}
	reason := fmt.Sprintf("daily loss: equity %s is below %s (%s at 00:00 UTC less %s)",
		equity.StringFixed(2), floor.StringFixed(2), g.dayEquity.StringFixed(2), percent(g.limits.DailyLoss))
	if !g.Kill(reason) {
		return ""
	}
	return reason
}

// Check says whether an order may be sent, without counting it.
func (g *Gate) Check(in *exchange.Instrument, o *exchange.Order, m Market) error {
	reducing := Reducing(o, m.Position, m.Pending)
	if err := g.rate(m.Now, reducing); err != nil {
		return err
	}
	if err := g.price(in, o, m); err != nil {
		return err
	}
	if reducing {
		return nil
	}
	if g.latched != "" {
		return &Denied{"kill latch", g.latched}
	}
	if g.held != "" {
		return &Denied{"account", g.held}
	}
	if m.Late != "" && !m.Hedge {
		return &Denied{"late feed", m.Late}
	}
	if err := g.stale(in, m); err != nil {
		return err
	}
	if err := g.size(in, o, m); err != nil {
		return err
	}
	if o.Borrow {
		if err := g.limits.Borrow(m.Borrowed); err != nil {
			return err
		}
	}
	return g.checkRules(in, o, m)
}

// Borrow says why coins may not be borrowed, or nil: value is that of all that would be owed.
func (l *Limits) Borrow(value decimal.Decimal) error {
	switch {
	case l.MaxBorrowed.IsZero():
		return &Denied{"borrowed", "nothing may be borrowed: max_borrowed in [risk] says up to what value"}
	case over(value, l.MaxBorrowed):
		return &Denied{"borrowed", fmt.Sprintf("coins worth %s would be borrowed (max_borrowed %s)", value.StringFixed(2), l.MaxBorrowed)}
	}
	return nil
}

// Count takes one order out of the rate budget; call it for every order sent.
func (g *Gate) Count(now exchange.Time) {
	g.refill(now)
	g.tokens--
}

// Reducing reports whether an order can only shrink the position it meets,
// even if everything pending on its side fills as well.
func Reducing(o *exchange.Order, position, pending exchange.Lots) bool {
	if o.ReduceOnly {
		return true
	}
	after := position + pending + exchange.Lots(o.Side)*o.Qty
	switch {
	case position > 0:
		return o.Side == exchange.Sell && after >= 0
	case position < 0:
		return o.Side == exchange.Buy && after <= 0
	}
	return false
}

// reserve is the part of the burst that only reducing orders may use.
func (g *Gate) reserve() float64 { return float64(g.limits.OrderBurst) / 4 }

func (g *Gate) refill(now exchange.Time) {
	if now > g.tokensAt {
		g.tokens += float64(now-g.tokensAt) / float64(exchange.Second) * g.limits.OrdersPerSecond
		g.tokensAt = now
	}
	g.tokens = min(g.tokens, float64(g.limits.OrderBurst))
}

func (g *Gate) rate(now exchange.Time, reducing bool) error {
	if g.limits.OrdersPerSecond < 0 {
		return nil
	}
	g.refill(now)
	need := 1.0
	if !reducing {
		need += g.reserve()
	}
	if g.tokens >= need {
		return nil
	}
	return &Denied{"order rate", fmt.Sprintf("over %g orders a second (burst %d, a quarter of it kept for reducing orders)",
		g.limits.OrdersPerSecond, g.limits.OrderBurst)}
}

// price refuses a limit that is through the other side by more than the collar.
// A limit that rests far away is no danger; one that takes far away is.
func (g *Gate) price(in *exchange.Instrument, o *exchange.Order, m Market) error {
	if g.limits.CollarBP < 0 || o.Type != exchange.Limit || !m.Ready {
		return nil
	}
	mid := float64(m.Bid+m.Ask) / 2
	away := float64(o.Side) * (float64(o.Price) - mid) / mid * 1e4
	if away <= g.limits.CollarBP {
		return nil
	}
	return &Denied{"price collar", fmt.Sprintf("%s %s at %s is %.1f bp through mid %g (limit %g bp)",
		o.Side, in.Key(), in.PriceDecimal(o.Price), away, in.Tick.Float(1)*mid, g.limits.CollarBP)}
}

func (g *Gate) stale(in *exchange.Instrument, m Market) error {
	if !m.Ready {
		return &Denied{"stale book", in.Key() + " has no live book: " + m.Lost}
	}
	if g.limits.StaleAfter > 0 && m.Age > g.limits.StaleAfter {
		return &Denied{"stale book", fmt.Sprintf("%s was last updated %s ago (limit %s)",
			in.Key(), seconds(m.Age), seconds(g.limits.StaleAfter))}
	}
	return nil
}

func (g *Gate) size(in *exchange.Instrument, o *exchange.Order, m Market) error {
	if m.OpenOrders >= g.limits.MaxOpenOrders && g.limits.MaxOpenOrders > 0 {
		return &Denied{"open orders", fmt.Sprintf("%d are working (limit %d)", m.OpenOrders, g.limits.MaxOpenOrders)}
	}
	price := o.Price
	if o.Type != exchange.Limit {
		price = m.Ask
	}
	if v := in.Notional(price, o.Qty); over(v, g.limits.MaxOrderNotional) {
		return &Denied{"order notional", fmt.Sprintf("%s %s %s is worth %s (limit %s)",
			o.Side, in.QtyDecimal(o.Qty), in.Key(), v.StringFixed(2), g.limits.MaxOrderNotional)}
	}
	after := (m.Position + m.Pending + exchange.Lots(o.Side)*o.Qty).Abs()
	if v := in.Notional(price, after); over(v, g.limits.MaxPositionNotional) {
		return &Denied{"position notional", fmt.Sprintf("%s would reach %s (limit %s)",
			in.Key(), v.StringFixed(2), g.limits.MaxPositionNotional)}
	}
	return nil
}

func over(v, limit decimal.Decimal) bool { return limit.IsPositive() && v.GreaterThan(limit) }

func seconds(t exchange.Time) string {
	return fmt.Sprintf("%.1f s", float64(t)/float64(exchange.Second))
}

func percent(d decimal.Decimal) string { return d.Shift(2).String() + " %" }
