package simserver

import (
	"fmt"
	"net/url"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
)

// Truth is the simulator's own view, which a client's books must agree with to the
// last digit: amounts are exact decimals, not rounded as in an exchange's answers. It
// is what GET /sim/state answers.
type Truth struct {
	Time        int64          `json:"time"`        // milliseconds of the market's
	ServerTime  int64          `json:"server_time"` // milliseconds of the wall clock
	Connections int            `json:"connections"`
	Accounts    []AccountTruth `json:"accounts"`
}

// AccountTruth is an account in a Truth.
type AccountTruth struct {
	Account      int                `json:"account"`
	Venue        string             `json:"venue"`
	Hedge        bool               `json:"dual_side_position"`
	MultiAsset   bool               `json:"multi_assets_margin"`
	Balances     []BalanceTruth     `json:"balances"`
	Positions    []PositionTruth    `json:"positions"`
	OpenOrders   []OrderTruth       `json:"open_orders"`
	Orders       []OrderTruth       `json:"orders"`
	Conditionals []ConditionalTruth `json:"algo_orders"`
	Trades       []TradeTruth       `json:"trades"`
	Incomes      []IncomeTruth      `json:"income"`
	Transfers    []TransferTruth    `json:"transfers"`
}

// BalanceTruth is one asset of a wallet.
type BalanceTruth struct {
	Wallet string `json:"wallet"`
	Asset  string `json:"asset"`
	Total  string `json:"total"`
	Free   string `json:"free"`
	Locked string `json:"locked"`
}

// PositionTruth is a position that is there.
type PositionTruth struct {
	Market   string `json:"market"`
	Symbol   string `json:"symbol"`
	Side     string `json:"position_side,omitempty"` // LONG or SHORT, in hedge mode
	Qty      string `json:"qty"`
	Entry    string `json:"entry"`
	Realised string `json:"realised"`
	Leverage int    `json:"leverage"`
	Isolated string `json:"isolated_wallet,omitempty"` // its own margin, where it has one
}

// OrderTruth is an order.
type OrderTruth struct {
	Market     string `json:"market"`
	Symbol     string `json:"symbol"`
	ID         int64  `json:"id"`
	ClientID   string `json:"client_id"`
	Side       string `json:"side"`
	Type       string `json:"type"`
	Status     Status `json:"status"`
	Price      string `json:"price"`
	Qty        string `json:"qty"`
	Filled     string `json:"filled"`
	Worth      string `json:"worth"`
	ReduceOnly bool   `json:"reduce_only"`
	Created    int64  `json:"created"`
	Updated    int64  `json:"updated"`
}

// ConditionalTruth is a conditional order.
type ConditionalTruth struct {
	Market   string `json:"market"`
	Symbol   string `json:"symbol"`
	ID       int64  `json:"id"`
	ClientID string `json:"client_id"`
	Side     string `json:"side"`
	Type     string `json:"type"`
	Status   string `json:"status"`
	Trigger  string `json:"trigger"`
	Qty      string `json:"qty"`
	Order    int64  `json:"order"` // its child; 0: none
	Reason   string `json:"reason"`
	Created  int64  `json:"created"`
}

// TradeTruth is a fill.
type TradeTruth struct {
	Market   string `json:"market"`
	Symbol   string `json:"symbol"`
	ID       int64  `json:"id"`
	Order    int64  `json:"order"`
	Side     string `json:"side"`
	Position string `json:"position_side,omitempty"` // LONG or SHORT, in hedge mode
	Price    string `json:"price"`
	Qty      string `json:"qty"`
	Fee      string `json:"fee"`
	FeeAsset string `json:"fee_asset"`
	Realised string `json:"realised"`
	Maker    bool   `json:"maker"`
	Time     int64  `json:"time"`
}

// IncomeTruth is a line of the income history.
type IncomeTruth struct {
	Wallet string `json:"wallet"`
	Symbol string `json:"symbol"`
	Type   string `json:"type"`
	Asset  string `json:"asset"`
	Amount string `json:"amount"`
	ID     int64  `json:"id"`
	Time   int64  `json:"time"`
}

// TransferTruth is a transfer.
type TransferTruth struct {
	ID     int64  `json:"id"`
	Type   string `json:"type"`
	Asset  string `json:"asset"`
	Amount string `json:"amount"`
	Status string `json:"status"`
	Time   int64  `json:"time"`
}

// Truth is how things stand.
func (x *Exchange) Truth() (t Truth) {
	x.Do(func(s *State) { t = s.Truth() })
	return t
}

// Truth is how things stand.
func (s *State) Truth() Truth {
	t := Truth{Time: millis(s.Clock.now), ServerTime: millis(s.Clock.Wall()), Connections: len(s.Links.conns), Accounts: []AccountTruth{}}
	for _, a := range s.accounts {
		t.Accounts = append(t.Accounts, a.Truth())
	}
	return t
}

func getAccount(s *State, q url.Values, _ []byte) (any, error) {
	n := 0
	if text := q.Get("account"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			return nil, fmt.Errorf("account %q: want a number", text)
		}
	}
	if n < 0 || n >= len(s.accounts) {
		return nil, fmt.Errorf("account %d: there are %d", n, len(s.accounts))
	}
	return struct {
		AccountTruth
		Time       int64 `json:"time"`
		ServerTime int64 `json:"server_time"`
	}{s.accounts[n].Truth(), millis(s.Clock.now), millis(s.Clock.Wall())}, nil
}

// Truth is how the account stands. Its lists are empty, never nil.
func (a *Account) Truth() AccountTruth {
	t := AccountTruth{Account: a.Number, Venue: a.house, Hedge: a.Hedge, MultiAsset: a.MultiAsset, Balances: a.Funds.balanceTruth(), Positions: a.Funds.positionTruth(a.PositionSides()), OpenOrders: []OrderTruth{},
		Orders: []OrderTruth{}, Conditionals: []ConditionalTruth{}, Trades: []TradeTruth{}, Incomes: []IncomeTruth{}, Transfers: []TransferTruth{}}
	for _, o := range a.Orders.all {
		v := o.truth()
		t.Orders = append(t.Orders, v)
		if o.Open() {
			t.OpenOrders = append(t.OpenOrders, v)
		}
	}
	for _, g := range a.Conditionals.all {
		t.Conditionals = append(t.Conditionals, g.truth())
	}
	for _, f := range a.Ledger.trades {
		t.Trades = append(t.Trades, f.truth())
	}
	for _, r := range a.Ledger.incomes {
		t.Incomes = append(t.Incomes, IncomeTruth{r.Segment.name(), r.Symbol, r.Kind, r.Asset, r.Amount.String(), r.ID, millis(r.Time)})
	}
	for _, x := range a.Ledger.transfers {
		t.Transfers = append(t.Transfers, TransferTruth{x.ID, x.Type, x.Asset, x.Amount.String(), x.Status(), millis(x.Time)})
	}
	return t
}

func (f *Funds) balanceTruth() []BalanceTruth {
	out := []BalanceTruth{}
	for _, d := range f.matching.venue.Balances() {
		b := f.matching.venue.Balance(d.Wallet, d.Asset)
		out = append(out, BalanceTruth{string(d.Wallet), d.Asset, b.Total.String(), b.Free.String(), b.Locked.String()})
	}
	return out
}

func (f *Funds) positionTruth(sides []exchange.Side) []PositionTruth {
	out := []PositionTruth{}
	for _, m := range f.markets {
		for _, side := range sides {
			if p := f.Leg(m.In.ID, side).Position(); m.In.Perp() && p.Qty != 0 {
				own := ""
				if w, isolated := f.Leg(m.In.ID, side).Wallet(); isolated {
					own = w.String()
				}
				out = append(out, PositionTruth{m.Segment.name(), m.In.Symbol, positionText(side), m.In.QtyDecimal(p.Qty).String(), p.Entry.String(), p.Realised.String(), f.matching.venue.Leverage(m.In.ID), own})
			}
		}
	}
	return out
}

func (o *Order) truth() OrderTruth {
	in := o.Market.In
	return OrderTruth{Market: o.Market.Segment.name(), Symbol: in.Symbol, ID: o.ID, ClientID: o.Client, Side: sideText(o.Side), Type: o.Type, Status: o.Status,
		Price: in.PriceDecimal(o.Price).String(), Qty: in.QtyDecimal(o.Qty).String(), Filled: in.QtyDecimal(o.Filled).String(), Worth: o.Worth.String(),
		ReduceOnly: o.ReduceOnly, Created: millis(o.Created), Updated: millis(o.Updated)}
}

func (g *Conditional) truth() ConditionalTruth {
	child := int64(0)
	if g.Child != nil {
		child = g.Child.ID
	}
	return ConditionalTruth{Market: g.Market.Segment.name(), Symbol: g.Market.In.Symbol, ID: g.ID, ClientID: g.Client, Side: sideText(g.Side), Type: g.Type,
		Status: g.Status, Trigger: g.Trigger.String(), Qty: g.Qty.String(), Order: child, Reason: g.Reason, Created: millis(g.Created)}
}

func (t *Trade) truth() TradeTruth {
	m := t.Order.Market
	return TradeTruth{Market: m.Segment.name(), Symbol: m.In.Symbol, ID: t.ID, Order: t.Order.ID, Side: sideText(t.Order.Side), Position: positionText(t.Order.PositionSide), Price: m.In.PriceDecimal(t.Price).String(),
		Qty: m.In.QtyDecimal(t.Qty).String(), Fee: t.Fee.String(), FeeAsset: t.FeeAsset, Realised: t.Realised.String(), Maker: t.Maker, Time: millis(t.Time)}
}

// name is empty for no segment.
func (seg *Segment) name() string {
	if seg == nil {
		return ""
	}
	return seg.Name
}

func sideText(s exchange.Side) string {
	if s == exchange.Buy {
		return "BUY"
	}
	return "SELL"
}

// positionText names one of two positions; "" is the only one.
func positionText(s exchange.Side) string {
	switch s {
	case exchange.Buy:
		return "LONG"
	case exchange.Sell:
		return "SHORT"
	}
	return ""
}

// Market returns the market of a symbol, nil when there is none.
func (s *State) Market(seg *Segment, symbol string) *Market {
	if in, ok := s.opt.Universe.Find(seg.Venue, symbol); ok {
		return s.markets[in.ID]
	}
	return nil
}

// bookTruth is what GET /sim/book answers: the whole book as it was last published.
type bookTruth struct {
	Market string      `json:"market"`
	Symbol string      `json:"symbol"`
	Time   int64       `json:"time"`
	LastID int64       `json:"last_id"`
	Bids   [][2]string `json:"bids"`
	Asks   [][2]string `json:"asks"`
}

func getBook(s *State, q url.Values, _ []byte) (any, error) {
	seg, err := s.Segments.named(q.Get("market"))
	if err != nil {
		return nil, err
	}
	m := s.Market(seg, q.Get("symbol"))
	if m == nil {
		return nil, fmt.Errorf("there is no symbol %q on %s", q.Get("symbol"), seg.Name)
	}
	return bookTruth{seg.Name, m.In.Symbol, millis(s.Clock.now), m.Published, m.texts(exchange.Buy), m.texts(exchange.Sell)}, nil
}

// texts are the levels of a side, best first.
func (m *Market) texts(side exchange.Side) [][2]string {
	out := [][2]string{}
	for _, l := range m.Best(side, m.Book.Depth(side)) {
		out = append(out, [2]string{m.PriceText(l.Price), m.QtyText(l.Qty)})
	}
	return out
}

// Best returns the n best levels of a side. A feed without a book has its touch.
func (m *Market) Best(side exchange.Side, n int) []exchange.Level {
	out := m.Book.AppendLevels(nil, side, n)
	if len(out) > 0 || m.Book.State() != book.Empty {
		return out
	}
	l := m.Touch[0]
	if side == exchange.Sell {
		l = m.Touch[1]
	}
	if l.Qty > 0 {
		out = append(out, l)
	}
	return out
}
