package host

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/ledger"
)

// VenueView is what an account at a venue holds, by the venue's own word.
type VenueView struct {
	House     string          `json:"house"`
	Account   string          `json:"account,omitempty"`
	Error     string          `json:"error,omitempty"` // why it can't be told; "": it is
	Orders    []VenueOrder    `json:"orders"`
	Positions []VenuePosition `json:"positions"`
	Balances  []VenueBalance  `json:"balances"`
}

// VenueOrder is an open order. Strategy and Pair are those of the ledger; an order that the
// ledger does not have is Foreign.
type VenueOrder struct {
	Instrument string        `json:"instrument"` // key with its house
	ClientID   string        `json:"client_id"`
	VenueID    string        `json:"venue_id"`
	Side       string        `json:"side"`
	Qty        Money         `json:"qty"`
	Filled     Money         `json:"filled"`
	Price      Money         `json:"price"`
	Strategy   string        `json:"strategy,omitempty"`
	Pair       uint64        `json:"pair,omitempty"`
	Foreign    bool          `json:"foreign,omitempty"`
	Time       exchange.Time `json:"-"`
}

// VenuePosition is an open position. Booked is what the fills of the ledger's last session sum
// to in the instrument: what differs was traded by hand, or is not booked yet.
type VenuePosition struct {
	Instrument string `json:"instrument"`
	Qty        Money  `json:"qty"` // below 0: short
	Entry      Money  `json:"entry"`
	Mark       Money  `json:"mark"` // 0: the venue did not say
	Booked     Money  `json:"booked"`
}

// VenueBalance is an asset of a wallet.
type VenueBalance struct {
	Wallet string `json:"wallet"`
	Asset  string `json:"asset"`
	Total  Money  `json:"total"`
}

// KeptOrders words the orders that the last session of a ledger left held: no venue has
// anything of them, and nothing watches them while no session runs.
func KeptOrders(path string) ([]string, error) {
	db, err := ledger.Open(ledger.Options{Path: path, ReadOnly: true})
	if err != nil {
		return nil, &LedgerError{err}
	}
	defer db.Close()
	all, err := db.Sessions()
	if err != nil || len(all) == 0 {
		return nil, err
	}
	list, err := ledger.Conditionals(&db.Reader, ledger.Filter{Account: all[len(all)-1].Account})
	var out []string
	for i := range list {
		c := &list[i]
		if c.Done {
			continue
		}
		text := fmt.Sprintf("%s %d of %s is %s: %s %s %s:%s", strings.ReplaceAll(c.Type, "_", " "), c.ID, ofHost(c.Strategy), c.State, c.Side, c.Size, c.Venue, c.Symbol)
		if !c.Trigger.IsZero() {
			text += fmt.Sprintf(" at a %s of %s", c.Source, c.Trigger)
		}
		out = append(out, text)
	}
	return out, err
}

// AskVenues asks every venue of o that has a key what the account there holds, without a
// session: it needs no lock and changes nothing, also beside a session that runs. A venue that
// can't be asked has an Error, and the others are told all the same.
func AskVenues(ctx context.Context, o *Options) ([]VenueView, error) {
	if err := needsContext(ctx, "AskVenues"); err != nil {
		return nil, err
	}
	booked, err := bookedOf(cmp.Or(o.DB, "perilune-live.db"))
	if err != nil {
		return nil, err
	}
	var out []VenueView
	err = o.visit(ctx, func(house string, c connect.Account, say func(string), failed error) {
		v := newVenueView(house)
		if failed == nil {
			v, failed = untilTold(ctx, say, func() (VenueView, error) {
				v := newVenueView(house)
				return v, v.ask(ctx, c, booked)
			})
		}
		if failed != nil {
			v.Error = failed.Error()
		}
		out = append(out, v)
	})
	return out, err
}

func newVenueView(house string) VenueView {
	return VenueView{House: house, Orders: []VenueOrder{}, Positions: []VenuePosition{}, Balances: []VenueBalance{}}
}

// visiting is what is done at a venue. say tells people; failed is why nobody could sign in.
type visiting func(house string, c connect.Account, say func(string), failed error)

// visit signs in at every venue that has a key, one after the other, for as long as do takes.
func (o *Options) visit(ctx context.Context, do visiting) error {
	if o.Account == nil {
		return configError("there is no account: name the file with the key's place with --config")
	}
	if err := o.Live.checkSections(); err != nil {
		return err
	}
	asked := false
	for _, s := range o.Live.sections() {
		key, ok := o.keysOf(s.House())
		if !ok {
			continue
		}
		asked = true
		o.visitOne(ctx, s, &key, do)
	}
	if !asked {
		return noKey(nil)
	}
	return nil
}

func (o *Options) visitOne(ctx context.Context, s connect.Section, key *AccountOptions, do visiting) {
	say := o.sayer(s.House())
	venue, err := openSection(s)
	if err != nil {
		do(s.House(), nil, say, err)
		return
	}
	at, err := newAccess(cmp.Or(o.DB, "perilune-live.db"), venue, say)
	if err != nil {
		do(s.House(), nil, say, err)
		return
	}
	defer tellWaits(at.throttle, say)()
	c, err := untilTold(ctx, say, func() (connect.Account, error) { return openAccount(ctx, at, key, say) })
	if err != nil {
		do(s.House(), nil, say, err)
		return
	}
	do(s.House(), c, say, nil)
	_ = c.Close() // asking only
}

func (v *VenueView) ask(ctx context.Context, c connect.Account, b *bookedState) (err error) {
	if v.Account, err = c.UID(ctx); err != nil {
		return advised(err)
	}
	for _, g := range c.Profile().Segments {
		orders, err := c.OpenOrders(ctx, g.Venue)
		if err != nil {
			return advised(fmt.Errorf("orders of %s: %w", g.Venue, err))
		}
		for i := range orders {
			o := &orders[i]
			x := VenueOrder{Instrument: fullKey(v.House, o.Venue, o.Symbol), ClientID: o.ClientID, VenueID: o.OrderID, Side: o.Side.String(),
				Qty: Money{o.Qty}, Filled: Money{o.Filled}, Price: Money{o.Price}, Time: o.Time, Foreign: true}
			if known, ok := b.orders[o.ClientID]; ok {
				x.Strategy, x.Pair, x.Foreign = known.Strategy, uint64(known.Pair), false
			}
			v.Orders = append(v.Orders, x)
		}
		if g.Spot {
			continue
		}
		list, err := c.Positions(ctx, g.Venue)
		if err != nil {
			return advised(fmt.Errorf("positions of %s: %w", g.Venue, err))
		}
		for i := range list {
			p := &list[i]
			key := fullKey(v.House, p.Venue, p.Symbol)
			v.Positions = append(v.Positions, VenuePosition{key, Money{p.Qty}, Money{p.Entry}, Money{p.Mark}, Money{b.positions[key]}})
		}
	}
	for _, w := range walletsOf(c) {
		list, err := c.Balances(ctx, w)
		if err != nil {
			return advised(fmt.Errorf("balances of %s: %w", w, err))
		}
		for _, x := range list {
			v.Balances = append(v.Balances, VenueBalance{fullName(v.House, string(w)), x.Asset, Money{x.Total}})
		}
	}
	return nil
}

// fullName is a venue's or wallet's name with its house.
func fullName(house, name string) string {
	if exchange.Venue(name).House() == "" {
		return house + "." + name
	}
	return name
}

func fullKey(house string, v exchange.Venue, symbol string) string {
	return fullName(house, string(v)) + ":" + symbol
}

// bookedState is what the last session of a ledger has booked.
type bookedState struct {
	orders    map[string]*ledger.Order   // that may still fill, by client id
	positions map[string]decimal.Decimal // by key with its house
}

func bookedOf(path string) (*bookedState, error) {
	b := &bookedState{map[string]*ledger.Order{}, map[string]decimal.Decimal{}}
	db, err := ledger.Open(ledger.Options{Path: path, ReadOnly: true})
	if err != nil {
		return nil, &LedgerError{err}
	}
	defer db.Close()
	all, err := db.Sessions()
	if err != nil || len(all) == 0 {
		return b, err
	}
	last := &all[len(all)-1]
	house := HouseOf(last.Market)
	orders, err := db.Orders(ledger.Filter{Account: last.Account})
	if err != nil {
		return nil, err
	}
	for i := range orders {
		if o := &orders[i]; !o.Status.Terminal() {
			b.orders[o.ClientID] = o
		}
	}
	err = db.EachFill(ledger.Filter{Account: last.Account}, func(f *ledger.Fill) error {
		key := fullKey(house, f.Venue, f.Symbol)
		b.positions[key] = b.positions[key].Add(f.Qty.Mul(decimal.NewFromInt(int64(f.Side))))
		return nil
	})
	return b, err
}
