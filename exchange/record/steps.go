package record

import (
	"bytes"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/fixed"
)

// observed collects the numbers of one symbol as a recording prints them, to
// find out whether the rules known today fit the data, and else which steps do:
// venues change their ticks over the years.
type observed struct {
	format   connect.Format
	venue    exchange.Venue
	symbol   string
	known    exchange.Instrument // the venue's rules
	rules    bool                // known is set
	foreign  string              // whose it is, when it is not of the venue that the rules are of
	tardis   string              // what Tardis calls the exchange; "" elsewhere
	contract *contract           // of another venue; else nil
	// What contracts are, by key as people say it, and how many coins one is by the
	// recording itself; zero: it does not tell.
	contracts map[string]string
	worth     decimal.Decimal
	like      *observed // whose prices stand in for its own; nil: it has its own
	said      *saying   // of its house; nil: nothing
	price     places
	qty       places
}

// places is the finest number of decimals among the values of one kind.
type places struct {
	step    exchange.Step // of the rules; zero when unknown
	misfits bool          // a value is not a whole number of steps
	most    uint8         // decimals as printed, trailing zeros included
	seen    int
	guess   uint8 // the same of values that need not be whole steps
	guesses int
}

func (p *places) see(text []byte) {
	if _, err := fixed.E8(text); err != nil {
		var ok bool
		if text, ok = plain(text); !ok {
			return // not a number: reading it in earnest will say so
		}
	}
	p.seen++
	p.most = max(p.most, decimals(text))
	if p.step.M > 0 && !p.misfits {
		_, err := fixed.Steps(text, p.step)
		p.misfits = err != nil
	}
}

// seeLoose notes a value that need not be a whole number of steps, such as a price of
// bankruptcy. It counts where there is no other.
func (p *places) seeLoose(text []byte) {
	if _, err := fixed.E8(text); err == nil {
		p.guesses++
		p.guess = max(p.guess, decimals(text))
	}
}

// finest is the step that all values fit.
func (p *places) finest() exchange.Step {
	if p.seen == 0 {
		return exchange.Step{M: 1, Scale: p.guess}
	}
	return exchange.Step{M: 1, Scale: p.most}
}

func (p *places) seeText(text string) { p.see([]byte(text)) }

// decimals counts the places behind the point.
func decimals(text []byte) uint8 {
	if i := bytes.IndexByte(text, '.'); i >= 0 {
		return uint8(min(len(text)-i-1, 18))
	}
	return 0
}

func observe(f connect.Format, v exchange.Venue, symbol string) *observed {
	o := &observed{format: f, venue: v, symbol: symbol}
	if f == nil {
		return o
	}
	if o.known, o.rules = f.Known(v, symbol); o.rules {
		o.price.step, o.qty.step = o.known.Tick, o.known.Lot
	}
	return o
}

// key is the instrument's name within its house.
func (o *observed) key() string { return string(o.venue.Within(o.venue.House())) + ":" + o.symbol }

// fullKey is the instrument's name.
func (o *observed) fullKey() string { return string(o.venue) + ":" + o.symbol }

// instrument returns the rules if the data obeys them, the rules with other
// steps if not, and wholly assumed rules for a symbol that has none.
func (o *observed) instrument() (exchange.Instrument, error) {
	if o.like != nil || o.format == nil {
		return o.spoken()
	}
	price := o.price.finest()
	qty := o.qty.finest()
	if !o.rules {
		if o.price.seen+o.price.guesses == 0 {
			return exchange.Instrument{}, fmt.Errorf("%s: no price to infer the tick from, and no rules are known", o.key())
		}
		in := o.format.Assume(o.venue, o.symbol, price, qty)
		o.contract.apply(&in)
		if err := o.size(&in); err != nil {
			return exchange.Instrument{}, err
		}
		o.said.charge(&in)
		return in, nil
	}
	in := o.known
	if o.price.misfits {
		in.Assumed = also(in.Assumed, fmt.Sprintf("tick %s as the recording prints it (known rule: %s)", price, in.Tick))
		in.Tick = price
	}
	if o.qty.misfits {
		in.Assumed = also(in.Assumed, fmt.Sprintf("lot %s as the recording prints it (known rule: %s)", qty, in.Lot))
		in.MinQty, in.MaxQty = relot(in.MinQty, in.Lot, qty), relot(in.MaxQty, in.Lot, qty)
		in.Lot = qty
	}
	o.said.charge(&in)
	return in, nil
}

// in finds the instrument in a universe that was made of it. Its venue may be another than
// Tardis' exchange stands for: an exchange has contracts of several kinds, and the house
// tells them apart by their symbols.
func (o *observed) in(u *exchange.Universe) (*exchange.Instrument, bool) {
	made, err := o.instrument()
	if err != nil {
		return nil, false
	}
	return u.Find(made.Venue, made.Symbol)
}

// funded reports whether it is one that funding is paid on.
func (o *observed) funded() bool {
	in, err := o.instrument()
	return err == nil && in.Perp() && !in.Dated()
}

func also(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

// relot converts a number of lots to another lot, rounding up so that a minimum
// stays one.
func relot(n exchange.Lots, from, to exchange.Step) exchange.Lots {
	v, err := fixed.CeilDecimal(decimal.New(int64(n)*from.M, -int32(from.Scale)), to)
	if err != nil {
		return 0
	}
	return exchange.Lots(v)
}
