package exchange

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// InstrumentID is an instrument's index in its Universe. It is dense, so tables
// of per-instrument state are slices and no decision ever follows map order.
type InstrumentID int32

// NoInstrument marks an event that concerns no instrument.
const NoInstrument InstrumentID = -1

// Instrument is one tradable market and its rules. It is a value that does not
// change while a Universe is in use.
//
// What one lot is worth depends on the contract:
//
//   - Spot and Linear: quantity is in units of Base (of Multiplier×Base
//     for 1000SHIB-style contracts), notional is price×quantity in Quote.
//   - Inverse: quantity is a number of contracts of ContractSize USD
//     each, and the value in coin is quantity×ContractSize/price.
type Instrument struct {
	ID       InstrumentID
	Venue    Venue
	Symbol   string // as the venue spells it: BTCUSDT, 1000SHIBUSDT, BTCUSD_PERP
	Contract Contract
	Base     string // the coin itself: SHIB for 1000SHIBUSDT
	Quote    string // USDT; USD for inverse contracts
	// Wallet is what holds its coins or backs its positions. NewUniverse fills in the
	// wallet of the venue's own name where it is empty.
	Wallet Wallet

	// Linking says how the updates of its book are told to be complete.
	Linking Linking

	Tick Step // price increment
	Lot  Step // quantity increment
	// Coarser are larger increments of higher prices, ascending; empty: Tick is that of all.
	Coarser []Coarser

	MinQty      Lots            // 0 means one lot
	MaxQty      Lots            // 0 means unlimited
	MinNotional decimal.Decimal // in Quote; zero means none

	// Multiplier is how many Base one unit of quantity stands for: 1000 for
	// 1000SHIBUSDT, otherwise 1. A price divided by it compares with spot.
	Multiplier int64
	// ContractSize is the USD value of one inverse contract, 0 when it is not known. Of a
	// linear one it is how many units of quantity the venue counts as one on its wire
	// (OKX: 0.01 BTC), which changes nothing here; 1 elsewhere.
	ContractSize decimal.Decimal

	// PriceUp and PriceDown bound a limit price to mark (perpetuals) or last
	// reference price (spot) times the multiplier: PERCENT_PRICE. Zero: no bound.
	PriceUp, PriceDown decimal.Decimal
	// TakeBound is how far from mark a market order may walk (marketTakeBound),
	// as a fraction. Zero: no bound.
	TakeBound decimal.Decimal

	MakerFee, TakerFee decimal.Decimal // fractions of notional
	Lending            Lending         `json:",omitzero"` // of Base, on spot

	// Delivery is when a dated future ends: positions are settled at the index and
	// trading stops. 0: the instrument has no end.
	Delivery Time

	FundingHours             int             // settlement interval of a perpetual; 0 elsewhere
	FundingAccrues           bool            // by the millisecond: FundingHours is what rates are told for, not when they are paid
	FundingCap, FundingFloor decimal.Decimal // bounds of one settlement's rate; both zero: none
	InterestRate             decimal.Decimal // per 8 hours, in the funding formula

	Brackets []Bracket // maintenance margin by size, ascending; empty for spot
	// Isolated says that its positions have margin of their own, apart from their wallet's.
	Isolated bool
	// Collateral is what backs the positions of its wallet where the account has all assets
	// of it do so together, the one that it settles in among them; empty: that one alone.
	Collateral []Collateral

	// Assumed says which of the rules above were not known and had to be
	// assumed, for people to read; empty when all are from the venue.
	Assumed string

	key   string // in its universe
	alias string // as Key without the house, where that means this one; "": nothing does
}

// Bracket is one step of the maintenance margin table. For linear contracts Cap
// is the largest notional in Quote, for inverse the largest size in Base.
// Source: the venue's leverageBracket endpoint; Cum is its "cum".
type Bracket struct {
	Cap         decimal.Decimal
	MMR         decimal.Decimal // maintenance margin rate
	Cum         decimal.Decimal // maintenance amount: subtract from notional×MMR
	MaxLeverage int
}

// Collateral is an asset that backs positions which settle in others too: Held is the part
// of its worth that counts of what is held, and Owed what counts, 1 or more, of what is owed
// in it or needed as margin.
type Collateral struct {
	Asset      string
	Held, Owed decimal.Decimal
}

// Key is the name that is unique in a session: "usdm:BTCUSDT" where the house of its
// venue is the default, "binance.usdm:BTCUSDT" elsewhere. Outside of a universe it is the
// name within its own house.
func (in *Instrument) Key() string {
	if in.key != "" {
		return in.key
	}
	return string(in.Venue.Within(in.Venue.House())) + ":" + in.Symbol
}

// FullKey is the name that is unique everywhere: "binance.usdm:BTCUSDT".
func (in *Instrument) FullKey() string { return string(in.Venue) + ":" + in.Symbol }

// Matches reports whether a glob fits the key, with its house or without.
func (in *Instrument) Matches(glob string) bool {
	short, _ := path.Match(glob, in.Key())
	full, _ := path.Match(glob, in.FullKey())
	alias, _ := path.Match(glob, in.alias)
	return short || full || alias && in.alias != ""
}

// Segment is the name of the venue in the session: Key without the symbol.
func (in *Instrument) Segment() string { return in.Key()[:len(in.Key())-len(in.Symbol)-1] }

// Name is what instruments that are the same thing at different venues have in common:
// "BTC/USDT" on spot, "BTC/USDT:USDT" for a perpetual with its settlement asset,
// "BTC/USD:BTC-261225" for a future with its day of delivery.
func (in *Instrument) Name() string {
	name := in.Base + "/" + in.Quote
	if in.Perp() {
		name += ":" + in.Settle()
	}
	if in.Dated() {
		name += "-" + in.Delivery.UTC().Format("060102")
	}
	return name
}

// Inverse reports whether the contract is margined and settled in Base.
func (in *Instrument) Inverse() bool { return in.Contract == Inverse }

// Dated reports whether the contract is a future with an end rather than a
// perpetual.
func (in *Instrument) Dated() bool { return in.Delivery != 0 }

// Perp reports whether positions are contracts rather than coins.
func (in *Instrument) Perp() bool { return in.Contract != Spot }

// Settle is the asset that profit, funding and margin are in.
func (in *Instrument) Settle() string {
	if in.Inverse() {
		return in.Base
	}
	return in.Quote
}

// PriceDecimal returns a price exactly.
func (in *Instrument) PriceDecimal(p Ticks) decimal.Decimal { return in.Tick.Decimal(int64(p)) }

// QtyDecimal returns a quantity exactly, in units or contracts.
func (in *Instrument) QtyDecimal(q Lots) decimal.Decimal { return in.Lot.Decimal(int64(q)) }

// PriceFloat returns a price for signals.
func (in *Instrument) PriceFloat(p Ticks) float64 { return in.Tick.Float(int64(p)) }

// QtyFloat returns a quantity for signals.
func (in *Instrument) QtyFloat(q Lots) float64 { return in.Lot.Float(int64(q)) }

// Notional returns the value of q at p in Quote: price×quantity, or
// contracts×ContractSize for an inverse contract. The sign is q's.
func (in *Instrument) Notional(p Ticks, q Lots) decimal.Decimal {
	if in.Inverse() {
		return in.QtyDecimal(q).Mul(in.ContractSize)
	}
	return in.PriceDecimal(p).Mul(in.QtyDecimal(q))
}

// NotionalFloat is Notional for signals.
func (in *Instrument) NotionalFloat(p Ticks, q Lots) float64 {
	if in.Inverse() {
		return in.QtyFloat(q) * in.ContractSize.InexactFloat64()
	}
	return in.PriceFloat(p) * in.QtyFloat(q)
}

// BaseQty returns how much Base q stands for at price p: quantity×Multiplier,
// or contracts×ContractSize/price rounded to 16 places. The sign is q's.
func (in *Instrument) BaseQty(p Ticks, q Lots) decimal.Decimal {
	if in.Inverse() {
		return in.QtyDecimal(q).Mul(in.ContractSize).DivRound(in.PriceDecimal(p), 16)
	}
	return in.QtyDecimal(q).Mul(decimal.NewFromInt(in.Multiplier))
}

// Bracket returns the maintenance bracket for a size (see Bracket.Cap for its
// unit); the last one when the size is beyond the table.
func (in *Instrument) Bracket(size decimal.Decimal) Bracket {
	for _, b := range in.Brackets {
		if size.LessThanOrEqual(b.Cap) {
			return b
		}
	}
	if n := len(in.Brackets); n > 0 {
		return in.Brackets[n-1]
	}
	return Bracket{}
}

// Universe is the fixed, ordered set of instruments of one run.
type Universe struct {
	house   string // the default
	list    []*Instrument
	byKey   map[string]InstrumentID
	wallets []Wallet
	margins []Wallet // those in which contracts are margined, or loans
	loans   []*Instrument
	venues  []Venue
	aliases []string // names of venues without their house, where there is no default
}

// NewUniverse sorts the instruments by contract, venue and symbol, so that the same
// set always gets the same IDs, and numbers them. Where all are of one house, it is the
// default: names of venues and wallets may leave it out, and keys do. Where there are
// several, keys have it, and what is looked up without it is of the first house by name
// that has a venue of that name.
func NewUniverse(list []Instrument) (*Universe, error) {
	house := ""
	if len(list) > 0 {
		house = list[0].Venue.House()
	}
	if slices.ContainsFunc(list, func(in Instrument) bool { return in.Venue.House() != house }) {
		house = ""
	}
	return NewUniverseOf(house, list)
}

// NewUniverseOf is NewUniverse with a default house.
func NewUniverseOf(house string, list []Instrument) (*Universe, error) {
	u := &Universe{house: house, byKey: make(map[string]InstrumentID, len(list))}
	for i := range list {
		in := list[i]
		in.key = string(in.Venue.Within(house)) + ":" + in.Symbol
		if in.Multiplier == 0 {
			in.Multiplier = 1
		}
		if in.Wallet == "" {
			in.Wallet = Wallet(in.Venue)
		}
		in.Wallet = in.Wallet.Within(house)
		if in.ContractSize.IsZero() && !in.Inverse() { // nobody can guess what a contract is worth
			in.ContractSize = decimal.NewFromInt(1)
		}
		if in.Tick.M <= 0 || in.Lot.M <= 0 {
			return nil, fmt.Errorf("instrument %s: tick and lot must be positive", in.Key())
		}
		u.list = append(u.list, &in)
	}
	slices.SortStableFunc(u.list, func(a, b *Instrument) int {
		return cmp.Or(cmp.Compare(a.Contract, b.Contract), cmp.Compare(a.Venue, b.Venue), cmp.Compare(a.Symbol, b.Symbol))
	})
	for i, in := range u.list {
		in.ID = InstrumentID(i)
		if _, dup := u.byKey[in.Key()]; dup {
			return nil, fmt.Errorf("instrument %s is there twice", in.Key())
		}
		u.byKey[in.Key()] = in.ID
		if !slices.Contains(u.wallets, in.Wallet) {
			u.wallets = append(u.wallets, in.Wallet)
		}
		if in.Perp() && !slices.Contains(u.margins, in.Wallet) {
			u.margins = append(u.margins, in.Wallet)
		}
		u.noteLoan(in)
		if v := in.Venue.Within(house); !slices.Contains(u.venues, v) {
			u.venues = append(u.venues, v)
		}
	}
	u.nameShort()
	return u, nil
}

// nameShort makes instruments known without their house where there is no default.
func (u *Universe) nameShort() {
	if u.house != "" {
		return
	}
	owner := map[string]string{} // houses by the names of their venues
	for _, v := range u.venues {
		house := v.House()
		if short := string(v.Within(house)); house != "" && (owner[short] == "" || house < owner[short]) {
			owner[short] = house
		}
	}
	for _, in := range u.list {
		house := in.Venue.House()
		short := string(in.Venue.Within(house))
		if house == "" || owner[short] != house {
			continue
		}
		alias := short + ":" + in.Symbol
		if _, taken := u.byKey[alias]; taken {
			continue
		}
		in.alias, u.byKey[alias] = alias, in.ID
		if !slices.Contains(u.aliases, short) {
			u.aliases = append(u.aliases, short)
		}
	}
}

// Clone is the same universe on memory of its own: what is done to it or to its
// instruments changes nothing of this one.
func (u *Universe) Clone() *Universe {
	out := *u
	out.wallets, out.margins, out.venues = slices.Clone(u.wallets), slices.Clone(u.margins), slices.Clone(u.venues)
	out.list = make([]*Instrument, len(u.list))
	for i, in := range u.list {
		mine := *in
		mine.Brackets, mine.Coarser, mine.Collateral = slices.Clone(in.Brackets), slices.Clone(in.Coarser), slices.Clone(in.Collateral)
		out.list[i] = &mine
	}
	out.loans = slices.Clone(u.loans)
	for i, in := range out.loans {
		out.loans[i] = out.list[in.ID]
	}
	return &out
}

// House is the default: the house that names of venues and wallets leave out.
func (u *Universe) House() string { return u.house }

// Len returns the number of instruments.
func (u *Universe) Len() int { return len(u.list) }

// All returns the instruments by ID. The slice must not be changed.
func (u *Universe) All() []*Instrument { return u.list }

// Get returns the instrument with an ID of this universe.
func (u *Universe) Get(id InstrumentID) *Instrument { return u.list[id] }

// Venues returns the venues of the instruments by their names in the session, in their
// order. The slice must not be changed.
func (u *Universe) Venues() []Venue { return u.venues }

// Wallets returns the wallets that back the instruments, in their order. The slice
// must not be changed.
func (u *Universe) Wallets() []Wallet { return u.wallets }

// CompareWallets orders wallets as Wallets does, and after those any others by name.
func (u *Universe) CompareWallets(a, b Wallet) int {
	if a == b {
		return 0
	}
	return cmp.Or(cmp.Compare(u.rank(a), u.rank(b)), cmp.Compare(a, b))
}

// HasMargin reports whether contracts are margined in a wallet, or loans are.
func (u *Universe) HasMargin(w Wallet) bool { return slices.Contains(u.margins, w) }

// Collateral is what backs the contracts of a wallet together: see Instrument.Collateral.
func (u *Universe) Collateral(w Wallet) []Collateral {
	for _, in := range u.list {
		if in.Wallet == w && in.Perp() {
			return in.Collateral
		}
	}
	return nil
}

// MarginedWith reports whether contracts of a kind are margined with an asset in a wallet.
func (u *Universe) MarginedWith(c Contract, w Wallet, asset string) bool {
	return slices.ContainsFunc(u.list, func(in *Instrument) bool {
		return in.Perp() && in.Contract == c && in.Wallet == w && in.Settle() == asset
	})
}

func (u *Universe) rank(w Wallet) int {
	if i := slices.Index(u.wallets, w); i >= 0 {
		return i
	}
	return len(u.wallets)
}

// Find returns the instrument of a venue and symbol.
func (u *Universe) Find(v Venue, symbol string) (*Instrument, bool) {
	id, ok := u.byKey[string(v.Within(u.house))+":"+symbol]
	if !ok {
		return nil, false
	}
	return u.list[id], true
}

// Lookup returns the instrument named by a key such as "usdm:BTCUSDT". What is not there
// is an UnknownError with the key that was probably meant, or names a venue that is not.
func (u *Universe) Lookup(key string) (*Instrument, error) {
	within := Within(key, u.house)
	if id, ok := u.byKey[within]; ok {
		return u.list[id], nil
	}
	if err := u.CheckVenue(key); err != nil {
		return nil, err
	}
	return nil, &UnknownError{Key: key, Near: u.near(within)}
}

// near is the key of what was probably meant, of the same coin or else mistyped.
func (u *Universe) near(key string) string {
	if in := u.Meant(key); in != nil {
		return in.Key()
	}
	return u.nearest(key)
}

// CheckVenue says what is wrong with the venue that a key or a glob over keys names
// before its colon, and which there are; nil where it names none.
func (u *Universe) CheckVenue(pattern string) error {
	given, symbol, named := strings.Cut(pattern, ":")
	if !named || strings.ContainsAny(given, `*?[\`) || len(given) > longestTypo {
		return nil
	}
	name := Within(given, u.house)
	if slices.Contains(u.aliases, name) {
		return nil
	}
	var there []string
	near, errors := "", 3
	for _, v := range u.venues {
		short := string(v.Within(u.house))
		if name == short || name == string(v) {
			return nil
		}
		there = append(there, short)
		for _, name := range []string{short, string(v)} {
			if d := editDistance(strings.ToLower(given), name); d < errors {
				near, errors = short, d
			}
		}
	}
	if near != "" {
		near += ":" + symbol
	} else if only := u.only(symbol); only != nil { // its symbol is right where its venue is not
		near = only.Key()
	}
	return fmt.Errorf("unknown venue %q in %q: here are %s%s", given, pattern, strings.Join(there, ", "), didYouMean(near))
}

// only is the one instrument that has a symbol; nil: there is none, or more than one.
func (u *Universe) only(symbol string) (found *Instrument) {
	for _, in := range u.list {
		if !strings.EqualFold(in.Symbol, symbol) {
			continue
		}
		if found != nil {
			return nil
		}
		found = in
	}
	return found
}

// Pair is a spot market and the perpetual that hedges it.
type Pair struct {
	Base       string
	Spot, Perp *Instrument
}

// Pairs returns the contracts that take chooses, each together with the spot market
// of the same coin, in order of Base and then of delivery. Linear contracts pair with
// the spot market of their own quote, inverse ones, which are worth dollars, with the
// one that is quoted in the first of Dollars. A market of the contract's own house comes
// before all others.
func (u *Universe) Pairs(take func(*Instrument) bool) []Pair {
	var out []Pair
	for _, p := range u.list {
		if !p.Perp() || !take(p) {
			continue
		}
		if s := u.spotOf(p); s != nil {
			out = append(out, Pair{Base: p.Base, Spot: s, Perp: p})
		}
	}
	slices.SortStableFunc(out, func(a, b Pair) int {
		return cmp.Or(cmp.Compare(a.Base, b.Base), cmp.Compare(a.Perp.Delivery, b.Perp.Delivery))
	})
	return out
}

// spotOf is the spot market that hedges a contract; nil when there is none.
func (u *Universe) spotOf(p *Instrument) (best *Instrument) {
	rank := 0
	for _, s := range u.list {
		if s.Perp() || s.Base != p.Base || s.Quote != p.Quote && !(p.Inverse() && IsDollar(s.Quote)) {
			continue
		}
		r := 0
		if p.Inverse() {
			r = slices.Index(Dollars, s.Quote)
		}
		if s.Venue.House() != p.Venue.House() {
			r += len(Dollars)
		}
		if best == nil || r < rank {
			best, rank = s, r
		}
	}
	return best
}

// Perpetuals chooses the perpetuals of a contract, for Pairs.
func Perpetuals(c Contract) func(*Instrument) bool {
	return func(in *Instrument) bool { return in.Contract == c && !in.Dated() }
}

// Futures chooses the dated futures of a contract, for Pairs.
func Futures(c Contract) func(*Instrument) bool {
	return func(in *Instrument) bool { return in.Contract == c && in.Dated() }
}

// nearest returns the key that was probably meant; "" when none is near. What is
// listed in the named market comes before the same symbol in another.
func (u *Universe) nearest(key string) string {
	venue, symbol, named := strings.Cut(strings.ToLower(key), ":")
	if !named {
		symbol = venue
	}
	if len(symbol) > longestTypo {
		return ""
	}
	best, bestD := "", [2]int{2 + len(symbol)/3, 0}
	for _, in := range u.list {
		d := unlikeness(symbol, strings.ToLower(in.Symbol))
		if named && in.Segment() != venue {
			d[0] += 2
		}
		if slices.Compare(d[:], bestD[:]) < 0 {
			best, bestD = in.Key(), d
		}
	}
	return best
}

// longestTypo is how long a symbol may be that is compared with others: one of a
// megabyte would take seconds.
const longestTypo = 64

// unlikeness is the number of typing errors between two symbols. One that is a part
// of the other (SHIBUSDT of 1000SHIBUSDT, BTCUSD of BTCUSD_PERP) is one error away,
// and what was left out decides between such.
func unlikeness(a, b string) [2]int {
	d := editDistance(a, b)
	if len(a) > 3 && len(b) > 3 && (strings.Contains(a, b) || strings.Contains(b, a)) {
		return [2]int{min(d, 1), d}
	}
	return [2]int{d, d}
}

// editDistance counts insertions, deletions, replacements and swaps of neighbours.
func editDistance(a, b string) int {
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		row, above, two := rows[i%3], rows[(i+2)%3], rows[(i+1)%3]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], two[j-2]+1)
			}
		}
	}
	return rows[len(a)%3][len(b)]
}
