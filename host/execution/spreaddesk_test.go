package execution

import (
	"fmt"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/intent"
)

// spreadDesk is what a desk keeps for a spread.
type spreadDesk struct {
	standIn exchange.InstrumentID
	dark    map[string]string // houses that are dark, and why
	held    decimal.Decimal   // coins of the account that may be sold short
}

// apart are three houses that trade one coin of 100 dollars, each by rules of its own.
func apart(t testing.TB) *exchange.Universe {
	t.Helper()
	in := func(venue exchange.Venue, symbol, quote string, c exchange.Contract, tick, lot, least, fee string) exchange.Instrument {
		return exchange.Instrument{Venue: venue, Symbol: symbol, Base: "ABC", Quote: quote, Contract: c, Tick: exchange.MustStep(tick), Lot: exchange.MustStep(lot),
			MinNotional: dec(least), TakerFee: dec(fee)}
	}
	inverse := in("south.inverse", "ABCUSD", "USD", exchange.Inverse, "0.05", "1", "0", "0.0005")
	inverse.ContractSize = dec("10")
	thousand := in("south.linear", "1000ABCUSDT", "USDT", exchange.Linear, "1", "0.0001", "5", "0.0005")
	thousand.Multiplier = 1000
	june := in("north.linear", "ABC-260626", "USDT", exchange.Linear, "0.01", "0.01", "5", "0.0005")
	june.Delivery = exchange.Date(2026, 6, 26)
	soon := in("north.linear", "ABC-260105", "USDT", exchange.Linear, "0.01", "0.01", "5", "0.0005")
	soon.Delivery = exchange.Date(2026, 1, 5) + exchange.Hour/2
	other := in("south.linear", "XYZUSDT", "USDT", exchange.Linear, "0.01", "0.01", "5", "0.0005")
	other.Base = "XYZ"
	u, err := exchange.NewUniverse([]exchange.Instrument{
		in("north.spot", "ABCUSDT", "USDT", exchange.Spot, "0.01", "0.001", "5", "0.001"),
		in("north.linear", "ABCUSDT", "USDT", exchange.Linear, "0.01", "0.001", "5", "0.0005"),
		in("south.linear", "ABCUSDC", "USDC", exchange.Linear, "0.05", "0.1", "0", "0.0004"),
		in("south.spot", "ABCEUR", "EUR", exchange.Spot, "0.01", "0.001", "5", "0.001"),
		in("south.spot", "ABCUSDC", "USDC", exchange.Spot, "0.01", "0.001", "5", "0.001"),
		in("east.linear", "ABCUSDT", "USDT", exchange.Linear, "0.01", "0.01", "5", "0.0006"),
		inverse, thousand, june, soon, other,
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// apart makes the desk trade legs of the three houses.
func (d *desk) apart(keys []string) {
	d.t.Helper()
	if d.dark == nil {
		d.u, d.books, d.dark = apart(d.t), nil, map[string]string{}
		for _, in := range d.u.All() {
			d.books = append(d.books, book.New(in))
		}
	}
	at := []*exchange.InstrumentID{&d.spot, &d.perp, &d.standIn}
	for i, key := range keys {
		in, err := d.u.Lookup(key)
		if err != nil {
			d.t.Fatal(err)
		}
		*at[i] = in.ID
	}
}

// goDark tells the machine that a house is dark, or with no words that it is back.
func (d *desk) goDark(house, why string) {
	d.dark[house] = why
	if d.m != nil && d.m.Concerns(d.u, house) {
		d.step()
	}
}

// SettleLeg has somebody else take the other side inside the account; see SettleShort.
func (d *desk) SettleLeg(m *Machine, id exchange.InstrumentID, side exchange.Side, lots exchange.Lots) bool {
	bid, ok := d.books[id].Level(exchange.Buy, 1)
	if exchange.Lots(side)*d.hidden < lots || !ok {
		return false
	}
	d.hidden -= exchange.Lots(side) * lots
	d.say("settle %s %s at %s", d.qty(id, lots), d.leg(id), d.price(id, bid.Price))
	m.Fill(d, &exchange.Fill{Instrument: id, Side: side, Price: bid.Price, Qty: lots, FeeAsset: d.u.Get(id).Settle(), Reason: Crossed})
	d.guard()
	return true
}

// Dark is what the test says of the venue.
func (d *desk) Dark(id exchange.InstrumentID) string {
	house := d.u.Get(id).Venue.House()
	if why := d.dark[house]; why != "" {
		return house + " is dark: " + why
	}
	return ""
}

func (d *desk) spreadPosition(id exchange.InstrumentID) exchange.Lots {
	which, ok := d.m.Pair.Spread.Leg(id)
	if !ok {
		return 0
	}
	return d.m.Pair.Spread.Legs[which].Lots + d.hidden
}

func (d *desk) spreadFree(id exchange.InstrumentID) decimal.Decimal {
	if d.m == nil {
		return d.held
	}
	which, _ := d.m.Pair.Spread.Leg(id)
	return d.held.Add(d.m.Pair.Spread.Legs[which].Coins).Sub(d.missing)
}

// spreadRules are those that no scenario may break.
func (d *desk) spreadRules(o *exchange.Order) {
	d.t.Helper()
	h, in := d.m.spread.holding(int(o.Leg)-1), d.u.Get(o.Instrument)
	reduces := h.Coins.Sign()*int(o.Side) < 0
	switch {
	case o.TIF == exchange.PostOnly && d.crosses(o):
		d.t.Errorf("order is to rest and would take: %+v", o)
	case o.TIF == exchange.PostOnly && d.u.Get(o.Instrument).Notional(o.Price, o.Qty).Mul(dec("2")).GreaterThan(d.m.Request.MaxUnhedged):
		d.t.Errorf("what rests is worth more than half of what may be unhedged: %+v", o)
	case o.TIF != exchange.IOC && o.TIF != exchange.PostOnly || o.Price <= 0 || o.Qty <= 0:
		d.t.Errorf("order is not a sane limit: %+v", o)
	case h.Instrument != o.Instrument:
		d.t.Errorf("leg %d is another instrument than the order's: %+v", o.Leg, o)
	case d.Dark(o.Instrument) != "":
		d.t.Errorf("an order is sent to a venue that is dark: %+v", o)
	case in.Perp() && reduces && (!o.ReduceOnly || o.Qty > h.Lots.Abs()):
		d.t.Errorf("an order of %d lots makes a leg of %d smaller, reduce-only %v", o.Qty, h.Lots, o.ReduceOnly)
	case !in.Perp() && o.Side == exchange.Sell && in.QtyDecimal(o.Qty).GreaterThan(d.spreadFree(in.ID)):
		d.t.Errorf("selling %s coins of %s", in.QtyDecimal(o.Qty), d.spreadFree(in.ID))
	}
}

func (d *desk) spreadText(p *intent.Pair) string {
	text := p.State.String() + ":"
	for which, name := range [...]string{"long", "short", "substitute"} {
		h := &p.Spread.Legs[which]
		if h.Instrument == exchange.NoInstrument || which == intent.StandIn && h.Lots == 0 {
			continue
		}
		if text += " " + name + " " + d.qty(h.Instrument, h.Lots); !h.Coins.Equal(d.u.Get(h.Instrument).QtyDecimal(h.Lots)) {
			text += fmt.Sprintf(" (%s coins)", h.Coins.Round(8))
		}
		text += ","
	}
	text = text[:len(text)-1]
	if p.State.Done() {
		text += fmt.Sprintf(", made %s", p.Realised)
	}
	return text
}

func (d *desk) spreadCondition(want string) error {
	m := d.m
	ok := false
	switch want {
	case "hedged": // but for what no order could mend
		ok = !m.Busy() && !m.spread.mendable(d)
	case "level": // whatever is under way
		ok = !m.spread.mendable(d)
	case "naked":
		ok = m.spread.mendable(d)
	case "flat":
		ok = m.spread.flat(d)
	case "idle":
		ok = !m.working.any()
	default:
		ok = m.Pair.State.String() == want
	}
	if !ok {
		return fmt.Errorf("want %s, it is %s", want, d.spreadText(&m.Pair))
	}
	return nil
}
