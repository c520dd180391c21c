package execution

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// coinDesk is what a desk keeps for a coin-margined pair: the transfers, by number
// from 1, and the account's own coins in the COIN-M wallet.
type coinDesk struct {
	moves  []exchange.Transfer
	spare  decimal.Decimal // coins in the COIN-M wallet that are not the pair's
	locked bool            // the COIN-M wallet lets nothing go
	but    decimal.Decimal // as many coins all the same
	noisy  bool            // another pair is at work with the same coins
}

// coinMargined makes the desk trade the coin-margined perpetual.
func (d *desk) coinMargined() {
	for _, p := range d.u.Pairs(exchange.Perpetuals(exchange.Inverse)) {
		d.spot, d.perp = p.Spot.ID, p.Perp.ID
	}
}

func coinFee(in *exchange.Instrument, f *exchange.Fill) {
	if in.Inverse() {
		f.Fee, f.FeeAsset = in.BaseQty(f.Price, f.Qty).Mul(in.TakerFee).Round(8), in.Base
	}
}

// backed is the margin of a new short at a leverage of 5, as the core asks for it.
func (d *desk) backed(o *exchange.Order, arriving decimal.Decimal) error {
	in := d.u.Get(o.Instrument)
	if !d.m.Pair.OfCoin(in) || o.Instrument != d.perp || !in.Inverse() || o.Side == exchange.Buy || o.ReduceOnly {
		return nil
	}
	equity, short := d.m.Pair.Collateral(in, in.PriceDecimal(o.Price))
	five := decimal.NewFromInt(5)
	free := equity.Sub(short.Div(five)).Add(decimal.Min(d.spare, d.m.Request.Buffer)).Add(arriving)
	if need := in.BaseQty(o.Price, o.Qty).DivRound(five, 8); need.GreaterThan(free) {
		return fmt.Errorf("balance: needs %s ABC of margin, %s are free", need.Round(4), free.Round(4))
	}
	return nil
}

func (d *desk) Movable(m *Machine) decimal.Decimal {
	in := d.u.Get(d.perp)
	bid, ok := d.books[d.perp].Level(exchange.Buy, 1)
	if d.locked || !ok {
		return d.but
	}
	equity, short := m.Pair.Collateral(in, in.PriceDecimal(bid.Price))
	return decimal.Max(decimal.Zero, equity.Sub(short.DivRound(decimal.NewFromInt(5), 16)))
}

func (d *desk) Quiet(*Machine) bool { return !d.noisy }

func (d *desk) Move(m *Machine, from, to exchange.Wallet, coins decimal.Decimal) (exchange.Transfer, error) {
	d.t.Helper()
	for i := range d.moves {
		if v := &d.moves[i]; !v.Done && !v.Failed {
			return exchange.Transfer{}, fmt.Errorf("transfer %d is under way", v.ID)
		}
	}
	if from == "coinm" {
		coins = decimal.Min(coins, d.Movable(m))
		d.but = decimal.Max(decimal.Zero, d.but.Sub(coins))
	} else if coins.GreaterThan(m.Pair.SpotQty) {
		d.t.Errorf("%s coins are to leave spot, %s are there", coins, m.Pair.SpotQty)
	}
	t := exchange.Transfer{ID: uint64(len(d.moves) + 1), Asset: "ABC", From: from, To: to}
	if t.Amount = marked(coins, t.ID); !t.Amount.IsPositive() {
		return t, fmt.Errorf("nothing to move from %s to %s", from, to)
	}
	d.moves = append(d.moves, t)
	d.say("transfer %d: %s from %s to %s", t.ID, t.Amount, from, to)
	return t, nil
}

// marked is an amount that the venue tells transfers apart by: next to nothing less.
func marked(coins decimal.Decimal, id uint64) decimal.Decimal {
	mark := decimal.New(int64(id%99)+1, -8)
	return coins.Sub(mark).RoundFloor(6).Add(mark)
}

// land ends a transfer; why is empty when it arrived.
func (d *desk) land(n int, why string) {
	t := &d.moves[n-1]
	t.Done, t.Failed, t.Reason = why == "", why != "", why
	told := *t
	d.m.Moved(d, &told)
	d.guard()
}

// pay is a settlement of funding.
func (d *desk) pay(coins decimal.Decimal) {
	d.m.Settled(d, "ABC", coins)
	d.wait(0)
}

func (d *desk) coinText(p *intent.Pair) string {
	if !p.OfCoin(d.u.Get(p.Perp)) {
		return ""
	}
	text := ", margin " + p.Coin.Margin.Add(p.Funding).String()
	if p.Coin.Move.Flying() {
		text += ", moving " + p.Coin.Move.Coins.String()
	}
	if p.State.Done() {
		text += ", " + p.Coin.Result.Round(8).String() + " in coin"
	}
	return text
}

// coinCommand runs a command that only a coin-margined pair knows.
func (p *player) coinCommand(w []string) bool {
	number := func() int {
		n := int(dec(w[1]).IntPart())
		if n < 1 || n > len(p.moves) || p.moves[n-1].Done || p.moves[n-1].Failed {
			p.Fatalf("transfer %s is not under way", w[1])
		}
		return n
	}
	switch w[0] {
	case "arrive":
		p.land(number(), "")
	case "fail":
		p.land(number(), w[2])
	case "twice":
		told := p.moves[int(dec(w[1]).IntPart())-1]
		p.m.Moved(p, &told)
	case "funding":
		p.pay(dec(w[1]))
	case "spare":
		p.spare = dec(w[1])
	case "locked":
		p.locked, p.but = w[1] != "no", decimal.Zero
		if w[1] == "but" {
			p.but = dec(w[2])
		}
	case "noisy":
		p.noisy = w[1] == "yes"
	default:
		return false
	}
	return true
}
