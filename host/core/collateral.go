package core

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/execution"
)

// A spread gains at one venue what it loses at the other, and the money stays where it
// was made. So what backs its legs is watched, wallet by wallet. Money between venues is
// moved by people; early enough they are told which wallet needs how much, and who could
// spare it. When it does not come, the pairs that lean on the wallet are made smaller,
// both legs together. A wallet that exec.keep keeps has its keeper for that, with money of
// its own house before any pair is touched.

// The distances of a wallet that is not kept: the move against all of its positions that
// would liquidate, as a fraction.
var (
	collateralTarget = decimal.RequireFromString("0.5")  // that what is asked for would bring
	collateralSoft   = decimal.RequireFromString("0.25") // below it people are told
	collateralHard   = decimal.RequireFromString("0.12") // below it pairs are made smaller
	collateralCalm   = decimal.RequireFromString("0.3")  // above it the matter is over
)

const lookAtCollateral = 5 * exchange.Second

// Need is money that a wallet should have, and where it could come from.
type Need struct {
	Position string // key of the isolated position that needs it; "": the wallet does
	Wallet   exchange.Wallet
	Asset    string
	Distance decimal.Decimal // the move that would liquidate
	Amount   decimal.Decimal
	Spare    []Spare // the most first
}

// Spare is what a wallet could give.
type Spare struct {
	Wallet exchange.Wallet
	Asset  string
	Amount decimal.Decimal
}

func (n *Need) String() string {
	var from []string
	for _, s := range n.Spare {
		from = append(from, fmt.Sprintf("%s can spare %s %s", s.Wallet, s.Amount, s.Asset))
	}
	if len(from) == 0 {
		from = []string{"no other wallet can spare it"}
	}
	if n.Position != "" {
		return fmt.Sprintf("the isolated margin of %s needs %s %s more: a move of %s %% would liquidate it; %s", n.Position, n.Amount, n.Asset,
			n.Distance.Shift(2).Round(1), strings.Join(from, ", "))
	}
	return fmt.Sprintf("the %s wallet needs %s %s more: a move of %s %% would liquidate what pairs have there; %s", n.Wallet, n.Amount, n.Asset,
		n.Distance.Shift(2).Round(1), strings.Join(from, ", "))
}

// collateral watches over what backs the legs of spreads.
type collateral struct {
	*managerDoor
	managers *marginManagers
	next     exchange.Time
	needs    []Need
}

// Needs are the wallets that should have more money, while they should.
func (co *collateral) Needs() []Need { return slices.Clone(co.needs) }

// look is called at the end of a step.
func (co *collateral) look() {
	if co.now < co.next || !co.phase.running {
		return
	}
	co.next = co.now + lookAtCollateral
	for _, m := range co.pairs.list {
		if s := &m.Pair.Spread; s.Is() && !m.Pair.State.Done() {
			for i := range s.Legs {
				if h := &s.Legs[i]; h.Lots != 0 && co.u.Get(h.Instrument).Perp() && !co.acct.pos[h.Instrument].isolated() {
					in := co.u.Get(h.Instrument)
					co.watch(in.Wallet, in.Settle())
				}
			}
		}
	}
	co.lookIsolated()
	co.needs = slices.DeleteFunc(co.needs, func(n Need) bool {
		if n.Position != "" {
			return co.calmIsolated(&n)
		}
		d, exposed := execution.Distance(co.standing(n.Wallet, n.Asset))
		over := !exposed || d.GreaterThan(collateralCalm)
		if over {
			co.log(intent.Info, -1, fmt.Sprintf("the %s wallet has enough %s again", n.Wallet, n.Asset))
		}
		return over
	})
}

func (co *collateral) watch(wallet exchange.Wallet, asset string) {
	m := co.standing(wallet, asset)
	d, exposed := execution.Distance(m)
	if !exposed || d.GreaterThanOrEqual(collateralSoft) || !co.wallets.priced() || co.managers.managerOf(wallet) != nil {
		return
	}
	i := slices.IndexFunc(co.needs, func(n Need) bool { return n.Position == "" && n.Wallet == wallet && n.Asset == asset })
	if i < 0 {
		n := Need{Wallet: wallet, Asset: asset, Distance: d, Amount: execution.Lacks(m, collateralTarget).RoundUp(2), Spare: co.spare(wallet, asset)}
		co.needs = append(co.needs, n)
		co.log(intent.Warn, -1, n.String()+". Between venues people move it")
	} else {
		co.needs[i].Distance, co.needs[i].Amount = d, execution.Lacks(m, collateralTarget).RoundUp(2)
	}
	if d.LessThan(collateralHard) {
		co.shrink(wallet, m, d)
	}
}

// standing is a wallet with what is long and short of one coin in it taken together: no
// price moves against both.
func (co *collateral) standing(wallet exchange.Wallet, asset string) exchange.Margin {
	m := co.wallets.standing(wallet, asset)
	m.Exposure = decimal.Zero
	net := map[string]decimal.Decimal{} // summed up below as the coins came
	var coins []string
	for i := range co.acct.pos {
		in := co.u.Get(exchange.InstrumentID(i))
		rate, backed := co.wallets.backs(wallet, asset, in)
		if !backed || !co.acct.pos[i].shares() {
			continue
		}
		if _, seen := net[in.Base]; !seen {
			coins = append(coins, in.Base)
		}
		value := co.wallets.exposure(in, co.acct.pos[i].qty.Abs(), co.markets.markPrice(in)).Mul(rate)
		if co.acct.pos[i].qty < 0 {
			value = value.Neg()
		}
		net[in.Base] = net[in.Base].Add(value)
	}
	for _, l := range co.u.Loans() {
		if owed := co.acct.holding(wallet, l.Base).total; l.Wallet == wallet && l.Quote == asset && owed.IsNegative() {
			if _, seen := net[l.Base]; !seen {
				coins = append(coins, l.Base)
			}
			net[l.Base] = net[l.Base].Add(co.wallets.coinValue(l, owed))
		}
	}
	for _, coin := range coins {
		m.Exposure = m.Exposure.Add(net[coin].Abs())
	}
	return m
}

// spare lists what other wallets have of an asset, or of another dollar where it is one,
// beyond what they need themselves.
func (co *collateral) spare(wallet exchange.Wallet, asset string) (out []Spare) {
	for _, h := range co.acct.holdings {
		if h.wallet == wallet || h.asset != asset && !(exchange.IsDollar(asset) && exchange.IsDollar(h.asset)) {
			continue
		}
		left := co.wallets.movable(h.wallet, h.asset)
		if co.u.HasMargin(h.wallet) {
			m := co.standing(h.wallet, h.asset)
			left = decimal.Min(left, execution.Lacks(m, collateralTarget).Neg())
		}
		if left = left.RoundDown(2); left.GreaterThanOrEqual(decimal.NewFromInt(1)) || !exchange.IsDollar(asset) && left.IsPositive() {
			out = append(out, Spare{h.wallet, h.asset, left})
		}
	}
	slices.SortStableFunc(out, func(a, b Spare) int { return b.Amount.Cmp(a.Amount) })
	return out
}

// shrink makes spreads smaller whose legs are in a wallet.
func (co *collateral) shrink(wallet exchange.Wallet, m exchange.Margin, d decimal.Decimal) {
	why := fmt.Sprintf("margin is needed in the %s wallet: a move of %s %% would liquidate", wallet, d.Shift(2).Round(1))
	list := co.driver.legsOf(co.markets, func(in *exchange.Instrument) bool { return in.Wallet == wallet && !co.acct.pos[in.ID].isolated() })
	co.reduce(list, m, collateralSoft, co.inCoin(wallet), why)
}

// reduce makes pairs smaller until a margin is enough for a distance, those first that lose
// most. coin is a contract whose margin is counted in coin; nil: it is counted as pairs are.
func (co *collateral) reduce(list []execution.Short, m exchange.Margin, distance decimal.Decimal, coin *exchange.Instrument, why string) {
	slices.SortStableFunc(list, func(a, b execution.Short) int { return cmp.Or(b.Loss.Cmp(a.Loss), cmp.Compare(a.Pair, b.Pair)) })
	left := m.Exposure.Sub(execution.Bears(m, distance))
	if coin != nil { // pairs count in quote
		left = left.Mul(co.markets.markPrice(coin))
	}
	for _, s := range list {
		left = left.Sub(s.Closing)
	}
	for _, s := range list {
		part := decimal.Min(left, s.Value.Sub(s.Closing))
		if part.LessThan(s.Value.Shift(-2)) || !part.IsPositive() {
			continue
		}
		value := s.Closing.Add(part)
		if value.GreaterThanOrEqual(s.Value) {
			value = decimal.Zero
		}
		machine := co.pairs.machine(s.Pair)
		if err := machine.StartClose(co.driver.port, intent.CloseRequest{Pair: s.Pair, Notional: value.Round(2), Patience: 1, Reason: why}); err != nil {
			continue
		}
		left = left.Sub(part)
		co.logAbout(intent.Warn, machine.Pair.Strategy, About{Pair: s.Pair}, fmt.Sprintf("pair %d is made smaller by %s: %s", s.Pair, part.Round(0), why))
		co.driver.stepPair(machine)
	}
}

// inCoin is an inverse contract of a wallet that is margined in coin; nil: none is.
func (co *collateral) inCoin(wallet exchange.Wallet) *exchange.Instrument {
	for _, in := range co.u.All() {
		if in.Inverse() && in.Wallet == wallet {
			return in
		}
	}
	return nil
}

// shortsOf lists the perpetual legs of pairs in some contracts at the mark price.
func (pd *pairDriver) shortsOf(mk *markets, take func(*exchange.Instrument) bool) []execution.Short {
	out := pd.legsOf(mk, take)
	for _, m := range pd.pairs.list {
		in := pd.u.Get(m.Pair.Perp)
		if m.Pair.State.Done() || !take(in) || m.Pair.Spread.Is() {
			continue
		}
		mark := mk.markPrice(in)
		value := in.QtyDecimal(-m.Pair.PerpQty).Mul(mark)
		s := execution.Short{Pair: m.Pair.ID, State: m.Pair.State, Value: value, Loss: value.Sub(m.Pair.PerpCost)}
		if m.Pair.State == intent.PairClosing {
			s.Closing = value.Sub(in.QtyDecimal(m.Pair.Keep).Mul(mark))
		}
		out = append(out, s)
	}
	return out
}

// legsOf lists the legs of spreads in some contracts at the mark price.
func (pd *pairDriver) legsOf(mk *markets, take func(*exchange.Instrument) bool) (out []execution.Short) {
	for _, m := range pd.pairs.list {
		if !m.Pair.Spread.Is() || m.Pair.State.Done() {
			continue
		}
		for i := range m.Pair.Spread.Legs {
			h := &m.Pair.Spread.Legs[i]
			if h.Lots == 0 || !take(pd.u.Get(h.Instrument)) || !pd.u.Get(h.Instrument).Perp() {
				continue
			}
			in := pd.u.Get(h.Instrument)
			price := mk.markPrice(in).DivRound(decimal.NewFromInt(in.Multiplier), 16)
			worth := h.Coins.Mul(price)
			s := execution.Short{Pair: m.Pair.ID, State: m.Pair.State, Value: worth.Abs(), Loss: h.Cash.Add(worth).Neg()}
			if short := m.Pair.Spread.Legs[intent.ShortLeg].Lots.Abs(); m.Pair.State == intent.PairClosing && short > 0 {
				s.Closing = worth.Abs().Mul(decimal.NewFromInt(int64(short-m.Pair.Keep))).DivRound(decimal.NewFromInt(int64(short)), 8)
			}
			out = append(out, s)
		}
	}
	return out
}
