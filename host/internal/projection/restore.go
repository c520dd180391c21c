package projection

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/execution/schedule"
	"github.com/perilune/perilune/ledger"
)

// Restorer reads from a session's ledger what its next run goes on from.
type Restorer struct {
	DB       *ledger.DB
	Account  string
	Snapshot *ledger.Snapshot
	Universe *exchange.Universe
	Roster   *Roster
	// Partial: the market need not have all that was ever traded in the session.
	Partial bool
	// Venue: the orders that the ledger has no end of may still be at the venue.
	Venue bool
	// Unhalt lifts the kill latch that the session was left with.
	Unhalt bool
	Warn   func(text string)
}

// Restore returns what a core goes on from. The order in which the ledger is read is
// also the order in which the strategies of earlier runs are numbered.
func (r *Restorer) Restore() (*core.Restore, error) {
	snap := r.Snapshot
	out := &core.Restore{
		Time: snap.LastTime, LastOrder: snap.NextOrder - 1, LastPair: snap.NextPair - 1, LastTransfer: snap.NextTransfer - 1,
		LastQuestion: snap.NextQuestion - 1, LastSchedule: snap.NextSchedule - 1,
	}
	var err error
	for _, read := range []func(*core.Restore) error{r.latch, r.balances, r.fills, r.orders, r.pairs, r.schedules, r.conditionals, r.signals} {
		if err = read(out); err != nil {
			break
		}
	}
	out.Absent = r.Roster.Absent
	return out, err
}

// State is what a strategy of this name left to find again; "" is the host.
func State(snap *ledger.Snapshot, name string) string {
	if snap == nil {
		return ""
	}
	for _, s := range snap.States {
		if s.Strategy == name {
			return s.JSON
		}
	}
	return ""
}

// Halted is why the kill latch is tripped; "": it is not, or nobody can tell.
func Halted(snap *ledger.Snapshot) string {
	var l latch
	if text := State(snap, ""); text == "" || json.Unmarshal([]byte(text), &l) != nil {
		return ""
	}
	return l.Halted
}

func (r *Restorer) signals(out *core.Restore) (err error) {
	out.Signals, err = ledger.SignalIDs(&r.DB.Reader, r.Account, core.KeptSignals)
	return err
}

func (r *Restorer) latch(out *core.Restore) error {
	text := State(r.Snapshot, "")
	if text == "" {
		return nil
	}
	var l latch
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		return fmt.Errorf("state of the kill latch: %w", err)
	}
	if out.Halted = l.Halted; l.Halted != "" && !r.Unhalt {
		r.Warn("still halted, only reducing orders pass: " + l.Halted)
	}
	for _, name := range slices.Sorted(maps.Keys(l.Strategies)) {
		out.Latches = append(out.Latches, core.Latch{Strategy: name, Reason: l.Strategies[name]})
		if !r.Unhalt {
			r.Warn(fmt.Sprintf("%s is still halted, only what reduces its own positions passes: %s", name, l.Strategies[name]))
		}
	}
	return nil
}

// balances keeps what was in transit apart: its arrival is the first thing that the
// session hears of, because a simulated transfer that was sent can't fail any more.
func (r *Restorer) balances(out *core.Restore) error {
	for _, b := range r.Snapshot.Balances {
		wallet, ok := strings.CutPrefix(b.Account, "A:")
		if !ok || wallet == "transit" {
			continue
		}
		out.Balances = append(out.Balances, core.RestoredBalance{Wallet: exchange.Wallet(wallet), Asset: b.Asset, Total: b.Amount})
	}
	out.Transit = r.Transit()
	return nil
}

// Transit are the transfers that were sent and have not arrived, in the order of the
// snapshot.
func (r *Restorer) Transit() []exchange.Transfer {
	var out []exchange.Transfer
	for i := range r.Snapshot.Transit {
		t := r.Snapshot.Transit[i].Transfer
		t.Strategy = r.Roster.Index(r.Snapshot.Transit[i].StrategyName)
		out = append(out, t)
	}
	return out
}

func (r *Restorer) fills(out *core.Restore) error {
	return r.DB.EachFill(ledger.Filter{Account: r.Account}, func(f *ledger.Fill) error {
		in, ok := r.Universe.Find(f.Venue, f.Symbol)
		if !ok && r.Partial {
			return nil // nothing is held of it any more, or it would be here
		}
		if !ok {
			return fmt.Errorf("fill %s: %s:%s is not in this market", f.TradeID, f.Venue, f.Symbol)
		}
		price, _ := in.Tick.Exact(f.Price)
		qty, _ := in.Lot.Exact(f.Qty)
		out.Fills = append(out.Fills, core.RestoredFill{Time: f.Time, Strategy: r.Roster.Index(f.Strategy), Pair: f.Pair, Fill: exchange.Fill{
			Instrument: in.ID, Side: f.Side, Price: exchange.Ticks(price), Qty: exchange.Lots(qty), Fee: f.Fee, FeeAsset: f.FeeAsset,
			Realised: f.Realised, TradeID: f.TradeID, Reason: f.Reason}})
		return nil
	})
}

func (r *Restorer) orders(out *core.Restore) (err error) {
	if r.Venue {
		out.Orders, err = r.Orders()
	}
	return err
}

// Orders are those that the ledger has no end of.
func (r *Restorer) Orders() ([]exchange.Order, error) {
	filled, err := r.filled()
	if err != nil {
		return nil, err
	}
	var out []exchange.Order
	for i := range r.Snapshot.Orders {
		x := &r.Snapshot.Orders[i]
		in, ok := r.Universe.Find(x.Venue, x.Symbol)
		if !ok {
			return nil, fmt.Errorf("order %s: %s:%s is not in this market", x.ClientID, x.Venue, x.Symbol)
		}
		o := order(in, x, filled[x.ID])
		o.Strategy = r.Roster.Index(x.Strategy)
		out = append(out, o)
	}
	return out, nil
}

// order is an order as its row has it, with what its fills add up to: its own row is
// not renewed with every fill.
func order(in *exchange.Instrument, x *ledger.Order, filled decimal.Decimal) exchange.Order {
	price, _ := in.Tick.Exact(x.Price)
	qty, _ := in.Lot.Exact(x.Qty)
	done, _ := in.Lot.Exact(filled)
	return exchange.Order{
		ID: x.ID, ClientID: x.ClientID, Pair: x.Pair, Leg: x.Leg, Schedule: x.Schedule, Instrument: in.ID,
		Side: x.Side, Type: x.Type, TIF: x.TIF, ReduceOnly: x.ReduceOnly, Price: exchange.Ticks(price), Qty: exchange.Lots(qty),
		Filled: exchange.Lots(done), Status: x.Status, VenueID: x.VenueID, Created: x.Created, Updated: x.Updated,
	}
}

// filled adds the session's fills up by order.
func (r *Restorer) filled() (map[exchange.OrderID]decimal.Decimal, error) {
	sums := map[exchange.OrderID]decimal.Decimal{}
	err := r.DB.EachFill(ledger.Filter{Account: r.Account}, func(f *ledger.Fill) error {
		sums[f.Order] = sums[f.Order].Add(f.Qty)
		return nil
	})
	return sums, err
}

// ExpireOrders closes the books on orders that the last run left working. The
// simulated venue ended with its process, so nothing of them can fill any more.
func (r *Restorer) ExpireOrders() error {
	if len(r.Snapshot.Orders) == 0 || r.Snapshot.LastRun == nil {
		return nil
	}
	filled, err := r.filled()
	if err != nil {
		return err
	}
	w, err := r.DB.NewWriter(r.Snapshot.LastRun, ledger.WriterOptions{})
	if err != nil {
		return err
	}
	for i := range r.Snapshot.Orders {
		x := &r.Snapshot.Orders[i]
		in, ok := r.Universe.Find(x.Venue, x.Symbol)
		if !ok || err != nil {
			continue
		}
		o := order(in, x, filled[x.ID])
		o.Status, o.Reason, o.Updated = exchange.StatusExpired, "the session was interrupted", r.Snapshot.LastTime
		err = w.Post(&ledger.OrderRow{At: ledger.At{Seq: r.Snapshot.LastRun.Committed + 1, Time: r.Snapshot.LastTime},
			Instrument: in, Strategy: x.Strategy, Order: o})
	}
	if cerr := w.Close(); err == nil {
		err = cerr
	}
	return err
}

func (r *Restorer) pairs(out *core.Restore) error {
	for i := range r.Snapshot.Pairs {
		p := &r.Snapshot.Pairs[i]
		var d core.SavedPair
		if err := json.Unmarshal([]byte(p.Detail), &d); err != nil {
			return fmt.Errorf("pair %d: %w", p.ID, err)
		}
		if err := r.renumber(&d, p); err != nil {
			return fmt.Errorf("pair %d: %w", p.ID, err)
		}
		d.Pair.Strategy = r.Roster.Index(p.Strategy)
		if !r.Roster.Runs(d.Pair.Strategy) {
			r.Warn(fmt.Sprintf("pair %d belongs to strategy %q, which does not run now: it is kept hedged and otherwise left alone", p.ID, p.Strategy))
		}
		out.Pairs = append(out.Pairs, d)
	}
	return nil
}

// renumber finds the legs of a pair by their symbols: on a live market the
// instruments of this session need not be those of the last one.
func (r *Restorer) renumber(d *core.SavedPair, p *ledger.Pair) error {
	spot, err := r.Universe.Lookup(p.Spot)
	if err != nil {
		return err
	}
	perp, err := r.Universe.Lookup(p.Perp)
	if err != nil {
		return err
	}
	d.Pair.Spot, d.Pair.Perp = spot.ID, perp.ID
	d.Request.Spot, d.Request.Perp = spot.ID, perp.ID
	return r.renumberSpread(d)
}

// renumberSpread is renumber for what a spread holds by leg.
func (r *Restorer) renumberSpread(d *core.SavedPair) error {
	s := &d.Pair.Spread
	if err := s.Readable(); err != nil || !s.Is() {
		return err
	}
	for i := range s.Legs {
		h := &s.Legs[i]
		if h.Key == "" {
			continue
		}
		in, err := r.Universe.Lookup(h.Key)
		if err != nil {
			return err
		}
		h.Instrument = in.ID
	}
	if d.Request.Dark.Then == intent.SubstituteThen {
		d.Request.Dark.Substitute = s.Legs[intent.StandIn].Instrument
	}
	return nil
}

func (r *Restorer) schedules(out *core.Restore) error {
	for i := range r.Snapshot.Schedules {
		row := &r.Snapshot.Schedules[i]
		var saved schedule.Saved
		if err := json.Unmarshal([]byte(row.Detail), &saved); err != nil {
			return fmt.Errorf("schedule %d: %w", row.ID, err)
		}
		saved.Schedule.Strategy = r.Roster.Index(row.Strategy)
		if !r.Roster.Runs(saved.Schedule.Strategy) {
			r.Warn(fmt.Sprintf("schedule %d belongs to strategy %q, which does not run now: it is finished all the same", row.ID, row.Strategy))
		}
		out.Schedules = append(out.Schedules, saved)
	}
	return nil
}

// conditionals finds the instruments of orders that the host held by their symbols. On paper
// what they had at the venue ended with it.
func (r *Restorer) conditionals(out *core.Restore) error {
	away := map[string]int{}
	for i := range r.Snapshot.Conditionals {
		row := &r.Snapshot.Conditionals[i]
		var c intent.Conditional
		if err := json.Unmarshal([]byte(row.Detail), &c); err != nil {
			return fmt.Errorf("order %d: %w", row.ID, err)
		}
		in, ok := r.Universe.Find(row.Venue, row.Symbol)
		if !ok {
			return fmt.Errorf("order %d, which is held: %s:%s is not in this market", row.ID, row.Venue, row.Symbol)
		}
		c.Request.Instrument, c.Strategy = in.ID, r.Roster.Index(row.Strategy)
		if !r.Roster.Runs(c.Strategy) && !row.Done {
			away[row.Strategy]++
		}
		out.Conditionals = append(out.Conditionals, c)
	}
	for _, name := range slices.Sorted(maps.Keys(away)) {
		r.Warn(fmt.Sprintf("%d orders are held for strategy %q, which does not run now: those that reduce are carried out all the same, the others wait", away[name], name))
	}
	return nil
}
