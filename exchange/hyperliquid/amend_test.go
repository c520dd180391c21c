package hyperliquid_test

import (
	"errors"
	"io"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/venuetest"
)

// resting places an order that rests, and says what is heard of it.
func resting(t *testing.T, l *local) (connect.Account, oms.Amender, oms.Order, oms.Report, *venuetest.Heard) {
	t.Helper()
	a := l.signIn(t, false)
	h, _ := venuetest.Hear(t, func(sink func(oms.AccountEvent)) (io.Closer, error) { return a.Listen(nil, sink) })
	o := oms.Order{Venue: "hyperliquid.perp", Symbol: "BTC", ClientID: "pln-amend-1", Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.PostOnly, Qty: dec("0.02"), Price: dec("70000")}
	r, err := a.Place(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	m, ok := a.(oms.Amender)
	if !ok {
		t.Fatal("the account does not amend")
	}
	return a, m, o, r, h
}

// rests is what is left of the account's open orders at the exchange.
func (l *local) rests() (out []decimal.Decimal) {
	l.sim.Do(func(s *simserver.State) {
		for _, a := range s.Accounts() {
			for _, o := range a.Orders.All() {
				if o.Open() {
					out = append(out, o.Market.In.QtyDecimal(o.Qty-o.Filled))
				}
			}
		}
	})
	return out
}

func arm(t *testing.T, l *local, f simserver.Fault) {
	t.Helper()
	if err := l.sim.Arm(f); err != nil {
		t.Fatal(err)
	}
}

// An order that is amended keeps its name, has another number, and is one order to whoever
// listens: the end of the one that it took the place of is not told.
func TestAmend(t *testing.T) {
	l := start(t, wallClock())
	a, m, o, placed, h := resting(t, l)
	o.Price, o.Qty = dec("71000"), dec("0.03")
	r, err := m.Amend(t.Context(), placed.OrderID, o)
	if err != nil || r.OrderID == placed.OrderID || r.ClientID != o.ClientID || !r.Qty.Equal(o.Qty) || r.Status != exchange.StatusAccepted {
		t.Fatalf("%+v %v", r, err)
	}
	h.Until("the new order is heard of", func(e *oms.AccountEvent) bool {
		return e.Report != nil && e.Report.OrderID == r.OrderID && e.Report.Price.Equal(o.Price)
	})
	if h.Any(func(e *oms.AccountEvent) bool { return e.Report != nil && e.Report.Status == exchange.StatusCanceled }) {
		t.Error("the order that was replaced was told as canceled")
	}
	open, err := a.OpenOrders(t.Context(), o.Venue)
	if err != nil || len(open) != 1 || !open[0].Qty.Equal(o.Qty) {
		t.Errorf("%+v %v", open, err)
	}
}

// What is filled while an order is amended is taken off the new one.
func TestAmendRacesAPartialFill(t *testing.T) {
	l := start(t, wallClock())
	a, m, o, placed, _ := resting(t, l)
	arm(t, l, simserver.Fault{Kind: "amend_race", Qty: "0.005"})
	o.Price = dec("71000")
	r, err := m.Amend(t.Context(), placed.OrderID, o)
	if err != nil || !r.Filled.Equal(dec("0.005")) || !r.Qty.Equal(o.Qty) {
		t.Fatalf("%+v %v", r, err)
	}
	q, err := a.Query(t.Context(), oms.OrderRef{Venue: o.Venue, Symbol: o.Symbol, ClientID: o.ClientID})
	if err != nil || q.OrderID != r.OrderID || !q.Qty.Equal(o.Qty) || !q.Filled.Equal(dec("0.005")) || q.Status != exchange.StatusPartial {
		t.Errorf("%+v %v", q, err)
	}
	if left := l.rests(); len(left) != 1 || !left[0].Equal(dec("0.015")) {
		t.Errorf("%s rest, want 0.015", left)
	}
}

// An order that was filled first is over, and says so.
func TestAmendLosesTheRace(t *testing.T) {
	l := start(t, wallClock())
	_, m, o, placed, _ := resting(t, l)
	arm(t, l, simserver.Fault{Kind: "amend_race"})
	_, err := m.Amend(t.Context(), placed.OrderID, o)
	if v := (*exchange.VenueError)(nil); !errors.As(err, &v) || v.Class != exchange.ErrAlreadyFinal {
		t.Errorf("%v", err)
	}
}

// An answer that is lost is unknown; what became of the order is asked by its name, and the
// request can't strike twice.
func TestAmendWithoutAnAnswer(t *testing.T) {
	l := start(t, wallClock())
	a, m, o, placed, _ := resting(t, l)
	arm(t, l, simserver.Fault{Kind: "unknown", Count: 1})
	o.Price = dec("71000")
	_, err := m.Amend(t.Context(), placed.OrderID, o)
	if v := (*exchange.VenueError)(nil); !errors.As(err, &v) || v.Class != exchange.ErrUnknown {
		t.Fatalf("%v", err)
	}
	q, err := a.Query(t.Context(), oms.OrderRef{Venue: o.Venue, Symbol: o.Symbol, ClientID: o.ClientID})
	if err != nil || q.OrderID == placed.OrderID || !q.Price.Equal(o.Price) {
		t.Errorf("%+v %v", q, err)
	}
	if r, err := m.Amend(t.Context(), q.OrderID, o); err != nil || !r.Qty.Equal(o.Qty) {
		t.Errorf("%+v %v", r, err)
	}
	if left := l.rests(); len(left) != 1 {
		t.Errorf("%s rest", left)
	}
}

// A run that begins asks what the one before it replaced: the order is told whole, and
// amending it again takes off what all of it filled.
func TestAmendAfterARestart(t *testing.T) {
	l := start(t, wallClock())
	_, m, o, placed, _ := resting(t, l)
	arm(t, l, simserver.Fault{Kind: "amend_race", Qty: "0.005"})
	o.Price = dec("71000")
	if _, err := m.Amend(t.Context(), placed.OrderID, o); err != nil {
		t.Fatal(err)
	}
	next := l.signIn(t, false)
	q, err := next.Query(t.Context(), oms.OrderRef{Venue: o.Venue, Symbol: o.Symbol, ClientID: o.ClientID})
	if err != nil || !q.Qty.Equal(o.Qty) || !q.Filled.Equal(dec("0.005")) || q.Status != exchange.StatusPartial {
		t.Errorf("%+v %v", q, err)
	}
	open, err := next.OpenOrders(t.Context(), o.Venue)
	if err != nil || len(open) != 1 || !open[0].Filled.Equal(dec("0.005")) {
		t.Errorf("%+v %v", open, err)
	}
	o.Price = dec("70500")
	r, err := next.(oms.Amender).Amend(t.Context(), q.OrderID, o)
	if err != nil || !r.Filled.Equal(dec("0.005")) || !r.Qty.Equal(o.Qty) {
		t.Errorf("%+v %v", r, err)
	}
	if left := l.rests(); len(left) != 1 || !left[0].Equal(dec("0.015")) {
		t.Errorf("%s rest, want 0.015", left)
	}
}
