package execution

import (
	"fmt"
	"slices"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/goldentest"
	"github.com/perilune/perilune/exchange/intent"
)

// safe is a wallet, its pairs and the spot wallet, as a margin manager sees them. What it
// asks for is written down; the test says what came of it.
type safe struct {
	manager MarginManager
	now     exchange.Time
	m       exchange.Margin
	cash    decimal.Decimal
	pairs   []Short
	moves   uint64
	deny    bool // pairs can't be made smaller
	out     *goldentest.Scenario
}

func (s *safe) Now() exchange.Time                               { return s.now }
func (s *safe) Standing(exchange.Wallet, string) exchange.Margin { return s.m }
func (s *safe) Cash(string) decimal.Decimal                      { return s.cash }
func (s *safe) Shorts(exchange.Wallet) []Short                   { return slices.Clone(s.pairs) }

// say writes down what was asked for; without a scenario nobody reads it.
func (s *safe) say(format string, a ...any) {
	if s.out != nil {
		s.out.Say(s.now-exchange.Date(2026, 1, 5), format, a...)
	}
}

func (s *safe) Move(asset string, from, to exchange.Wallet, amount decimal.Decimal) uint64 {
	s.moves++
	s.say("transfer %d: %s %s from %s to %s", s.moves, amount, asset, from, to)
	return s.moves
}

func (s *safe) Shrink(id exchange.PairID, value decimal.Decimal, reason string) error {
	if s.deny {
		return fmt.Errorf("pair %d can't be made smaller", id)
	}
	for i := range s.pairs {
		if s.pairs[i].Pair == id {
			s.pairs[i].State, s.pairs[i].Closing = intent.PairClosing, value
			if value.IsZero() {
				s.pairs[i].Closing = s.pairs[i].Value
			}
		}
	}
	s.say("close %s of pair %d: %s", value, id, reason)
	return nil
}

func (s *safe) Log(_ bool, text string) { s.say("%s", text) }

// Command carries out a line of a scenario.
func (s *safe) Command(w []string) {
	switch w[0] {
	case "keep":
		s.manager.Request = intent.MaintainRequest{Wallet: "usdm", Cash: "spot", Asset: "USDT", Target: dec(w[1]), Soft: dec(w[2]), Hard: dec(w[3])}
		if len(w) > 4 {
			s.manager.Request.Reserve = dec(w[4])
		}
		if err := s.manager.Request.Validate(); err != nil {
			s.say("refused: %v", err)
		}
	case "usdm": // equity, exposure, maintenance, movable
		s.m = exchange.Margin{Equity: dec(w[1]), Exposure: dec(w[2]), Maintenance: dec(w[3]), Movable: dec(w[4])}
	case "cash":
		s.cash = dec(w[1])
	case "pair": // id, state, value, loss
		states := map[string]intent.PairState{"open": intent.PairOpen, "opening": intent.PairOpening}
		s.pairs = append(s.pairs, Short{Pair: exchange.PairID(dec(w[1]).IntPart()), State: states[w[2]], Value: dec(w[3]), Loss: dec(w[4])})
	case "deny":
		s.deny = true
	case "arrived", "failed":
		s.manager.Arrived(uint64(dec(w[1]).IntPart()), w[0] == "failed")
	case "wait":
		until := s.now + s.out.Duration(w[1])
		for at, armed := s.manager.Deadline(); armed && at <= until && at > s.now; at, armed = s.manager.Deadline() {
			s.now = at
			s.manager.Step(s)
		}
		s.now = until
	case "look":
		s.manager.Step(s)
	case "room":
		now, soon := s.manager.Headroom(s)
		s.say("room for %s, soon %s", now, soon)
	default:
		s.out.Unknown(w[0])
	}
}

// TestMarginManager plays testdata/marginmanager/*.txt: what a margin manager does with the money, line
// by line. "go test -run MarginManager -update" writes the answers; read them.
func TestMarginManager(t *testing.T) {
	goldentest.Play(t, "testdata/marginmanager/*.txt", func(out *goldentest.Scenario) goldentest.Player {
		return &safe{now: exchange.Date(2026, 1, 5), out: out}
	})
}

// Whatever the wallets hold, a margin manager moves no more than there is, leaves the
// reserve alone, and takes no more from a pair than it is worth; and below the hard
// limit it never sits still while there is something to be done.
func TestMarginManagerStaysWithinTheMoney(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		money := func(name string, most int) decimal.Decimal {
			return decimal.New(int64(rapid.IntRange(0, most*100).Draw(r, name)), -2)
		}
		s := &bounded{safe: safe{now: exchange.Date(2026, 1, 5)}, r: r}
		s.manager.Request = intent.MaintainRequest{Wallet: "usdm", Cash: "spot", Asset: "USDT", Target: dec("0.6"), Soft: dec("0.35"), Hard: dec("0.25"), Reserve: money("reserve", 500)}
		s.cash = money("cash", 5000)
		for i := range rapid.IntRange(0, 4).Draw(r, "pairs") {
			v := money("value", 5000).Add(decimal.NewFromInt(10))
			s.pairs = append(s.pairs, Short{Pair: exchange.PairID(i + 1), State: intent.PairOpen, Value: v, Loss: money("loss", 1000)})
			s.m.Exposure = s.m.Exposure.Add(v)
		}
		s.m.Maintenance = s.m.Exposure.Mul(dec("0.01"))
		s.m.Equity = money("equity", 5000)
		s.m.Movable = decimal.Min(s.m.Equity, money("movable", 5000))
		s.manager.Step(s)
		d, exposed := Distance(s.m)
		if exposed && d.LessThan(s.manager.Request.Hard) && s.asked == 0 {
			r.Fatalf("a rise of %s would liquidate, and nothing is done", percent(d))
		}
		if now, soon := s.manager.Headroom(s); now.IsNegative() || soon.IsNegative() {
			r.Fatalf("room for %s, soon %s", now, soon)
		}
	})
}

// bounded holds what a margin manager asks for against what there is.
type bounded struct {
	safe
	r     *rapid.T
	asked int
}

func (s *bounded) Move(asset string, from, to exchange.Wallet, amount decimal.Decimal) uint64 {
	s.asked++
	most := s.m.Movable
	if from == "spot" {
		most = s.cash.Sub(s.manager.Request.Reserve)
	}
	if !amount.IsPositive() || amount.GreaterThan(most) || from == to {
		s.r.Fatalf("transfer of %s from %s to %s, where %s may leave", amount, from, to, most)
	}
	return s.safe.Move(asset, from, to, amount)
}

func (s *bounded) Shrink(id exchange.PairID, value decimal.Decimal, reason string) error {
	s.asked++
	for _, p := range s.pairs {
		if p.Pair == id && (value.GreaterThanOrEqual(p.Value) || p.State == intent.PairClosing || value.IsNegative()) {
			s.r.Fatalf("%s of a pair worth %s that is %s", value, p.Value, p.State)
		}
	}
	return s.safe.Shrink(id, value, reason)
}
