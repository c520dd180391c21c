package execution

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// Short is a pair that holds a position in the wallet, at the mark price.
type Short struct {
	Pair    exchange.PairID
	State   intent.PairState
	Value   decimal.Decimal // of one leg
	Closing decimal.Decimal // the part that is being closed
	Loss    decimal.Decimal // of the perpetual since it was sold
}

// MarginPort is what a margin manager needs from the core.
type MarginPort interface {
	Now() exchange.Time
	Standing(wallet exchange.Wallet, asset string) exchange.Margin
	Cash(asset string) decimal.Decimal // free on spot
	Shorts(wallet exchange.Wallet) []Short
	// Move sends a transfer and returns its id; 0 when it was refused.
	Move(asset string, from, to exchange.Wallet, amount decimal.Decimal) uint64
	// Shrink closes a value of a pair at any basis; zero means all.
	Shrink(pair exchange.PairID, value decimal.Decimal, reason string) error
	Log(warn bool, text string)
}

// The constants of a margin manager.
const (
	doubtAfter = 15 * exchange.Second // a transfer that is on its way for longer is not counted on
	moveAgain  = 5 * exchange.Second  // between transfers that defend: one that fails is not repeated at once
	moveEvery  = exchange.Minute      // between transfers that only share out
)

var (
	one       = decimal.NewFromInt(1)
	cost      = decimal.RequireFromString("1.01") // spot money for a leg of 1: price, fee and room
	band      = decimal.RequireFromString("0.01") // of free money, that sharing out leaves alone
	leastMove = decimal.NewFromInt(1)
	newMMR    = decimal.RequireFromString("0.01") // maintenance of a first position
)

// MarginManager watches over one wallet. It decides on what the port tells it alone: one
// transfer is under way at a time, and no pair is asked twice for the same.
type MarginManager struct {
	Request intent.MaintainRequest

	moving    uint64          // the transfer on its way; 0: none
	coming    decimal.Decimal // with it, to the wallet
	failed    bool            // the last transfer did
	movedAt   exchange.Time
	wake      exchange.Time
	short     bool // a lack of money was told of
	lastShare exchange.Time
}

// Deadline is when the margin manager wants to look again though nothing happens.
func (k *MarginManager) Deadline() (exchange.Time, bool) { return k.wake, k.wake != 0 }

// Snooze puts the deadline off; see Machine.Snooze.
func (k *MarginManager) Snooze(until exchange.Time) { k.wake = until }

// Arrived tells the end of a transfer.
func (k *MarginManager) Arrived(id uint64, failed bool) {
	if id == k.moving {
		k.moving, k.coming, k.failed = 0, decimal.Zero, failed
	}
}

// Distance is the rise in price that would liquidate; false without a position.
func Distance(m exchange.Margin) (decimal.Decimal, bool) {
	if !m.Exposure.IsPositive() {
		return decimal.Zero, false
	}
	return m.Equity.Sub(m.Maintenance).DivRound(m.Exposure.Add(m.Maintenance), 6), true
}

// mmr is the rate of maintenance that positions of this wallet need.
func mmr(m exchange.Margin) decimal.Decimal {
	if !m.Exposure.IsPositive() {
		return newMMR
	}
	return m.Maintenance.DivRound(m.Exposure, 8)
}

// unit is the equity that a short of 1 needs for a distance.
func unit(m exchange.Margin, distance decimal.Decimal) decimal.Decimal {
	rate := mmr(m)
	return distance.Mul(one.Add(rate)).Add(rate)
}

// Lacks is the money that a wallet needs for a distance, beyond what it has; negative:
// that it can spare.
func Lacks(m exchange.Margin, distance decimal.Decimal) decimal.Decimal {
	return m.Exposure.Mul(unit(m, distance)).Sub(m.Equity)
}

// Bears is the exposure that a wallet's equity is enough for at a distance.
func Bears(m exchange.Margin, distance decimal.Decimal) decimal.Decimal {
	return decimal.Max(decimal.Zero, m.Equity.DivRound(unit(m, distance), 8))
}

// Step looks at the wallets and does what is due.
func (k *MarginManager) Step(p MarginPort) {
	now := p.Now()
	k.wake = 0
	m, cash := p.Standing(k.Request.Wallet, k.Request.Asset), k.cash(p)
	d, exposed := Distance(m)
	if exposed && d.LessThan(k.Request.Soft) {
		k.defend(p, now, m, d, cash)
		return
	}
	k.short = false
	if k.moving == 0 {
		k.share(p, now, m, cash)
	}
}

func (k *MarginManager) cash(p MarginPort) decimal.Decimal {
	return decimal.Max(decimal.Zero, p.Cash(k.Request.Asset).Sub(k.Request.Reserve))
}

// defend turns cash into margin, and pairs into cash when there is not enough. Cash
// that waits for its transfer counts, unless transfers fail or are late.
func (k *MarginManager) defend(p MarginPort, now exchange.Time, m exchange.Margin, d, cash decimal.Decimal) {
	lack := m.Exposure.Mul(unit(m, k.Request.Target)).Sub(m.Equity)
	amount := decimal.Min(cash, lack).Truncate(2)
	counted := m
	if counted.Equity = m.Equity.Add(k.coming); cash.GreaterThanOrEqual(leastMove) {
		counted.Equity = counted.Equity.Add(cash)
	}
	switch due := k.movedAt + moveAgain; {
	case k.moving != 0 || amount.LessThan(leastMove):
	case k.movedAt != 0 && now < due:
		k.wake = due
	default:
		k.move(p, k.Request.Cash, k.Request.Wallet, amount)
		p.Log(true, fmt.Sprintf("a rise of %s would liquidate (soft limit %s): %s %s of the spot wallet become margin",
			percent(d), percent(k.Request.Soft), amount, k.Request.Asset))
	}
	late := k.movedAt + doubtAfter
	if k.moving != 0 && now < late {
		k.wake = late
	}
	if k.failed || k.moving != 0 && now >= late {
		counted.Equity = m.Equity
	}
	if after, _ := Distance(counted); after.LessThan(k.Request.Hard) {
		k.shrink(p, counted, d)
	}
}

// shrink makes pairs smaller, those first whose short has lost most: their coins
// have gained as much, and sold, they are cash that becomes margin.
func (k *MarginManager) shrink(p MarginPort, m exchange.Margin, d decimal.Decimal) {
	need := unit(m, k.Request.Target)
	left := m.Exposure.Mul(need).Sub(m.Equity).DivRound(one.Add(need), 2)
	list := p.Shorts(k.Request.Wallet)
	slices.SortStableFunc(list, func(a, b Short) int {
		return cmp.Or(b.Loss.Cmp(a.Loss), cmp.Compare(a.Pair, b.Pair))
	})
	for _, s := range list {
		left = left.Sub(s.Closing)
	}
	least := decimal.Max(leastMove, m.Exposure.Mul(band)) // as a mark moves, a little more is always missing
	for _, s := range list {
		if left.LessThan(least) {
			return
		}
		part := decimal.Min(left, s.Value.Sub(s.Closing))
		if !part.IsPositive() {
			continue
		}
		value := s.Closing.Add(part)
		if value.GreaterThanOrEqual(s.Value) {
			value = decimal.Zero
		}
		reason := fmt.Sprintf("margin is needed: a rise of %s would liquidate (hard limit %s)", percent(d), percent(k.Request.Hard))
		if err := p.Shrink(s.Pair, value, reason); err == nil {
			left = left.Sub(part)
			k.short = false
		}
	}
	if left.GreaterThanOrEqual(least) && !k.short {
		k.short = true
		p.Log(true, fmt.Sprintf("margin is needed: %s %s are missing, and no pair is left to give up", left, k.Request.Asset))
	}
}

// share brings both wallets to where the largest further pair could be opened.
// Pairs that are under way count on the money where it is.
func (k *MarginManager) share(p MarginPort, now exchange.Time, m exchange.Margin, cash decimal.Decimal) {
	for _, s := range p.Shorts(k.Request.Wallet) {
		if s.State != intent.PairOpen {
			return
		}
	}
	spare, need := k.spare(m), unit(m, k.Request.Target)
	want := decimal.Max(decimal.Zero, cash.Add(spare)).Mul(cost).DivRound(cost.Add(need), 2)
	from, to, amount := k.Request.Wallet, k.Request.Cash, want.Sub(cash)
	if amount.IsNegative() {
		from, to, amount = to, from, amount.Neg()
	} else {
		amount = decimal.Min(amount, m.Movable)
	}
	amount = amount.Truncate(2)
	if amount.LessThan(decimal.Max(leastMove, cash.Add(spare).Mul(band))) {
		return
	}
	if due := k.lastShare + moveEvery; k.lastShare != 0 && now < due {
		k.wake = due
		return
	}
	k.lastShare = now
	k.move(p, from, to, amount)
}

// spare is the equity beyond what the wallet's positions need.
func (k *MarginManager) spare(m exchange.Margin) decimal.Decimal {
	return m.Equity.Sub(m.Exposure.Mul(unit(m, k.Request.Target)))
}

func (k *MarginManager) move(p MarginPort, from, to exchange.Wallet, amount decimal.Decimal) {
	k.movedAt, k.coming = p.Now(), decimal.Zero
	k.moving = p.Move(k.Request.Asset, from, to, amount)
	k.failed = k.moving == 0
	if k.moving != 0 && to == k.Request.Wallet {
		k.coming = amount
	}
}

// Headroom is the value of one leg of a pair that could be opened at once, and once
// the wallets are shared out.
func (k *MarginManager) Headroom(p MarginPort) (now, soon decimal.Decimal) {
	m, cash := p.Standing(k.Request.Wallet, k.Request.Asset), k.cash(p)
	need, spare := unit(m, k.Request.Target), k.spare(m)
	now = decimal.Min(cash.DivRound(cost, 2), spare.DivRound(need, 2))
	soon = decimal.Min(cash.Add(spare).Add(k.coming).DivRound(cost.Add(need), 2), cash.Add(m.Movable).DivRound(cost, 2))
	return decimal.Max(decimal.Zero, now), decimal.Max(decimal.Zero, soon)
}

// SpotHeadroom is the value of one leg that an amount of money on spot pays for.
func SpotHeadroom(cash decimal.Decimal) decimal.Decimal {
	return decimal.Max(decimal.Zero, cash.DivRound(cost, 2))
}

func percent(d decimal.Decimal) string { return d.Shift(2).Round(1).String() + " %" }
