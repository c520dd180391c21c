package core

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/attribution"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/risk"
)

// Stats counts what a session did. Money is in USDT.
type Stats struct {
	PairsOpened, PairsClosed int
	Reloads, ReloadsRefused  int
	Errors, Gaps             int
	Funding, Fees, Insurance decimal.Decimal
	// Others is the part of Funding, Fees and Insurance that is no strategy's: of trades
	// by hand, and of positions that were there before.
	Others          struct{ Funding, Fees, Insurance decimal.Decimal }
	MaxUnhedged     decimal.Decimal
	MaxUnhedgedTime exchange.Time

	boot []bootEffect
}

func (s *Stats) measure(p *intent.Pair) {
	s.MaxUnhedged = decimal.Max(s.MaxUnhedged, p.MaxUnhedged)
	s.MaxUnhedgedTime = max(s.MaxUnhedgedTime, p.MaxUnhedgedTime)
}

// onPayment books a settlement of funding and shares it out by what everybody holds.
func (ex *executions) onPayment(ev *exchange.Event) {
	p := ev.Payment
	in := ex.u.Get(p.Instrument)
	postings := []exchange.Posting{ex.acct.add(in.Wallet, p.Asset, p.Amount), against("I:funding", p.Asset, p.Amount)}
	ex.stats.Funding = ex.stats.Funding.Add(ex.wallets.Worth(p.Asset, p.Amount))
	ex.emit(-1, Booked{&Txn{Kind: "funding",
		Ref: in.Key() + ":" + p.Settled.String() + ":" + p.TranID, Strategy: ex.ownerOf(in.ID), Postings: postings}})
	ex.shareFunding(in, p)
	for _, s := range ex.strategies.list {
		if pos, ok := s.pos[in.ID]; ok && pos.qty != 0 {
			ex.strategies.tell(s.index, Notice{Handler: OnFunding, Instrument: in.ID, Payment: p})
		}
	}
}

// shareFunding gives everybody who holds a part of the position the part of a payment
// that it earned or owes, and what is left to the account.
func (ex *executions) shareFunding(in *exchange.Instrument, p *exchange.FundingPayment) {
	rest := *p
	list, held := ex.claims.holders(in)
	for i := range list {
		if p.Position == 0 {
			break
		}
		part := *p
		part.Position = held[i]
		part.Amount = attribution.Amount(p.Amount, held[i], p.Position)
		if part.Position == rest.Position {
			part.Amount = rest.Amount
		}
		rest.Position -= part.Position
		rest.Amount = rest.Amount.Sub(part.Amount)
		m := ex.pairs.machine(list[i].Pair)
		if m != nil {
			m.Settled(ex.driver.port, part.Amount)
		}
		ex.emit(list[i].Strategy, ex.payments.keep(FundingPaid{&part, list[i].Pair}))
		if m != nil {
			ex.driver.Changed(m)
		}
	}
	if rest.Position != 0 || !rest.Amount.IsZero() {
		ex.stats.Others.Funding = ex.stats.Others.Funding.Add(ex.wallets.Worth(p.Asset, rest.Amount))
		ex.emit(-1, ex.payments.keep(FundingPaid{Payment: &rest}))
	}
}

// ownerOf returns the strategy that holds an instrument when only one does.
func (ex *executions) ownerOf(id exchange.InstrumentID) int32 {
	owner := int32(-1)
	for _, s := range ex.strategies.list {
		if pos, ok := s.pos[id]; ok && pos.qty != 0 {
			if owner >= 0 {
				return -1
			}
			owner = s.index
		}
	}
	return owner
}

func (tr *transfers) transfer(t exchange.Transfer) {
	free := tr.wallets.movable(t.From, t.Asset)
	if !tr.u.Margins(t.From) {
		free = free.Sub(tr.claims.held(t.From, t.Asset, 0))
	} else if tr.u.Margined(exchange.Inverse, t.From, t.Asset) {
		free = decimal.Min(free, tr.claims.unclaimed(t.From, t.Asset))
	}
	if other, busy := tr.flying.find(t.Asset, t.From, t.To); busy && tr.pairs.mover(other.ID) != nil {
		tr.log(intent.Error, t.Strategy, fmt.Sprintf("transfer of %s %s from %s to %s refused: transfer %d of a pair is under way there",
			t.Amount, t.Asset, t.From, t.To, other.ID))
		return
	}
	if !t.Amount.IsPositive() || t.Amount.GreaterThan(free) {
		tr.log(intent.Error, t.Strategy, fmt.Sprintf("transfer of %s %s from %s to %s refused: %s is free",
			t.Amount, t.Asset, t.From, t.To, free))
		return
	}
	t.ID = tr.last + 1
	tr.sendMove(&t, 0)
}

// movable is what a transfer may take out of a wallet: profit that is not
// realised may not leave a derivatives wallet.
func (wl *wallets) movable(wallet exchange.Wallet, asset string) decimal.Decimal {
	if !wl.u.Margins(wallet) {
		return wl.balance(wallet, asset).Free
	}
	return wl.standing(wallet, asset).Movable
}

func (tr *transfers) emitMove(kind string, t *exchange.Transfer, pair exchange.PairID, postings []exchange.Posting) {
	tr.emit(t.Strategy, Booked{&Txn{Kind: kind, Ref: strconv.FormatUint(t.ID, 10), Strategy: t.Strategy, Pair: pair,
		Postings: postings, Transfer: t}})
}

// onTransfer takes the end of a transfer; a failed one goes back to where it
// came from.
func (tr *transfers) onTransfer(ev *exchange.Event) {
	t := *ev.Transfer
	told := t
	var pair exchange.PairID
	if m := tr.pairs.mover(t.ID); m != nil {
		pair = m.Pair.ID
	}
	if !tr.flying.land(t.ID) {
		tr.log(intent.Warn, -1, fmt.Sprintf("venue speaks of transfer %d, which is not under way", t.ID))
		return
	}
	tr.emit(t.Strategy, TransferEnded{&told})
	kind := "transfer_in"
	if t.Failed {
		kind = "transfer_back"
		t.To = t.From
		tr.log(intent.Error, t.Strategy, fmt.Sprintf("transfer %d failed: %s", t.ID, t.Reason))
	}
	tr.emitMove(kind, &t, pair, tr.acct.arrive(&t))
	tr.moved(&told)
	tr.managers.arrived(t.ID, t.Failed)
}

// OpeningBalance is the Reason of a KindBalance that tells what was there before the
// session. Any other, but for exchange.InsuranceFund, is an adjustment.
const OpeningBalance = "opening balance"

// onBalance takes a deposit, or a correction of the venue.
func (c *Core) onBalance(ev *exchange.Event) {
	ev.Wallet = ev.Wallet.Within(c.u.House())
	if strings.HasPrefix(ev.Reason, exchange.InsuranceFund) {
		c.insurance.onInsurance(ev)
		return
	}
	kind, equity := "deposit", "Q:opening"
	if ev.Reason != "" && ev.Reason != OpeningBalance {
		kind, equity = "adjust", "Q:adjust"
		c.log(intent.Warn, -1, fmt.Sprintf("%s wallet: %s %s: %s", ev.Wallet, ev.Amount, ev.Asset, ev.Reason))
	}
	postings := []exchange.Posting{c.acct.add(ev.Wallet, ev.Asset, ev.Amount), against(equity, ev.Asset, ev.Amount)}
	// A session goes on over runs, each of which counts its events from 1, and is told
	// rows of the venue again.
	ref := fmt.Sprintf("%d.%d", c.now, c.seq)
	if kind == "adjust" {
		ref += " " + ev.Reason
	}
	c.emit(-1, Booked{&Txn{Kind: kind, Ref: ref, Strategy: -1, Postings: postings}})
	if kind == "adjust" && !c.u.Margins(ev.Wallet) {
		c.holds.doubt(ev.Wallet, ev.Asset)
	}
}

// Equity is the account's value in its currency: every wallet, what is in transit, and
// the unrealised profit of every position at the mark price.
func (wl *wallets) Equity() decimal.Decimal {
	total := decimal.Zero
	for _, h := range wl.acct.holdings {
		if !h.total.IsZero() {
			total = total.Add(h.total.Mul(h.worth.Price(wl.markets)))
		}
	}
	for _, h := range wl.acct.transit {
		if !h.total.IsZero() {
			total = total.Add(h.total.Mul(h.worth.Price(wl.markets)))
		}
	}
	for i := range wl.acct.pos {
		in := wl.u.Get(exchange.InstrumentID(i))
		if in.Perp() && wl.acct.pos[i].qty != 0 {
			total = total.Add(wl.Worth(in.Settle(), wl.acct.pos[i].unrealised(in, wl.markets.markPrice(in))))
		}
	}
	return total
}

// Unpriced are the coins that Equity does not count, because no instrument of the
// universe prices them.
func (wl *wallets) Unpriced() []string {
	var out []string
	for _, h := range wl.acct.holdings {
		if !h.total.IsZero() && !h.worth.Priced() {
			out = append(out, fmt.Sprintf("%s %s (%s)", h.total, h.asset, h.wallet))
		}
	}
	return out
}

// ValueAtMark is what a quantity of a perpetual is worth at the mark price, in
// quote; its sign does not count.
func (wl *wallets) ValueAtMark(in *exchange.Instrument, qty decimal.Decimal) decimal.Decimal {
	if in.Inverse() {
		return qty.Abs().Mul(in.ContractSize)
	}
	return qty.Abs().Mul(wl.markets.markPrice(in))
}

// sample reports the equity and shows it to the gate.
func (c *Core) sample() {
	if !c.wallets.priced() {
		return // it is tried again at the next event
	}
	c.sampleAt = c.now - c.now%c.cfg.SampleEvery + c.cfg.SampleEvery
	if len(c.acct.holdings) == 0 {
		return
	}
	equity := c.wallets.Equity()
	c.emit(-1, c.samples.keep(EquitySampled{equity.Round(8)}))
	if why := c.gate.Observe(c.now, equity); why != "" {
		c.halted(why)
		c.strategies.drain()
	}
	c.strategies.saveStates()
	for _, s := range c.strategies.list {
		c.strategies.checkAwake(s)
	}
}

// priced reports whether everything the account holds has a price. A session
// that goes on from an earlier one holds coins before it has seen a book, and
// what can't be valued must not look like a loss.
func (wl *wallets) priced() bool {
	for _, h := range wl.acct.holdings {
		if !h.total.IsZero() && h.worth.Priced() && h.worth.Price(wl.markets).IsZero() {
			return false
		}
	}
	for i := range wl.acct.pos {
		in := wl.u.Get(exchange.InstrumentID(i))
		if in.Perp() && wl.acct.pos[i].qty != 0 && wl.markets.markPrice(in).IsZero() {
			return false
		}
	}
	return true
}

// saveStates reports the state of every strategy whose state changed.
func (ss *strategies) saveStates() {
	for _, s := range ss.list {
		ss.saveState(s)
	}
}

// saveState reports a strategy's state if it changed. What a strategy did and
// what it remembers of that are saved in the same step: one that was killed must
// not forget that it has bought, and buy again.
func (ss *strategies) saveState(s *slot) {
	if !s.dirty {
		return
	}
	s.dirty, s.due = false, false
	raw, err := s.State()
	if err != nil {
		ss.log(intent.Error, s.index, "its state was not saved: "+err.Error())
		return
	}
	if text := string(raw); text != s.saved {
		s.saved = text
		ss.emit(s.index, ss.states.keep(StateSaved{text}))
	}
}

// balance tells total, locked and free of one asset of one wallet.
func (wl *wallets) balance(wallet exchange.Wallet, asset string) exchange.Balance {
	b := exchange.Balance{Total: wl.acct.holding(wallet, asset).total}
	if !wl.u.Margins(wallet) {
		b.Locked = wl.lockedSpot(wallet, asset)
		b.Free = b.Total.Sub(b.Locked)
		return b
	}
	b.Locked = wl.margin(wallet, asset)
	b.Free = decimal.Max(decimal.Zero, b.Total.Add(wl.unrealised(wallet, asset)).Sub(b.Locked))
	return b
}

func (wl *wallets) lockedSpot(wallet exchange.Wallet, asset string) decimal.Decimal {
	locked := decimal.Zero
	for _, o := range wl.orders.open {
		in := wl.u.Get(o.Instrument)
		switch {
		case in.Perp() || in.Wallet != wallet:
		case o.Side == exchange.Buy && in.Quote == asset:
			locked = locked.Add(in.Notional(o.Price, o.Leaves()))
		case o.Side == exchange.Sell && in.Base == asset:
			locked = locked.Add(in.QtyDecimal(o.Leaves()))
		}
	}
	return locked
}

// margin is the initial margin of positions and of working orders that could
// add to them.
func (wl *wallets) margin(wallet exchange.Wallet, asset string) decimal.Decimal {
	sum := decimal.Zero
	for i := range wl.acct.pos {
		in := wl.u.Get(exchange.InstrumentID(i))
		if in.Wallet == wallet && in.Settle() == asset && wl.acct.pos[i].qty != 0 {
			sum = sum.Add(wl.exposure(in, wl.acct.pos[i].qty.Abs(), wl.markets.markPrice(in)))
		}
	}
	for _, o := range wl.orders.open {
		in := wl.u.Get(o.Instrument)
		if in.Wallet == wallet && in.Settle() == asset && !o.ReduceOnly {
			sum = sum.Add(wl.exposure(in, o.Leaves(), in.PriceDecimal(o.Price)))
		}
	}
	return sum.DivRound(decimal.NewFromInt(int64(wl.cfg.Leverage)), 16)
}

// exposure is the value of a quantity in the settlement asset.
func (wl *wallets) exposure(in *exchange.Instrument, q exchange.Lots, price decimal.Decimal) decimal.Decimal {
	v := in.QtyDecimal(q)
	if !in.Inverse() {
		return v.Mul(price)
	}
	if !price.IsPositive() {
		return decimal.Zero
	}
	return v.Mul(in.ContractSize).DivRound(price, 16)
}

func (wl *wallets) unrealised(wallet exchange.Wallet, asset string) decimal.Decimal {
	sum := decimal.Zero
	for i := range wl.acct.pos {
		in := wl.u.Get(exchange.InstrumentID(i))
		if in.Wallet == wallet && in.Settle() == asset {
			sum = sum.Add(wl.acct.pos[i].unrealised(in, wl.markets.markPrice(in)))
		}
	}
	return sum
}

// affordable refuses an order that the account could not pay for, with the
// numbers, before the venue would.
func (en *orderEntry) affordable(in *exchange.Instrument, o *exchange.Order, m risk.Market, arriving decimal.Decimal) error {
	price := o.Price
	if o.Type != exchange.Limit {
		price = m.Ask
	}
	var asset string
	var need decimal.Decimal
	switch {
	case in.Perp():
		if en.claims.frees(in, o, m) {
			return nil
		}
		asset = in.Settle()
		value := en.wallets.exposure(in, o.Qty, in.PriceDecimal(price))
		need = value.DivRound(decimal.NewFromInt(int64(en.cfg.Leverage)), 16).Add(value.Mul(in.TakerFee))
	case o.Side == exchange.Buy:
		asset, need = in.Quote, in.Notional(price, o.Qty)
	default:
		asset, need = in.Base, in.QtyDecimal(o.Qty)
	}
	free := en.wallets.balance(in.Wallet, asset).Free
	switch {
	case in.Inverse():
		free = en.claims.spare(in, o.Pair, arriving)
	case !in.Perp() && o.Side == exchange.Sell:
		free = en.claims.Free(in.ID, o.Pair)
	}
	if need.GreaterThan(free) {
		return &risk.Denied{Rule: "balance", Detail: fmt.Sprintf("%s %s %s needs %s %s and the %s wallet has %s free",
			o.Side, in.QtyDecimal(o.Qty), in.Key(), need.Round(8), asset, in.Wallet, free.Round(8))}
	}
	return nil
}

// The rest of execution.Port.

// Instrument implements execution.Port.
func (mk *markets) Instrument(id exchange.InstrumentID) *exchange.Instrument { return mk.u.Get(id) }

// Book implements execution.Port; a venue that lives in the loop reads it too.
func (mk *markets) Book(id exchange.InstrumentID) *book.Book { return mk.list[id].book }

// Free implements execution.Port.
func (cl *claims) Free(spot exchange.InstrumentID, pair exchange.PairID) decimal.Decimal {
	in := cl.u.Get(spot)
	return cl.wallets.balance(in.Wallet, in.Base).Free.Sub(cl.held(in.Wallet, in.Base, pair))
}

// Position implements execution.Port.
func (wl *wallets) Position(id exchange.InstrumentID) exchange.Lots { return wl.acct.pos[id].qty }

// TakerFee implements execution.Port.
func (mk *markets) TakerFee(id exchange.InstrumentID) decimal.Decimal { return mk.u.Get(id).TakerFee }
