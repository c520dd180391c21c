package record

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
)

// ofHouse is what a history holds of one house.
type ofHouse struct {
	house  string
	folder string         // its path; "": that of the history
	format connect.Format // nil: nobody here trades there
	files  roleFiles
	said   *saying // nil: nothing
}

// venue is where the instruments of a role trade; "": the house has no such market. A
// house that nobody here trades on is taken to have spot markets and linear contracts.
func (p *ofHouse) venue(r role) exchange.Venue {
	kind := exchange.Linear
	if r == spotBars {
		kind = exchange.Spot
	}
	if p.format != nil {
		return p.format.VenueOf(kind)
	}
	return exchange.Venue(p.house + "." + kind.String())
}

// places are the houses of a directory, the default first and the others by name.
func (f Formats) places(c *contents) ([]*ofHouse, error) {
	said, err := readHouses(c.said)
	if err != nil {
		return nil, err
	}
	out := []*ofHouse{{house: f[0].House(), format: f[0], files: c.files, said: said[f[0].House()]}}
	for _, house := range sortedKeys(c.houses) {
		p := &ofHouse{house: house, folder: c.houses[house].folder, files: c.houses[house].files, said: said[house]}
		if house == f[0].House() {
			return nil, fmt.Errorf("a folder %s: its files belong beside it, where those of %s are looked for", house, house)
		}
		if i := slices.IndexFunc(f, func(x connect.Format) bool { return x.House() == house }); i >= 0 {
			p.format = f[i]
		}
		out = append(out, p)
	}
	return out, spokenFor(out, said)
}

// spokenFor checks what is said of houses against what there is of them.
func spokenFor(places []*ofHouse, said map[string]*saying) error {
	there := func(house string) *ofHouse {
		if i := slices.IndexFunc(places, func(p *ofHouse) bool { return p.house == house }); i >= 0 {
			return places[i]
		}
		return nil
	}
	for _, house := range sortedKeys(said) {
		s := said[house]
		of := there(s.pricesOf)
		switch {
		case there(house) == nil:
			return fmt.Errorf("%s: it speaks of %s, and there is no folder %s", s.at, house, house)
		case s.pricesOf == "":
		case of == nil:
			return fmt.Errorf("%s: prices_of: prices of %s are to be those of %s, of which there is no folder", s.at, house, s.pricesOf)
		case len(of.files[perpBars]) == 0:
			return fmt.Errorf("%s: prices_of: prices of %s are to be those of %s, which has no bars of perpetuals either", s.at, house, s.pricesOf)
		}
	}
	for _, p := range places[1:] {
		if p.format == nil && p.said == nil {
			return fmt.Errorf("the folder %s holds what a venue's would, and no venue %s is known here: say what it charges in %s (columns venue, prices_of, worse_bp, maker_bp, taker_bp), such as %s,,,2,6, or put it elsewhere",
				p.folder, p.house, housesFile, p.house)
		}
	}
	return nil
}

// standIns gives the perpetuals of a house that has their funding and not their bars
// those of another house, if venues.csv says which.
func (h *History) standIns(p *ofHouse) error {
	for _, symbol := range sortedKeys(p.files[fundingRates]) {
		if _, own := p.files[perpBars][symbol]; own {
			continue
		}
		if p == h.places[0] && (p.said == nil || p.said.pricesOf == "") {
			h.notes = append(h.notes, fmt.Sprintf("funding of %s is not used: the history has no bars of it", symbol))
			continue
		}
		if p.said == nil || p.said.pricesOf == "" {
			return fmt.Errorf("history %s: %s has funding of %s and no bars: say in %s whose prices stand in (columns venue, prices_of, worse_bp), such as %s,%s,1",
				h.dir, p.house, symbol, housesFile, p.house, h.places[0].house)
		}
		o := p.standIn(symbol)
		if o.like = h.like(o); o.like == nil {
			if len(h.symbols) == 0 {
				h.notes = append(h.notes, fmt.Sprintf("%s of %s is left out: %s has no bars of that coin", symbol, p.house, p.said.pricesOf))
			}
			continue
		}
		if !want(h.symbols).all(o) {
			continue
		}
		h.add(o, perpBars, h.bars[o.like.fullKey()])
	}
	return nil
}

// standIn is a perpetual that other prices stand in for.
func (p *ofHouse) standIn(symbol string) *observed {
	return &observed{format: p.format, venue: p.venue(perpBars), symbol: symbol, said: p.said}
}

// lent reports whether bars that were not asked for are wanted for another house's perpetual
// that was.
func (h *History) lent(of *ofHouse, symbol string) bool {
	wanted := want(h.symbols)
	x := observe(of.format, of.venue(perpBars), symbol)
	x.price.see([]byte("1")) // which coin it is of does not depend on prices
	for _, p := range h.places {
		if p.said == nil || p.said.pricesOf != of.house {
			continue
		}
		for other := range p.files[fundingRates] { // any of them will do
			if _, own := p.files[perpBars][other]; own {
				continue
			}
			if o := p.standIn(other); wanted.has(o.venue, other) && o.likeIs(x) {
				return true
			}
		}
	}
	return false
}

// like finds the perpetual whose prices stand in: the one of its name, else the one of its
// coin and of a quote that is a dollar too.
func (h *History) like(o *observed) *observed {
	for _, x := range slices.Concat(h.observed, h.lenders) {
		if x.venue.House() == o.said.pricesOf && (h.perps[x] || slices.Contains(h.lenders, x)) && o.likeIs(x) {
			return x
		}
	}
	return nil
}

// likeIs reports whether the prices of another perpetual can stand in for its own.
func (o *observed) likeIs(x *observed) bool {
	if o.format == nil {
		return x.symbol == o.symbol
	}
	in, err := x.instrument()
	if err != nil {
		return false
	}
	own := o.format.Assume(o.venue, o.symbol, exchange.Step{M: 1, Scale: 2}, exchange.Step{M: 1, Scale: 3})
	return in.Base == own.Base && in.Multiplier == own.Multiplier && (in.Quote == own.Quote || exchange.IsDollar(in.Quote) && exchange.IsDollar(own.Quote))
}

// spoken is an instrument whose prices are another's, or whose house nobody here trades
// on: what is known of it is what venues.csv says.
func (o *observed) spoken() (in exchange.Instrument, err error) {
	price, qty := exchange.Step{M: 1, Scale: o.price.most}, exchange.Step{M: 1, Scale: o.qty.most}
	var of exchange.Instrument
	if o.like != nil {
		if of, err = o.like.instrument(); err != nil {
			return in, err
		}
		price, qty = of.Tick, of.Lot
	}
	if o.format != nil {
		in = o.format.Assume(o.venue, o.symbol, price, qty)
		o.said.charge(&in)
	} else {
		if in, err = o.stranger(&of, price, qty); err != nil {
			return in, err
		}
		in.MakerFee, in.TakerFee = o.said.fees(usualMaker, usualTaker)
		in.Assumed = also(in.Assumed, fmt.Sprintf("a contract of a venue that nobody here trades on: taker %s, maker %s, steps of quantity, margin", percentage(in.TakerFee), percentage(in.MakerFee)))
	}
	if o.like != nil {
		in.MinQty, in.MaxQty, in.MinNotional = of.MinQty, of.MaxQty, of.MinNotional
		if len(in.Brackets) == 0 {
			in.Brackets = of.Brackets
		}
		in.Assumed = also(in.Assumed, fmt.Sprintf("the prices of %s, each side of the book %g bp worse; steps, least and largest orders as there", o.like.fullKey(), o.said.worseBP))
	}
	return in, nil
}

// stranger is an instrument of a house that nobody here trades on. Its coin is that of the
// prices that stand in, or what its name begins with.
func (o *observed) stranger(of *exchange.Instrument, price, qty exchange.Step) (in exchange.Instrument, err error) {
	if in = *of; o.like == nil {
		if in, err = o.named(); err != nil {
			return in, err
		}
	}
	in.Venue, in.Symbol, in.Wallet, in.Tick, in.Lot, in.Assumed = o.venue, o.symbol, exchange.Wallet(o.venue), price, qty, ""
	return in, nil
}

// named tells a coin and a dollar from a symbol such as BTCUSDT, BTC_USDT or BTC-USDT.
func (o *observed) named() (exchange.Instrument, error) {
	in := exchange.Instrument{Contract: exchange.Spot, Multiplier: 1, ContractSize: decimal.NewFromInt(1)}
	if o.venue.Within(o.venue.House()) != exchange.Venue(exchange.Spot.String()) {
		in.Contract, in.FundingHours = exchange.Linear, 8
	}
	for _, quote := range exchange.Dollars {
		if base, ok := strings.CutSuffix(o.symbol, quote); ok && strings.Trim(base, "-_") != "" {
			in.Base, in.Quote = strings.Trim(base, "-_"), quote
			return in, nil
		}
	}
	return in, fmt.Errorf("%s: which coin it is can't be told from its name: want one quoted in a dollar, such as BTCUSDT", o.fullKey())
}
