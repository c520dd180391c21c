package paper

import (
	"cmp"
	"sort"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// walletBalance is one asset of one wallet, or the own margin of an isolated position. One
// of derivatives backs every position that settles in its asset: see pool.
type walletBalance struct {
	wallet exchange.Wallet
	asset  string
	total  decimal.Decimal
	locked decimal.Decimal // spot only: for open orders

	pool   *pool          // derivatives only: what it backs positions with
	apart  []*slot        // what settles in it and has margin of its own
	parent *walletBalance // of the margin of an isolated position, where that came from
	float  float64        // total, for screening

	loans []*loan // that it backs, of coins in the same wallet
	lent  bool    // coins of it can be owed
}

func (p *walletBalance) credit(amount decimal.Decimal) {
	p.total = p.total.Add(amount)
	if p.pool != nil {
		p.float = exchange.Float(p.total)
	}
}

// balanceOf returns what a wallet holds of an asset, making an empty one if needed.
// Balances are kept sorted, because reports list them.
func (ws *wallets) balanceOf(w exchange.Wallet, asset string) *walletBalance {
	w = w.Within(ws.opt.Universe.House())
	i := sort.Search(len(ws.balances), func(i int) bool {
		p := ws.balances[i]
		return cmp.Or(ws.opt.Universe.CompareWallets(p.wallet, w), cmp.Compare(p.asset, asset)) >= 0
	})
	if i < len(ws.balances) && ws.balances[i].wallet == w && ws.balances[i].asset == asset {
		return ws.balances[i]
	}
	p := &walletBalance{wallet: w, asset: asset}
	if joint := ws.joint(w); joint != nil {
		p.pool, joint.balances = joint, append(joint.balances, p)
	}
	ws.balances = append(ws.balances, nil)
	copy(ws.balances[i+1:], ws.balances[i:])
	ws.balances[i] = p
	return p
}

// coins is how much of the base asset q stands for on spot.
func coins(in *exchange.Instrument, q exchange.Lots) decimal.Decimal {
	return in.QtyDecimal(q).Mul(decimal.NewFromInt(in.Multiplier))
}

// lockFor is what an order on spot locks while it is open: the quote it could
// cost, or the coins it could deliver.
func lockFor(in *exchange.Instrument, o *order) (asset string, amount decimal.Decimal) {
	if o.Side == exchange.Sell {
		return in.Base, coins(in, o.left())
	}
	return in.Quote, in.Notional(o.Price, o.left())
}

// relock makes an order's lock what its open rest needs.
func (ws *wallets) relock(s *slot, o *order) {
	if s.in.Perp() {
		return
	}
	asset, amount := lockFor(s.in, o)
	if !o.live {
		amount = decimal.Zero
	}
	p := ws.balanceOf(s.in.Wallet, asset)
	p.locked = p.locked.Add(amount.Sub(o.locked))
	o.locked = amount
}

// post settles one execution on our account and reports it. o is nil for a
// liquidation.
func (ex *executions) post(s *slot, o *order, f exchange.Fill, at exchange.Time) {
	f.Instrument = s.in.ID
	f.TradeID = number(&ex.nextTrade)
	s.reach.fill(f.Qty, at)
	dq := exchange.Lots(f.Side) * f.Qty
	before := s.pos.qty
	realised := s.pos.fill(s.in, f.Price, dq, at)
	f.Fee, f.FeeAsset = ex.opt.Models.Fees.Fee(s.in, &f)
	after := ex.mail.house
	if o != nil {
		f.Order, f.VenueID = o.ID, o.VenueID
		o.Filled += f.Qty
		ex.wallets.relock(s, o)
		after = o.answer
	}
	if s.in.Perp() {
		f.Realised = realised
		s.settle(&f, before)
		s.rescreen(before != 0)
	} else {
		ex.wallets.balanceOf(s.in.Wallet, s.in.Base).credit(coins(s.in, dq))
		ex.wallets.balanceOf(s.in.Wallet, s.in.Quote).credit(s.in.Notional(f.Price, dq).Neg())
		ex.wallets.balanceOf(s.in.Wallet, f.FeeAsset).credit(f.Fee.Neg())
	}
	ex.mail.emit(s.in.Wallet, answer{at: at + after, happened: at, kind: exchange.KindFill, instrument: s.in.ID, fill: &f})
}

// divBank returns a/b rounded half to even.
func divBank(a, b decimal.Decimal, places int32) decimal.Decimal {
	q, r := a.QuoRem(b, places)
	if r.IsZero() {
		return q
	}
	unit := decimal.New(1, -places)
	if a.Sign()*b.Sign() < 0 {
		unit = unit.Neg()
	}
	half := r.Abs().Mul(decimal.NewFromInt(2)).Cmp(b.Abs().Shift(-places))
	odd := q.Shift(places).Mod(decimal.NewFromInt(2)).Sign() != 0
	if half > 0 || half == 0 && odd {
		q = q.Add(unit)
	}
	return q
}
