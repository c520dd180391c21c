package twin

import (
	"cmp"
	"math"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Report is how wrong paper was about real orders.
type Report struct {
	From, To exchange.Time
	Orders   int // that were sent
	Left     int // of them, that are in no figure: they are under way, or older than is kept
	// Taking are orders that must fill at once, Resting those that may wait.
	Taking, Resting Group
	Funding         []Funding
	Money           []Money
	Rows            []Row // oldest first
}

// Group is what is said of orders of one kind. Ratios and means are not defined, and NaN,
// where there is nothing to make them of.
type Group struct {
	Orders    int
	Real      Side
	Paper     Side
	OnlyReal  int // filled by the venue, wholly or in part, and not on paper
	OnlyPaper int // the reverse
	Refused   int // by paper alone
	// FillError is the mean of how far the filled fractions of an order are apart, 0 to 1.
	FillError float64
	// PriceError is how much better paper's price was than the real one, in bp of it, of orders
	// that both filled; weighted by what was filled. Above 0 paper flatters.
	PriceError float64
	// PriceMiss is the same without its sign, order by order.
	PriceMiss float64

	priced float64
}

// Side is what one of the two venues did.
type Side struct {
	Filled     float64 // what was filled, of what was ordered, by value
	Maker      float64 // of what was filled
	FirstFill  float64 // median seconds from sending to the first fill
	Answer     float64 // median seconds from sending to the first word
	Fees       decimal.Decimal
	ordered    float64
	worth      float64
	makerWorth float64
	firsts     []float64
	answers    []float64
}

// Funding is what was received in an asset.
type Funding struct {
	Asset       string
	Real, Paper decimal.Decimal
}

// Money is what came of all orders in a currency: cash received less paid, and what is left
// of them at the last price, after fees and without funding.
type Money struct {
	Currency    string
	Real, Paper decimal.Decimal
}

// Row is one order.
type Row struct {
	Pair       *Pair
	Instrument *exchange.Instrument
	RealPrice  decimal.Decimal // 0: no fill
	PaperPrice decimal.Decimal
	RealFees   decimal.Decimal // quote
	PaperFees  decimal.Decimal
	RealPnL    decimal.Decimal // quote, at the last price, after fees
	PaperPnL   decimal.Decimal
	PriceError float64 // bp, above 0: paper was better; NaN: not both were filled
}

// Report compares what was real and what was paper, up to now.
func (t *Twin) Report() *Report {
	r := &Report{From: t.began, To: t.now, Orders: t.gone + len(t.list), Left: t.gone}
	for _, p := range t.list {
		if !p.ended() {
			r.Left++
			continue
		}
		r.Rows = append(r.Rows, t.row(p))
	}
	r.sum()
	r.Funding = t.funding()
	return r
}

// Part is the report of some of the orders, from one to before another, as far as there are
// so many; what is not of orders is left out.
func (r *Report) Part(from, to int) *Report {
	to = min(to, len(r.Rows))
	from = min(from, to)
	p := &Report{From: r.From, To: r.To, Orders: to - from, Rows: r.Rows[from:to]}
	p.sum()
	return p
}

func (r *Report) sum() {
	money := map[string]*Money{}
	for i := range r.Rows {
		row := &r.Rows[i]
		g := &r.Resting
		if !row.Pair.Order.Rests() {
			g = &r.Taking
		}
		g.add(row)
		quote := row.Instrument.Quote
		m := money[quote]
		if m == nil {
			m = &Money{Currency: quote}
			money[quote] = m
		}
		m.Real, m.Paper = m.Real.Add(row.RealPnL), m.Paper.Add(row.PaperPnL)
	}
	r.Taking.close()
	r.Resting.close()
	for _, m := range money { // order does not matter: sorted below
		r.Money = append(r.Money, *m)
	}
	slices.SortFunc(r.Money, func(a, b Money) int { return cmp.Compare(a.Currency, b.Currency) })
}

func (t *Twin) funding() (out []Funding) {
	byAsset := map[string]*Funding{}
	for side, paid := range t.paid {
		for asset, amount := range paid { // order does not matter: sorted below
			f := byAsset[asset]
			if f == nil {
				f = &Funding{Asset: asset}
				byAsset[asset] = f
			}
			if side == realSide {
				f.Real = amount
			} else {
				f.Paper = amount
			}
		}
	}
	for _, f := range byAsset { // order does not matter: sorted below
		out = append(out, *f)
	}
	slices.SortFunc(out, func(a, b Funding) int { return cmp.Compare(a.Asset, b.Asset) })
	return out
}

// last is the price that what is left is valued at: the middle of the book, else what was
// paid.
func (t *Twin) last(p *Pair) decimal.Decimal {
	if b := t.o.Books(p.in.ID); b != nil && b.Ready() {
		bid, ok1 := b.Level(exchange.Buy, 1)
		ask, ok2 := b.Level(exchange.Sell, 1)
		if ok1 && ok2 {
			return p.in.PriceDecimal(bid.Price).Add(p.in.PriceDecimal(ask.Price)).Div(decimal.NewFromInt(2))
		}
	}
	return p.Real.price(p.in)
}

func (t *Twin) row(p *Pair) Row {
	last := t.last(p)
	r := Row{Pair: p, Instrument: p.in, RealPrice: p.Real.price(p.in), PaperPrice: p.Paper.price(p.in),
		RealFees: p.Real.fees, PaperFees: p.Paper.fees, RealPnL: p.pnl(&p.Real, last), PaperPnL: p.pnl(&p.Paper, last), PriceError: math.NaN()}
	if p.Real.Filled > 0 && p.Paper.Filled > 0 {
		diff := r.RealPrice.Sub(r.PaperPrice).Mul(decimal.NewFromInt(int64(p.Order.Side)))
		r.PriceError = 1e4 * diff.InexactFloat64() / r.RealPrice.InexactFloat64()
	}
	return r
}

// pnl values what an order came to at a price. Of inverse contracts the size is in the quote
// currency and the profit in coins, which are valued at that price.
func (p *Pair) pnl(o *Outcome, last decimal.Decimal) decimal.Decimal {
	if o.Filled == 0 || last.IsZero() {
		return o.fees.Neg()
	}
	side, qty := decimal.NewFromInt(int64(p.Order.Side)), p.in.QtyDecimal(o.Filled)
	if p.in.Inverse() {
		move := last.Sub(o.price(p.in)).DivRound(o.price(p.in), 16)
		return side.Mul(qty).Mul(p.in.ContractSize).Mul(move).Sub(o.fees)
	}
	return side.Mul(last.Mul(qty).Sub(o.worth)).Sub(o.fees)
}

func (g *Group) add(r *Row) {
	p := r.Pair
	g.Orders++
	real, onPaper := p.fraction(&p.Real), p.fraction(&p.Paper)
	g.FillError += math.Abs(real - onPaper)
	switch {
	case real > 0 && onPaper == 0:
		g.OnlyReal++
	case real == 0 && onPaper > 0:
		g.OnlyPaper++
	}
	if p.Paper.Status == exchange.StatusRejected && p.Real.Status != exchange.StatusRejected {
		g.Refused++
	}
	price := cmp.Or(r.RealPrice.InexactFloat64(), r.PaperPrice.InexactFloat64(), p.in.PriceFloat(p.Order.Price))
	value := func(q exchange.Lots) float64 {
		if p.in.Inverse() {
			return p.in.QtyFloat(q)
		}
		return price * p.in.QtyFloat(q)
	}
	g.Real.add(p, &p.Real, value)
	g.Paper.add(p, &p.Paper, value)
	if both := value(min(p.Real.Filled, p.Paper.Filled)); both > 0 {
		g.priced += both
		g.PriceError += both * r.PriceError
		g.PriceMiss += both * math.Abs(r.PriceError)
	}
}

func (p *Pair) fraction(o *Outcome) float64 {
	return min(1, float64(o.Filled)/float64(max(1, p.Order.Qty)))
}

func (s *Side) add(p *Pair, o *Outcome, value func(exchange.Lots) float64) {
	s.ordered += value(p.Order.Qty)
	s.worth += value(o.Filled)
	s.makerWorth += value(o.Maker)
	s.Fees = s.Fees.Add(o.fees)
	if o.First != 0 {
		s.firsts = append(s.firsts, float64(o.First-p.Sent)/float64(exchange.Second))
	}
	if o.Answered != 0 {
		s.answers = append(s.answers, float64(o.Answered-p.Sent)/float64(exchange.Second))
	}
}

func (g *Group) close() {
	g.FillError /= float64(g.Orders)
	g.PriceError /= g.priced
	g.PriceMiss /= g.priced
	g.Real.close()
	g.Paper.close()
}

func (s *Side) close() {
	s.Filled, s.Maker = s.worth/s.ordered, s.makerWorth/s.worth
	s.FirstFill, s.Answer = Quantile(s.firsts, 0.5), Quantile(s.answers, 0.5)
}

// Quantile is the smallest value that at least a fraction q of the sample does not exceed;
// NaN of none. It sorts the sample.
func Quantile(sample []float64, q float64) float64 {
	if len(sample) == 0 {
		return math.NaN()
	}
	slices.Sort(sample)
	return sample[min(len(sample)-1, max(0, int(math.Ceil(q*float64(len(sample))))-1))]
}
