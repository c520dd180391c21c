package desk

import (
	"context"
	"errors"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func universe() *exchange.Universe {
	in := func(m api.Market, symbol, base, quote, tick, lot string) exchange.Instrument {
		return exchange.Instrument{Venue: m.Venue(), Contract: m.Contract(), Symbol: symbol, Base: base, Quote: quote, Tick: exchange.MustStep(tick), Lot: exchange.MustStep(lot), ContractSize: dec("1")}
	}
	inverse := in(api.COINM, "BTCUSD_PERP", "BTC", "USD", "0.1", "1")
	inverse.ContractSize = dec("100")
	u, err := exchange.NewUniverse([]exchange.Instrument{
		in(api.Spot, "BTCUSDT", "BTC", "USDT", "0.01", "0.001"),
		in(api.USDM, "BTCUSDT", "BTC", "USDT", "0.1", "0.001"),
		in(api.USDM, "ETHUSDT", "ETH", "USDT", "0.01", "0.01"), inverse,
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
	trades    []account.Execution
	incomes   []account.Income
	rows      []account.Move
	wallets   map[purse]decimal.Decimal
	positions map[exchange.InstrumentID]decimal.Decimal
	placed    map[string]int // how often an order was accepted
	armed     map[string]exchange.Time
	notices   []account.Notice
	lag       exchange.Time // of its queries behind its engine
	ahead     exchange.Time // its market's clock, which executions and income are told by, of that of requests
	number    int64

	// take is how much of an order fills at once; refuse says no to one.
	take   func(account.Order) decimal.Decimal
	refuse func(account.Order) *account.Fault
}

// held is an order at the venue.
type held struct {
	account.Report
	tif  exchange.TimeInForce
	made exchange.Time
}

func newHouse(u *exchange.Universe, now exchange.Time) *house {
	h := &house{u: u, now: now, wallets: map[purse]decimal.Decimal{}, positions: map[exchange.InstrumentID]decimal.Decimal{},
		placed: map[string]int{}, armed: map[string]exchange.Time{},
		take: func(account.Order) decimal.Decimal { return decimal.Zero }, refuse: func(account.Order) *account.Fault { return nil }}
	for _, b := range []account.Balance{{Market: api.Spot, Asset: "USDT", Wallet: dec("100000")}, {Market: api.Spot, Asset: "BTC", Wallet: dec("10")},
		{Market: api.USDM, Asset: "USDT", Wallet: dec("100000")}, {Market: api.COINM, Asset: "BTC", Wallet: dec("5")}} {
		h.wallets[purse{b.Market, b.Asset}] = b.Wallet
	}
	return h
}

func (h *house) next() int64 { h.number++; return h.number }

func (h *house) add(m api.Market, asset string, amount decimal.Decimal) {
	h.wallets[purse{m, asset}] = h.wallets[purse{m, asset}].Add(amount)
}

func (h *house) notice(n account.Notice) {
	n.Time = h.now
	h.notices = append(h.notices, n)
}

func (h *house) report(o *held, e *account.Execution) {
	r := o.Report
	r.Time, r.Execution = h.now, e
	h.notice(account.Notice{Market: o.Market, Report: &r})
}

func (h *house) find(m api.Market, symbol, client string) *held {
	for _, o := range slices.Backward(h.orders) {
		if o.Market == m && o.Symbol == symbol && o.ClientID == client {
			return o
		}
	}
	return nil
}

func (h *house) fault(m api.Market, c account.Class, code int, msg string) error {
	return &account.Fault{Class: c, Market: m, What: "test", HTTP: 400, Code: code, Msg: msg}
}

func (h *house) Now() exchange.Time { return h.now }

func (h *house) Place(_ context.Context, o account.Order) (account.Report, error) {
	if f := h.refuse(o); f != nil {
		return account.Report{}, f
	}
	if old := h.find(o.Market, o.Symbol, o.ClientID); old != nil && !old.Status.Terminal() {
		return account.Report{}, h.fault(o.Market, account.Refused, -4116, "ClientOrderId is duplicated.")
	}
	h.placed[o.ClientID]++
	n := &held{tif: o.TIF, made: h.now, Report: account.Report{Market: o.Market, Symbol: o.Symbol, ClientID: o.ClientID, VenueID: h.next(), Side: o.Side,
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
	in, _ := h.u.Find(o.Market.Venue(), o.Symbol)
	e := account.Execution{Market: o.Market, Symbol: o.Symbol, TradeID: h.next(), VenueID: o.VenueID, ClientID: o.ClientID, Side: o.Side,
		Price: o.Price, Qty: qty, Fee: decimal.New(h.number%97, -6), FeeAsset: in.Settle(), Reason: reason, Time: h.now + h.ahead}
	signed := qty.Mul(decimal.NewFromInt(int64(o.Side)))
	if in.Perp() {
		e.Realised = decimal.New(h.number%13-6, -4)
		h.add(api.Of(in.Venue), in.Settle(), e.Realised)
		h.positions[in.ID] = h.positions[in.ID].Add(signed)
	} else {
		h.add(api.Of(in.Venue), in.Base, signed)
		h.add(api.Of(in.Venue), in.Quote, signed.Mul(o.Price).Neg())
	}
	h.add(api.Of(in.Venue), e.FeeAsset, e.Fee.Neg())
	h.trades = append(h.trades, e)
	h.report(o, &e)
}

func (h *house) Cancel(_ context.Context, m api.Market, symbol, client string) (account.Report, error) {
	o := h.find(m, symbol, client)
	if o == nil || o.Status.Terminal() {
		return account.Report{}, h.fault(m, account.Already, -2011, "Unknown order sent.")
	}
	h.end(o, exchange.StatusCanceled)
	return o.Report, nil
}

func (h *house) Query(_ context.Context, m api.Market, symbol, client string) (account.Report, error) {
	o := h.find(m, symbol, client)
	if o == nil || o.made+h.lag > h.now {
		return account.Report{}, h.fault(m, account.Refused, notFound, "Order does not exist.")
	}
	return o.Report, nil
}

func (h *house) OpenOrders(_ context.Context, m api.Market) ([]account.Report, error) {
	var out []account.Report
	for _, o := range h.orders {
		if o.Market == m && !o.Status.Terminal() && o.made+h.lag <= h.now {
			out = append(out, o.Report)
		}
	}
	return out, nil
}

func (h *house) Trades(_ context.Context, m api.Market, symbol string, from int64) ([]account.Execution, error) {
	var out []account.Execution
	for _, e := range h.trades {
		if e.Market == m && e.Symbol == symbol && e.TradeID >= from && e.Time+h.lag <= h.now+h.ahead {
			if e.Reason == "" {
				e.ClientID = ""
			}
			out = append(out, e)
		}
	}
	return out, nil
}

func (h *house) Balances(_ context.Context, m api.Market) ([]account.Balance, error) {
	var out []account.Balance
	for p, total := range h.wallets { // order does not matter: they are compared one by one
		if p.market == m {
			out = append(out, account.Balance{Market: m, Asset: p.asset, Wallet: total})
		}
	}
	slices.SortFunc(out, func(a, b account.Balance) int { return len(a.Asset) - len(b.Asset) })
	return out, nil
}

func (h *house) Positions(_ context.Context, m api.Market) ([]account.Position, error) {
	var out []account.Position
	for _, in := range h.u.All() {
		if q := h.positions[in.ID]; api.Of(in.Venue) == m && !q.IsZero() {
			out = append(out, account.Position{Market: m, Symbol: in.Symbol, Qty: q, Entry: dec("50000")})
		}
	}
	return out, nil
}

func (h *house) Income(_ context.Context, m api.Market, since exchange.Time) ([]account.Income, error) {
	var out []account.Income
	for _, r := range h.incomes {
		if r.Market == m && r.Time >= since && r.Time+h.lag <= h.now+h.ahead {
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
	h.income(account.Income{Market: api.Of(in.Venue), Type: "FUNDING_FEE", Symbol: in.Symbol, Asset: in.Settle(), Amount: amount})
	h.notice(account.Notice{Market: api.Of(in.Venue), Funding: &account.Income{Market: api.Of(in.Venue), Type: "FUNDING_FEE", Asset: in.Settle(), Amount: amount, Time: h.now + h.ahead}})
}

func (h *house) income(r account.Income) {
	r.TranID, r.Time = decimal.NewFromInt(h.next()).String(), h.now+h.ahead
	h.incomes = append(h.incomes, r)
	h.add(r.Market, r.Asset, r.Amount)
}

func (h *house) Move(_ context.Context, asset string, from, to api.Market, amount decimal.Decimal) (int64, error) {
	if h.wallets[purse{from, asset}].LessThan(amount) {
		return 0, h.fault(from, account.Refused, -5013, "Asset transfer failed: insufficient balance")
	}
	h.rows = append(h.rows, account.Move{TranID: h.next(), Asset: asset, From: from, To: to, Amount: amount, Done: true, Time: h.now})
	h.add(from, asset, amount.Neg())
	h.add(to, asset, amount)
	return h.number, nil
}

func (h *house) Moves(_ context.Context, from, to api.Market, since exchange.Time) ([]account.Move, error) {
	var out []account.Move
	for _, r := range h.rows {
		if r.From == from && r.To == to && r.Time >= since && r.Time+h.lag <= h.now {
			out = append(out, r)
		}
	}
	return out, nil
}

func (h *house) Arm(_ context.Context, m api.Market, symbol string, countdown exchange.Time) error {
	if m == api.Spot {
		return errors.New("spot has no dead-man switch")
	}
	h.armed[m.String()+":"+symbol] = h.now + countdown
	if countdown == 0 {
		delete(h.armed, m.String()+":"+symbol)
	}
	return nil
}

// expire runs the dead-man switches down.
func (h *house) expire() {
	for _, o := range h.orders {
		if at, ok := h.armed[o.Market.String()+":"+o.Symbol]; ok && at <= h.now && !o.Status.Terminal() {
			h.end(o, exchange.StatusCanceled)
		}
	}
}
