package host

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

// logged keeps what people are told.
type logged struct{ lines []Line }

func (l *logged) add(x Line) { l.lines = append(l.lines, x) }

func (l *logged) has(level Level, text string) bool {
	for _, x := range l.lines {
		if x.Level == level && strings.Contains(x.Text, text) {
			return true
		}
	}
	return false
}

// answering is a broker that answers the first order of a session.
func answering(answer func(s *BrokerSession, o *exchange.Order)) *desk {
	asked := false
	return &desk{name: "desk", submit: func(s *BrokerSession, o *exchange.Order) {
		if !asked {
			asked = true
			answer(s, o)
		}
	}}
}

// mailing is a desk that is an exchange.Simulated.
type mailing struct {
	*desk
	box []exchange.Event
}

func (m *mailing) Market(*exchange.Event) {}
func (m *mailing) NextTime() (exchange.Time, bool) {
	if len(m.box) == 0 {
		return 0, false
	}
	return m.box[0].Time, true
}
func (m *mailing) Pop(ev *exchange.Event) { *ev, m.box = m.box[0], m.box[1:] }

// perpBuyer buys once in each run, and keeps the balance that it sees.
func perpBuyer(balance *string) core.Strategy {
	sent := false
	return &gopher{name: "perp", wants: []core.Handler{core.OnBook}, call: func(p *core.Port, n *core.Callback) error {
		if !sent {
			sent = true
			p.Submit(exchange.Order{Instrument: n.Instrument, Side: exchange.Buy, Type: exchange.MarketOrder, TIF: exchange.IOC, Qty: 5})
		}
		*balance = p.Balance("usdm", "USDT").Total.String()
		return nil
	}}
}

// A payment's TranID is the account's for good: told again it is booked once, in memory as
// in the ledger, and another payment of the same is refused, after earlier runs too.
func TestABrokersPayments(t *testing.T) {
	funded := func(o *exchange.Order, at exchange.Time, amount int64) exchange.Event {
		return exchange.Event{Kind: exchange.KindFundingPaid, Time: at, Instrument: o.Instrument, Payment: &exchange.FundingPayment{Instrument: o.Instrument, Settled: exchange.Date(2026, 1, 1),
			Rate: 10_000, Mark: 9e12, Position: 5, Amount: decimal.NewFromInt(amount), Asset: "USDT", TranID: "a"}}
	}
	db := filepath.Join(t.TempDir(), "x.db")
	run := func(d *desk) (*Summary, *logged, string) {
		t.Helper()
		var log logged
		var balance, again string
		sum, err := Run(context.Background(), &Options{Strategies: []core.Strategy{perpBuyer(&balance)}, Broker: d, For: 10 * exchange.Minute, DB: db, ClearHalt: true, Log: log.add})
		if err != nil {
			t.Fatal(err)
		}
		if res, err := ReplayWith(context.Background(), sum.Journal, ReplayOptions{Strategies: []core.Strategy{perpBuyer(&again)}}); err != nil || res.Diff != nil || again != balance {
			t.Errorf("replay: %+v, %v; balance %s, then %s", res, err, balance, again)
		}
		return sum, &log, balance
	}
	const again = "funding a of usdm:BTCUSDT: it was told before"
	var said []error
	sum, log, balance := run(answering(func(s *BrokerSession, o *exchange.Order) {
		for range 3 {
			said = append(said, s.Post(funded(o, 0, 3)))
		}
	}))
	if errors.Join(said...) != nil || sum.Funding.String() != "3" || sum.Halted != "" || !log.has(LevelWarn, again) {
		t.Errorf("three times the same: %v, funding %s, halted %q, log %v", said, sum.Funding, sum.Halted, log.lines)
	}
	said = nil
	sum, _, then := run(answering(func(s *BrokerSession, o *exchange.Order) {
		said = append(said, s.Post(funded(o, 0, 3)), s.Post(funded(o, 0, 4)))
	}))
	if !sum.Resumed || then != balance || said[0] != nil || said[1] == nil || !strings.Contains(said[1].Error(), "another payment, of 3 USDT") || !strings.Contains(sum.Halted, "has this TranID") {
		t.Errorf("in a later run: %v, balance %s then %s, halted %q", said, balance, then, sum.Halted)
	}
	for amount, halted := range map[int64]string{3: "", 4: "has this TranID"} {
		box := &mailing{}
		box.desk = answering(func(s *BrokerSession, o *exchange.Order) { box.box = append(box.box, funded(o, o.Created+1, amount)) })
		box.open = func(*BrokerSession) (exchange.Execution, error) { return box, nil }
		sum, log, then := run(box.desk)
		if then != balance || len(box.box) != 0 || (halted == "") != log.has(LevelWarn, again) || !strings.Contains(sum.Halted, halted) || (halted == "") != (sum.Halted == "") {
			t.Errorf("%d from a simulated broker: balance %s then %s, halted %q, log %v", amount, balance, then, sum.Halted, log.lines)
		}
	}
}

// The same trade told again is booked once, and one that differs under the same number is
// refused, in this run and after it.
func TestABrokersTradeThatDiffers(t *testing.T) {
	part := func(o *exchange.Order, qty exchange.Lots, price exchange.Ticks) exchange.Event {
		ev := whole(o, "one", price)
		ev.Fill.Qty = qty
		return ev
	}
	for name, second := range map[string]struct {
		qty   exchange.Lots
		price exchange.Ticks
		wrong bool
	}{"the same": {400, 10_000, false}, "another quantity": {300, 10_000, true}, "another price": {400, 10_001, true}} {
		var said [2]error
		d := answering(func(s *BrokerSession, o *exchange.Order) {
			said = [2]error{s.Post(part(o, 400, 10_000)), s.Post(part(o, second.qty, second.price))}
		})
		sum, err := Run(context.Background(), &Options{Source: oneCoinSource(20), Strategies: []core.Strategy{taker()}, Broker: d, Ledger: LedgerNone})
		if err != nil || said[0] != nil || sum.Fills != 1 || (said[1] != nil) != second.wrong || strings.Contains(sum.Halted, "has this TradeID") != second.wrong {
			t.Errorf("%s: %v, %v, %d fills, halted %q", name, err, said, sum.Fills, sum.Halted)
		}
	}
}

// A last word may come before its fills. It is held against them: those that don't come
// within a minute, or by the end, are named, and what unsays them is refused.
func TestABrokersLastWords(t *testing.T) {
	word := func(o *exchange.Order, status exchange.OrderStatus, filled exchange.Lots) exchange.Event {
		return exchange.Event{Kind: exchange.KindOrder, Update: exchange.OrderUpdate{ID: o.ID, Status: status, Filled: filled}}
	}
	fill := func(o *exchange.Order, id string, qty exchange.Lots) exchange.Event {
		ev := whole(o, id, 10_000)
		ev.Fill.Qty = qty
		return ev
	}
	late := func(o *exchange.Order, id string, qty exchange.Lots, by exchange.Time) exchange.Event {
		ev := fill(o, id, qty)
		ev.Time = o.Created + by
		return ev
	}
	const filled, canceled, rejected = exchange.StatusFilled, exchange.StatusCanceled, exchange.StatusRejected
	for name, tt := range map[string]struct {
		answers func(o *exchange.Order) []exchange.Event
		halted  string
		fills   int
		refused bool // the last of the answers
		ended   bool // the order
	}{
		"filled, no fills": {func(o *exchange.Order) []exchange.Event { return []exchange.Event{word(o, filled, 0)} },
			"order 1: 1000 lots are said to be filled, and fills of 0 came", 0, false, false},
		"canceled, fills missing": {func(o *exchange.Order) []exchange.Event {
			return []exchange.Event{fill(o, "a", 200), word(o, canceled, 500)}
		},
			"order 1: 500 lots are said to be filled, and fills of 200 came", 1, false, false},
		"partial, no fills": {func(o *exchange.Order) []exchange.Event {
			return []exchange.Event{word(o, exchange.StatusPartial, 300)}
		},
			"order 1: 300 lots are said to be filled, and fills of 0 came", 0, false, false},
		"partial before its fill": {func(o *exchange.Order) []exchange.Event {
			return []exchange.Event{word(o, exchange.StatusPartial, 300), late(o, "a", 300, 10*exchange.Second), word(o, canceled, 0)}
		}, "", 1, false, true},
		"less than was said": {func(o *exchange.Order) []exchange.Event {
			return []exchange.Event{word(o, exchange.StatusPartial, 300), word(o, canceled, 200)}
		},
			"300 were said to be before", 0, true, false},
		"filled before its fill": {func(o *exchange.Order) []exchange.Event {
			return []exchange.Event{word(o, filled, 1000), late(o, "a", 1000, 10*exchange.Second)}
		}, "", 1, false, true},
		"filled, then canceled": {func(o *exchange.Order) []exchange.Event {
			return []exchange.Event{word(o, filled, 0), word(o, canceled, 0)}
		}, "it was said before to be filled with 1000", 0, true, false},
		"canceled, then filled": {func(o *exchange.Order) []exchange.Event {
			return []exchange.Event{word(o, canceled, 0), word(o, filled, 0)}
		}, "it was said before to be canceled", 0, true, true},
		"canceled twice": {func(o *exchange.Order) []exchange.Event {
			return []exchange.Event{word(o, canceled, 0), word(o, canceled, 0)}
		}, "", 0, false, true},
		"filled in part": {func(o *exchange.Order) []exchange.Event { return []exchange.Event{word(o, filled, 400)} }, "filled with 400 lots: it is for 1000", 0, true, false},
		"canceled with too few": {func(o *exchange.Order) []exchange.Event {
			return []exchange.Event{fill(o, "a", 500), word(o, canceled, 200)}
		}, "fills of 500 were told before", 1, true, false},
		"rejected after a fill": {func(o *exchange.Order) []exchange.Event {
			return []exchange.Event{fill(o, "a", 500), word(o, rejected, 0)}
		}, "rejected with 500 lots filled", 1, true, false},
		"rejected, then a fill": {func(o *exchange.Order) []exchange.Event {
			return []exchange.Event{word(o, rejected, 0), fill(o, "a", 500)}
		}, "order 1 was said to be rejected with 0 filled", 0, true, true},
		"more than its last word": {func(o *exchange.Order) []exchange.Event {
			return []exchange.Event{word(o, canceled, 500), fill(o, "a", 600)}
		}, "order 1 was said to be canceled with 500 filled", 0, true, false},
		"a fill after a cancel": {func(o *exchange.Order) []exchange.Event {
			return []exchange.Event{word(o, canceled, 0), fill(o, "a", 600)}
		}, "", 1, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			var log logged
			var last error
			d := answering(func(s *BrokerSession, o *exchange.Order) {
				for _, ev := range tt.answers(o) {
					if last != nil {
						t.Error(last)
					}
					last = s.Post(ev)
				}
			})
			o := Options{Source: oneCoinSource(300), Strategies: []core.Strategy{taker()}, Broker: d, DB: filepath.Join(t.TempDir(), "x.db"), Log: log.add}
			sum, err := Run(context.Background(), &o)
			if err != nil {
				t.Fatal(err)
			}
			if (last != nil) != tt.refused || sum.Fills != tt.fills || !strings.Contains(sum.Halted, tt.halted) || (tt.halted == "") != (sum.Halted == "") {
				t.Errorf("the last answer: %v; %d fills, halted %q", last, sum.Fills, sum.Halted)
			}
			if log.has(LevelWarn, "the session ends with work under way") == tt.ended {
				t.Errorf("the order has come to its end: want %t; log %v", tt.ended, log.lines)
			}
			if tt.halted != "" && !log.has(LevelError, tt.halted) {
				t.Errorf("nobody is told of %q: %v", tt.halted, log.lines)
			}
			if res, err := ReplayWith(context.Background(), sum.Journal, ReplayOptions{Strategies: []core.Strategy{taker()}}); err != nil || res.Diff != nil {
				t.Errorf("replay: %+v, %v", res, err)
			}
		})
	}
	t.Run("a minute for each", func(t *testing.T) {
		for by, halted := range map[exchange.Time]bool{100 * exchange.Second: false, 120 * exchange.Second: true} {
			box := &mailing{}
			box.desk = answering(func(s *BrokerSession, o *exchange.Order) {
				partial, last := word(o, exchange.StatusPartial, 300), word(o, filled, 0)
				partial.Time, last.Time = o.Created, o.Created+50*exchange.Second
				box.box = []exchange.Event{partial, last, late(o, "a", 300, 50*exchange.Second), late(o, "b", 700, by)}
			})
			box.open = func(*BrokerSession) (exchange.Execution, error) { return box, nil }
			sum, err := Run(context.Background(), &Options{Source: oneCoinSource(300), Strategies: []core.Strategy{taker()}, Broker: box.desk, Ledger: LedgerNone})
			if err != nil || sum.Fills != 2 || (sum.Halted != "") != halted {
				t.Errorf("the rest %s after the order: %v, %d fills, halted %q", time.Duration(by), err, sum.Fills, sum.Halted)
			}
		}
	})
	t.Run("at the end", func(t *testing.T) {
		var log logged
		stream := make(chan exchange.Event, 3)
		for _, ev := range quotes(3) {
			stream <- ev
		}
		d := answering(func(s *BrokerSession, o *exchange.Order) {
			if err := s.Post(word(o, filled, 0)); err != nil {
				t.Error(err)
			}
			close(stream)
		})
		_, err := Run(context.Background(), &Options{Strategies: []core.Strategy{taker()}, Broker: d, Ledger: LedgerNone, Log: log.add, StopWithin: 2 * leaveIn,
			Source: &ChanSource{Info: SourceInfo{Name: "stream", Instruments: []exchange.Instrument{oneCoin}}, Events: stream}})
		if err != nil || !log.has(LevelError, "order 1: 1000 lots are said to be filled, and fills of 0 came") {
			t.Errorf("%v, log %v", err, log.lines)
		}
	})
}

// An answer that is due long after the market is over is not awaited, and is named.
func TestABrokersAnswerAfterTheEnd(t *testing.T) {
	for by, booked := range map[exchange.Time]bool{50 * exchange.Second: true, 1000 * exchange.Day: false} {
		var log logged
		d := answering(func(s *BrokerSession, o *exchange.Order) {
			ev := whole(o, "a", 10_000)
			ev.Time = exchange.Date(2026, 1, 1) + by
			if err := s.Post(ev); err != nil {
				t.Error(err)
			}
		})
		sum, err := Run(context.Background(), &Options{Source: oneCoinSource(20), Strategies: []core.Strategy{taker()}, Broker: d, Ledger: LedgerNone, Log: log.add})
		if err != nil || (sum.Fills == 1) != booked || sum.EndedBy != "data" || !strings.HasPrefix(sum.To, "2026-01-01") || log.has(LevelError, "1 answers were due after the end") == booked {
			t.Errorf("due %s later: %+v, %v, log %v", time.Duration(by), sum, err, log.lines)
		}
	}
}

// What a broker may call by mistake is answered, and wallets have one name.
func TestABrokersSession(t *testing.T) {
	var none BrokerSession
	none.Hold("no")
	if err := none.Post(exchange.Event{}); Classify(err) != FaultUsage || none.Book(0) != nil {
		t.Errorf("of a session of nobody: %v, book %v", err, none.Book(0))
	}
	db := filepath.Join(t.TempDir(), "x.db")
	var wallets [2][]exchange.Wallet
	for i := range wallets {
		var refused error
		d := answering(func(s *BrokerSession, o *exchange.Order) {
			if s.Book(o.Instrument) == nil || s.Book(-1) != nil || s.Book(999) != nil {
				t.Error("books of instruments that there are not")
			}
			refused = s.Post(exchange.Event{})
		})
		d.open = func(s *BrokerSession) (exchange.Execution, error) {
			for _, b := range s.Opening.Balances {
				wallets[i] = append(wallets[i], b.Wallet)
			}
			return d, nil
		}
		var balance string
		_, err := Run(context.Background(), &Options{Strategies: []core.Strategy{perpBuyer(&balance)}, Broker: d, For: 10 * exchange.Minute, DB: db, ClearHalt: true})
		if err != nil || Classify(refused) != FaultAccount {
			t.Errorf("%v; %v is of class %d", err, refused, Classify(refused))
		}
	}
	if len(wallets[0]) == 0 || strings.Contains(string(wallets[0][0]), ".") {
		t.Errorf("wallets %v", wallets)
	}
	for _, w := range wallets[1] {
		if !slices.Contains(wallets[0], w) {
			t.Errorf("wallet %s of a resumed session is none of %v of the new one", w, wallets[0])
		}
	}
}

// popping panics when it is asked for its mail.
type popping struct{ *mailing }

func (popping) Pop(*exchange.Event) { panic("no mail") }

// A panic in Pop ends the session as any of a broker does; it is no answer, and trips no
// kill latch.
func TestABrokerThatPanicsInPop(t *testing.T) {
	m := &mailing{desk: &desk{name: "desk"}}
	m.desk.open = func(*BrokerSession) (exchange.Execution, error) { return popping{m}, nil }
	m.desk.submit = func(_ *BrokerSession, o *exchange.Order) { m.box = append(m.box, exchange.Event{Time: o.Created}) }
	sum, err := Run(context.Background(), &Options{Source: oneCoinSource(20), Strategies: []core.Strategy{taker()}, Ledger: LedgerNone, Broker: m.desk})
	var broke *BrokerError
	if !errors.As(err, &broke) || !strings.Contains(err.Error(), "Pop panicked: no mail") {
		t.Errorf("%v, want a BrokerError that names Pop", err)
	}
	if sum == nil || sum.Halted != "" {
		t.Errorf("%+v: want a summary without a halt", sum)
	}
}
