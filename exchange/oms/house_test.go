package oms

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// The house's segments, each with a wallet of the same name.
const (
	spot  = "house.spot"
	usdm  = "house.usdm"
	coinm = "house.coinm"
)

// profile is of an account with three wallets, whose transfers go by spot and carry
// their number in the amount, and whose executions are numbered.
func profile() Profile {
	return Profile{
		Segments: []Segment{
			{Venue: spot, Wallets: []exchange.Wallet{spot}, Spot: true},
			{Venue: usdm, Wallets: []exchange.Wallet{usdm}, Switch: SwitchSymbol},
			{Venue: coinm, Wallets: []exchange.Wallet{coinm}, Switch: SwitchSymbol},
		},
		Income: []exchange.Wallet{usdm, coinm},
		ClientID: func(id string) string {
			if id == "" || len(id) > 36 {
				return "want 1 to 36 characters"
			}
			return ""
		},
		Route: func(from, to exchange.Wallet) string {
			if from != spot && to != spot {
				return fmt.Sprintf("the venue has no transfer from %s to %s: go by the spot wallet", from, to)
			}
			return ""
		},
		MarkTransfer: func(amount decimal.Decimal, id uint64) decimal.Decimal {
			mark := decimal.New(int64(id%99)+1, -8)
			if whole := amount.Sub(mark).RoundFloor(6); whole.IsPositive() {
				return whole.Add(mark)
			}
			return decimal.Zero
		},
		Cursor: func(id string, _ exchange.Time) Cursor { return cursorOf(id) },
	}
}

const zeros = "0000000"

func cursorOf(id string) Cursor { return Cursor(zeros[min(len(id), len(zeros)):] + id) }

// options are those of the house's account, which has everything.
func options() Options {
	return Options{Profile: profile(), Capabilities: Capabilities{Income: true, Transfers: true, DeadMan: true}}
}

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func universe() *exchange.Universe {
	in := func(v exchange.Venue, c exchange.Contract, symbol, base, quote, tick, lot string) exchange.Instrument {
		return exchange.Instrument{Venue: v, Contract: c, Symbol: symbol, Base: base, Quote: quote, Tick: exchange.MustStep(tick), Lot: exchange.MustStep(lot), ContractSize: dec("1")}
	}
	inverse := in(coinm, exchange.Inverse, "BTCUSD_PERP", "BTC", "USD", "0.1", "1")
	inverse.ContractSize = dec("100")
	u, err := exchange.NewUniverse([]exchange.Instrument{
		in(spot, exchange.Spot, "BTCUSDT", "BTC", "USDT", "0.01", "0.001"),
		in(usdm, exchange.Linear, "BTCUSDT", "BTC", "USDT", "0.1", "0.001"),
		in(usdm, exchange.Linear, "ETHUSDT", "ETH", "USDT", "0.01", "0.01"), inverse,
	})
	if err != nil {
		panic(err)
	}
	return u
}

// house is the venue as it really is: what it says may get lost on the way, but
// its own account is the truth that ours has to come to.
type house struct {
	u         *exchange.Universe
	now       exchange.Time
	orders    []*held
	trades    []Execution
	incomes   []Income
	rows      []TransferRow
	wallets   map[walletAsset]decimal.Decimal
	positions map[exchange.InstrumentID]decimal.Decimal
	placed    map[string]int // how often an order was accepted
	armed     map[string]exchange.Time
	told      []AccountEvent
	lag       exchange.Time // of its queries behind its engine
	ahead     exchange.Time // its market's clock, which executions and income are told by, of that of requests
	number    int64

	// take is how much of an order fills at once; refuse says no to one.
	take   func(Order) decimal.Decimal
	refuse func(Order) *exchange.VenueError
}

// held is an order at the venue.
type held struct {
	Report
	tif  exchange.TimeInForce
	made exchange.Time
}

func newHouse(u *exchange.Universe, now exchange.Time) *house {
	h := &house{u: u, now: now, wallets: map[walletAsset]decimal.Decimal{}, positions: map[exchange.InstrumentID]decimal.Decimal{},
		placed: map[string]int{}, armed: map[string]exchange.Time{},
		take: func(Order) decimal.Decimal { return decimal.Zero }, refuse: func(Order) *exchange.VenueError { return nil }}
	for _, b := range []Balance{{Wallet: spot, Asset: "USDT", Total: dec("100000")}, {Wallet: spot, Asset: "BTC", Total: dec("10")},
		{Wallet: usdm, Asset: "USDT", Total: dec("100000")}, {Wallet: coinm, Asset: "BTC", Total: dec("5")}} {
		h.wallets[walletAsset{b.Wallet, b.Asset}] = b.Total
	}
	return h
}

func (h *house) next() string { h.number++; return strconv.FormatInt(h.number, 10) }

func (h *house) add(m exchange.Wallet, asset string, amount decimal.Decimal) {
	h.wallets[walletAsset{m, asset}] = h.wallets[walletAsset{m, asset}].Add(amount)
}

func (h *house) tell(n AccountEvent) {
	n.Time = h.now
	h.told = append(h.told, n)
}

func (h *house) report(o *held, e *Execution) {
	r := o.Report
	r.Time = h.now
	if e != nil {
		r.Executions = []Execution{*e}
	}
	h.tell(AccountEvent{Venue: o.Venue, Report: &r})
}

func (h *house) find(m exchange.Venue, symbol, client string) *held {
	for _, o := range slices.Backward(h.orders) {
		if o.Venue == m && o.Symbol == symbol && o.ClientID == client {
			return o
		}
	}
	return nil
}

func (h *house) fault(v exchange.Venue, c exchange.ErrorClass, msg string) error {
	return &exchange.VenueError{Class: c, Venue: v, What: "test", HTTP: 400, Message: msg}
}

func (h *house) Now() exchange.Time { return h.now }

func (h *house) Place(_ context.Context, o Order) (Report, error) {
	if f := h.refuse(o); f != nil {
		return Report{}, f
	}
	if old := h.find(o.Venue, o.Symbol, o.ClientID); old != nil && !old.Status.Terminal() {
		return Report{}, h.fault(o.Venue, exchange.ErrDuplicate, "ClientOrderId is duplicated.")
	}
	h.placed[o.ClientID]++
	n := &held{tif: o.TIF, made: h.now, Report: Report{Venue: o.Venue, Symbol: o.Symbol, ClientID: o.ClientID, OrderID: h.next(), Side: o.Side,
		Status: exchange.StatusAccepted, Price: o.Price, Qty: o.Qty, Time: h.now}}
	if n.Price.IsZero() {
		n.Price = dec("50000")
	}
	h.orders = append(h.orders, n)
	h.report(n, nil)
	h.fill(n, h.take(o), "")
	if (o.Type == exchange.MarketOrder || o.TIF == exchange.IOC) && !n.Status.Terminal() {
		h.end(n, exchange.StatusExpired)
	}
	return n.Report, nil
}

func (h *house) end(o *held, status exchange.OrderStatus) {
	o.Status, o.Time = status, h.now
	h.report(o, nil)
}

// fill trades a part of an order. The profit is any number: the venue's word on
// it is what counts.
func (h *house) fill(o *held, qty decimal.Decimal, reason string) {
	qty = decimal.Min(qty, o.Qty.Sub(o.Filled))
	if !qty.IsPositive() || o.Status.Terminal() {
		return
	}
	o.Filled = o.Filled.Add(qty)
	o.Status = exchange.StatusPartial
	if o.Filled.Equal(o.Qty) {
		o.Status = exchange.StatusFilled
	}
	in, _ := h.u.Find(o.Venue, o.Symbol)
	e := Execution{Venue: o.Venue, Symbol: o.Symbol, TradeID: h.next(), OrderID: o.OrderID, ClientID: o.ClientID, Side: o.Side,
		Price: o.Price, Qty: qty, Fee: decimal.New(h.number%97, -6), FeeAsset: in.Settle(), Reason: reason, Time: h.now + h.ahead}
	signed := qty.Mul(decimal.NewFromInt(int64(o.Side)))
	if in.Perp() {
		e.Realised = decimal.NewNullDecimal(decimal.New(h.number%13-6, -4))
		h.add(exchange.Wallet(in.Venue), in.Settle(), e.Realised.Decimal)
		h.positions[in.ID] = h.positions[in.ID].Add(signed)
	} else {
		h.add(exchange.Wallet(in.Venue), in.Base, signed)
		h.add(exchange.Wallet(in.Venue), in.Quote, signed.Mul(o.Price).Neg())
	}
	h.add(exchange.Wallet(in.Venue), e.FeeAsset, e.Fee.Neg())
	h.trades = append(h.trades, e)
	h.report(o, &e)
}

func (h *house) Cancel(_ context.Context, ref OrderRef) (Report, error) {
	o := h.find(ref.Venue, ref.Symbol, ref.ClientID)
	if o == nil || o.Status.Terminal() {
		return Report{}, h.fault(ref.Venue, exchange.ErrAlreadyFinal, "Unknown order sent.")
	}
	h.end(o, exchange.StatusCanceled)
	return o.Report, nil
}

func (h *house) Query(_ context.Context, ref OrderRef) (Report, error) {
	o := h.find(ref.Venue, ref.Symbol, ref.ClientID)
	if o == nil || o.made+h.lag > h.now {
		return Report{}, h.fault(ref.Venue, exchange.ErrNotFound, "Order does not exist.")
	}
	return o.Report, nil
}

func (h *house) OpenOrders(_ context.Context, m exchange.Venue) ([]Report, error) {
	var out []Report
	for _, o := range h.orders {
		if o.Venue == m && !o.Status.Terminal() && o.made+h.lag <= h.now {
			out = append(out, o.Report)
		}
	}
	return out, nil
}

func (h *house) Executions(_ context.Context, m exchange.Venue, symbol string, from Cursor) ([]Execution, error) {
	var out []Execution
	for _, e := range h.trades {
		if e.Venue == m && e.Symbol == symbol && cursorOf(e.TradeID) >= from && e.Time+h.lag <= h.now+h.ahead {
			if e.Reason == "" {
				e.ClientID = ""
			}
			out = append(out, e)
		}
	}
	return out, nil
}

func (h *house) Balances(_ context.Context, w exchange.Wallet) ([]Balance, error) {
	var out []Balance
	for p, total := range h.wallets { // order does not matter: they are compared one by one
		if p.wallet == w {
			out = append(out, Balance{Wallet: w, Asset: p.asset, Total: total})
		}
	}
	slices.SortFunc(out, func(a, b Balance) int { return len(a.Asset) - len(b.Asset) })
	return out, nil
}

func (h *house) Positions(_ context.Context, m exchange.Venue) ([]Position, error) {
	var out []Position
	for _, in := range h.u.All() {
		if q := h.positions[in.ID]; in.Venue == m && !q.IsZero() {
			out = append(out, Position{Venue: m, Symbol: in.Symbol, Qty: q, Entry: dec("50000")})
		}
	}
	return out, nil
}

func (h *house) Income(_ context.Context, w exchange.Wallet, since exchange.Time) ([]Income, error) {
	var out []Income
	for _, r := range h.incomes {
		if r.Wallet == w && r.Time >= since && r.Time+h.lag <= h.now+h.ahead {
			out = append(out, r)
		}
	}
	return out, nil
}

// fund pays funding on a position, if there is one.
func (h *house) fund(in *exchange.Instrument, amount decimal.Decimal) {
	if h.positions[in.ID].IsZero() {
		return
	}
	h.income(Income{Venue: in.Venue, Wallet: exchange.Wallet(in.Venue), Kind: IncomeFunding, Symbol: in.Symbol, Asset: in.Settle(), Amount: amount})
	h.tell(AccountEvent{Venue: in.Venue, Funding: &Income{Venue: in.Venue, Wallet: exchange.Wallet(in.Venue), Kind: IncomeFunding, Asset: in.Settle(), Amount: amount, Time: h.now + h.ahead}})
}

func (h *house) income(r Income) {
	r.ID, r.Time = h.next(), h.now+h.ahead
	h.incomes = append(h.incomes, r)
	h.add(r.Wallet, r.Asset, r.Amount)
}

func (h *house) Transfer(_ context.Context, t TransferOrder) (string, error) {
	if h.wallets[walletAsset{t.From, t.Asset}].LessThan(t.Amount) {
		return "", h.fault(exchange.Venue(t.From), exchange.ErrFunds, "Asset transfer failed: insufficient balance")
	}
	h.rows = append(h.rows, TransferRow{ID: h.next(), Asset: t.Asset, From: t.From, To: t.To, Amount: t.Amount, Done: true, Time: h.now})
	h.add(t.From, t.Asset, t.Amount.Neg())
	h.add(t.To, t.Asset, t.Amount)
	return h.rows[len(h.rows)-1].ID, nil
}

func (h *house) TransferHistory(_ context.Context, from, to exchange.Wallet, since exchange.Time) ([]TransferRow, error) {
	var out []TransferRow
	for _, r := range h.rows {
		if r.From == from && r.To == to && r.Time >= since && r.Time+h.lag <= h.now {
			out = append(out, r)
		}
	}
	return out, nil
}

func (h *house) ArmDeadMan(_ context.Context, v exchange.Venue, symbol string, countdown exchange.Time) error {
	if v == spot {
		return errors.New("spot has no dead-man switch")
	}
	key := string(v) + ":" + symbol
	h.armed[key] = h.now + countdown
	if countdown == 0 {
		delete(h.armed, key)
	}
	return nil
}

func (h *house) Profile() Profile { return profile() }

// expire runs the dead-man switches down.
func (h *house) expire() {
	for _, o := range h.orders {
		if at, ok := h.armed[string(o.Venue)+":"+o.Symbol]; ok && at <= h.now && !o.Status.Terminal() {
			h.end(o, exchange.StatusCanceled)
		}
	}
}
