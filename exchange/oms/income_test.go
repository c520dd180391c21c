package oms

import (
	"testing"

	"github.com/perilune/perilune/exchange"
)

// settled is a run that is idle, a settlement of what it holds, and the run's end a
// while after.
func settled(t *testing.T, ahead, end exchange.Time) *sim {
	s := newSim(t, 1)
	s.house.ahead, s.calm = ahead, true
	s.ledger.began = start + ahead
	s.boot()
	s.until(s.now + 10*exchange.Second)
	in := s.u.Get(1)
	s.hand(in, "0.02")
	s.until(s.now + 10*exchange.Second)
	s.house.fund(in, dec("-3.95"))
	s.pump()
	s.until(s.now + end)
	return s
}

// hand trades on the account as another run does, or a person.
func (s *sim) hand(in *exchange.Instrument, qty string) {
	s.house.now = s.now
	o := &held{Report: Report{Venue: in.Venue, Symbol: in.Symbol, ClientID: "web_1", OrderID: s.house.next(),
		Side: exchange.Sell, Status: exchange.StatusAccepted, Price: dec("49000"), Qty: dec(qty)}}
	s.house.orders = append(s.house.orders, o)
	s.house.fill(o, o.Qty, "")
	s.pump()
}

// Funding around a restart is booked once: whenever the run before ended, whoever
// traded since, and however far the market's clock is from that of requests.
func TestFundingAroundARestart(t *testing.T) {
	for _, ahead := range []exchange.Time{0, 30 * exchange.Minute, exchange.Day, -30 * exchange.Minute} {
		for _, end := range []exchange.Time{0, 100 * exchange.Millisecond, exchange.Second, 3 * exchange.Second, exchange.Minute} {
			for _, later := range []exchange.Time{0, exchange.Minute, 20 * exchange.Minute} {
				s := settled(t, ahead, end)
				s.down = true
				s.run++
				s.now += later
				s.hand(s.u.Get(1), "0.01")
				s.now += exchange.Minute
				s.boot()
				s.until(s.now + 30*exchange.Second)
				s.hand(s.u.Get(1), "0.01")
				s.finish()
				s.check()
				if n := len(s.ledger.paid); n != 1 {
					t.Errorf("market %d s ahead, run ended %d ms after the settlement: booked %d times", ahead/exchange.Second, end/exchange.Millisecond, n)
				}
				for _, ev := range s.ledger.adjusted {
					if ev.Reason != "opening balance" {
						t.Errorf("market %d s ahead: %s %s", ahead/exchange.Second, ev.Amount, ev.Reason)
					}
				}
			}
		}
	}
}

// Whoever ends a run can see that a payment is on its way, until it is booked.
func TestFundingThatIsOwedIsShown(t *testing.T) {
	s := settled(t, 0, 100*exchange.Millisecond)
	owed := func() (out bool) {
		for _, m := range s.manager.Health().Sections {
			out = out || m.Coming != 0 && m.Heard != 0
		}
		return out
	}
	if !owed() || len(s.ledger.paid) != 0 {
		t.Errorf("owed %v, booked %d at once", owed(), len(s.ledger.paid))
	}
	s.until(s.now + 3*exchange.Second)
	if owed() || len(s.ledger.paid) != 1 {
		t.Errorf("owed %v, booked %d after the listing", owed(), len(s.ledger.paid))
	}
}
