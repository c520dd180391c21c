package record

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
)

// housesFile says what a history can't know of its houses by itself.
const housesFile = "venues.csv"

// saying is a row of venues.csv.
type saying struct {
	house        string
	pricesOf     string          // the house whose bars and marks stand in for its own; "": none
	worseBP      float64         // of a book that stands in: each side, beyond the spread of all
	maker, taker decimal.Decimal // of the contracts of a house that nobody here trades on
	fees         bool            // they are said
}

// sayings are the columns of venues.csv.
var sayings = []string{"venue", "prices_of", "worse_bp", "maker_bp", "taker_bp"}

// usualFees are charged by a house of which nothing is said: as much as any of the large
// ones took in 2021 to 2023.
var usualFees = saying{maker: decimal.New(2, -4), taker: decimal.New(6, -4)}

// readHouses reads venues.csv: venue, and prices_of, worse_bp, maker_bp, taker_bp, each
// of which may be empty. A row that can't be read is an error: what a result rests on is
// said, or nothing is played.
func readHouses(path string) (map[string]*saying, error) {
	out := map[string]*saying{}
	if path == "" {
		return out, nil
	}
	var c columns
	var wrong error
	var stats Stats
	err := rows(path, &stats, func(h columns) error {
		_, err := h.find("venue")
		for _, name := range slices.Sorted(maps.Keys(h)) {
			if !slices.Contains(sayings, name) {
				err = fmt.Errorf("column %q: want %s", name, strings.Join(sayings, ", "))
			}
		}
		c = h
		return err
	}, func(line int, f [][]byte) error {
		s, err := parseSaying(c, f)
		if err == nil && out[s.house] != nil {
			err = fmt.Errorf("%s is there twice", s.house)
		}
		if err != nil && wrong == nil {
			wrong = fmt.Errorf("%s:%d: %w", path, line, err)
		}
		out[s.house] = s
		return nil
	})
	return out, cmp.Or(err, wrong)
}

func parseSaying(c columns, f [][]byte) (*saying, error) {
	s := &saying{}
	if len(f) != len(c) {
		return s, fmt.Errorf("%d fields where the header has %d", len(f), len(c))
	}
	text := func(name string) string {
		i, ok := c[name]
		if !ok {
			return ""
		}
		return strings.ToLower(string(bytes.TrimSpace(f[i])))
	}
	s.house, s.pricesOf = text("venue"), text("prices_of")
	if s.house == "" || strings.ContainsAny(s.house, ".: /") {
		return s, fmt.Errorf("venue %q: want a name without dots, colons or spaces", s.house)
	}
	if t := text("worse_bp"); t != "" {
		v, err := strconv.ParseFloat(t, 64)
		if err != nil || !(v >= 0 && v <= 1000) {
			return s, fmt.Errorf("worse_bp %q: want 0 to 1000 basis points", t)
		}
		s.worseBP = v
	}
	s.maker, s.taker = usualFees.maker, usualFees.taker
	for name, fee := range map[string]*decimal.Decimal{"maker_bp": &s.maker, "taker_bp": &s.taker} { // each on its own: the order does not matter
		t := text(name)
		if t == "" {
			continue
		}
		v, err := decimal.NewFromString(t)
		if err != nil || v.Abs().GreaterThan(decimal.NewFromInt(1000)) {
			return s, fmt.Errorf("%s %q: want basis points, such as 5.5", name, t)
		}
		*fee, s.fees = v.Shift(-4), true
	}
	return s, nil
}

// ofHouse is what a history holds of one house.
type ofHouse struct {
	house  string
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
		p := &ofHouse{house: house, files: c.houses[house], said: said[house]}
		if house == f[0].House() {
			return nil, fmt.Errorf("a folder %s: its files belong beside it, where those of %s are looked for", house, house)
		}
		if i := slices.IndexFunc(f, func(x connect.Format) bool { return x.House() == house }); i >= 0 {
			p.format = f[i]
		}
		out = append(out, p)
	}
	for _, house := range sortedKeys(said) {
		if !slices.ContainsFunc(out, func(p *ofHouse) bool { return p.house == house }) {
			return nil, fmt.Errorf("%s speaks of %s, and there is no folder %s", c.said, house, house)
		}
		if of := said[house].pricesOf; of != "" && !slices.ContainsFunc(out, func(p *ofHouse) bool { return p.house == of }) {
			return nil, fmt.Errorf("%s: prices of %s are to be those of %s, of which there is no folder", c.said, house, of)
		}
	}
	return out, nil
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
		o := &observed{format: p.format, venue: p.venue(perpBars), symbol: symbol, said: p.said}
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

// like finds the perpetual whose prices stand in: the one of its name, else the one of its
// coin and of a quote that is a dollar too.
func (h *History) like(o *observed) *observed {
	var own exchange.Instrument
	if o.format != nil {
		own = o.format.Assume(o.venue, o.symbol, exchange.Step{M: 1, Scale: 2}, exchange.Step{M: 1, Scale: 3})
	}
	for _, x := range h.observed {
		if x.venue.House() != o.said.pricesOf || !h.perps[x] {
			continue
		}
		in, err := x.instrument()
		if err != nil {
			continue
		}
		if o.format == nil && x.symbol == o.symbol ||
			o.format != nil && in.Base == own.Base && in.Multiplier == own.Multiplier && (in.Quote == own.Quote || exchange.IsDollar(in.Quote) && exchange.IsDollar(own.Quote)) {
			return x
		}
	}
	return nil
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
	said := o.said
	if said == nil {
		said = &usualFees
	}
	if o.format != nil {
		in = o.format.Assume(o.venue, o.symbol, price, qty)
		if said.fees {
			in.MakerFee, in.TakerFee = said.maker, said.taker
		}
	} else {
		if in, err = o.stranger(&of, price, qty); err != nil {
			return in, err
		}
		in.MakerFee, in.TakerFee = said.maker, said.taker
		in.Assumed = also(in.Assumed, fmt.Sprintf("a contract of a venue that nobody here trades on: taker %s, maker %s, steps of quantity, margin", percentage(in.TakerFee), percentage(in.MakerFee)))
	}
	if o.like != nil {
		in.MinQty, in.MaxQty, in.MinNotional = of.MinQty, of.MaxQty, of.MinNotional
		if len(in.Brackets) == 0 {
			in.Brackets = of.Brackets
		}
		in.Assumed = also(in.Assumed, fmt.Sprintf("the prices of %s, each side of the book %g bp worse; steps, least and largest orders as there", o.like.fullKey(), said.worseBP))
	}
	return in, nil
}

func percentage(fee decimal.Decimal) string { return fee.Shift(2).String() + " %" }

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
