package account

import (
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/oms"
)

func sideOf(word []byte) exchange.Side {
	switch string(word) {
	case "Buy":
		return exchange.Buy
	case "Sell":
		return exchange.Sell
	}
	return 0
}

// statuses are the states of orders. Source: the manual, enums, orderStatus. Cancelled
// contracts may have fills; that of spot has a word of its own.
var statuses = map[string]exchange.OrderStatus{
	"New": exchange.StatusAccepted, "Untriggered": exchange.StatusAccepted, "Triggered": exchange.StatusAccepted, "PartiallyFilled": exchange.StatusPartial,
	"Rejected": exchange.StatusRejected, "Filled": exchange.StatusFilled, "Cancelled": exchange.StatusCanceled, "PartiallyFilledCanceled": exchange.StatusCanceled,
	"Deactivated": exchange.StatusCanceled,
}

// wouldTake is why a post-only order is over that would have taken. The venue calls it
// canceled; nobody canceled it.
const wouldTake = "EC_PostOnlyWillTakeLiquidity"

// decodeOrder reads an order: a row of a listing, or an event. v: the row's own category
// where it has one.
func decodeOrder(v exchange.Venue, raw []byte) (r oms.Report, err error) {
	r.Venue = v
	status := ""
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "category":
			r.Venue = api.Category(f.Text()).Venue()
		case "symbol":
			r.Symbol = f.Text()
		case "orderId":
			r.OrderID = f.Text()
		case "orderLinkId":
			r.ClientID = f.Text()
		case "side":
			r.Side = sideOf(f.Word())
		case "orderStatus":
			status = f.Text()
		case "price":
			r.Price = f.Decimal()
		case "qty":
			r.Qty = f.Decimal()
		case "cumExecQty":
			r.Filled = f.Decimal()
		case "rejectReason":
			if w := f.Text(); w != "EC_NoError" {
				r.Reason = w
			}
		case "updatedTime":
			r.Time = exchange.UnixMilli(f.Int())
		}
	}
	if err = f.Err(); err != nil {
		return r, err
	}
	known := false
	if r.Status, known = statuses[status]; !known || r.OrderID == "" {
		return r, fmt.Errorf("an order %q with the status %q", r.OrderID, status)
	}
	if r.Status == exchange.StatusCanceled && r.Reason == wouldTake {
		r.Status, r.Reason = exchange.StatusRejected, "post-only, and it would have taken"
	}
	return r, nil
}

// kind is an execType.
type kind string

// trade reports whether a position or coins changed hands.
func (k kind) trade() bool { return k != "Funding" && k != "SessionSettlePnL" && k != "MovePosition" }

// reason is why there was an execution that nobody ordered.
func (k kind) reason() string {
	switch k {
	case "AdlTrade":
		return "adl"
	case "BustTrade":
		return "liquidation"
	case "Delivery", "Settle":
		return "settlement"
	}
	return ""
}

// decodeExecution reads an execution: a row of the listing, or an event, which alone tells
// the profit.
func decodeExecution(v exchange.Venue, raw []byte) (e oms.Execution, k kind, closing bool, err error) {
	e.Venue = v
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "category":
			e.Venue = api.Category(f.Text()).Venue()
		case "symbol":
			e.Symbol = f.Text()
		case "execId":
			e.TradeID = f.Text()
		case "orderId":
			e.OrderID = f.Text()
		case "orderLinkId":
			e.ClientID = f.Text()
		case "side":
			e.Side = sideOf(f.Word())
		case "execPrice":
			e.Price = f.Decimal()
		case "execQty":
			e.Qty = f.Decimal()
		case "execFee":
			e.Fee = f.Decimal()
		case "feeCurrency":
			e.FeeAsset = f.Text()
		case "isMaker":
			e.Maker = f.Bool()
		case "execPnl":
			e.Realised = decimal.NewNullDecimal(f.Decimal())
		case "execType":
			k = kind(f.Text())
		case "closedSize":
			closing = !f.Decimal().IsZero()
		case "execTime":
			e.Time = exchange.UnixMilli(f.Int())
		}
	}
	e.Reason = k.reason()
	if err = f.Err(); err == nil && (e.TradeID == "" || e.Time == 0) {
		err = errors.New("an execution without its id or its time")
	}
	return e, k, closing && e.Venue != api.Spot.Venue(), err
}

func decodePosition(v exchange.Venue, raw []byte) (p oms.Position, index int64, err error) {
	p.Venue = v
	side := exchange.Side(0)
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "category":
			p.Venue = api.Category(f.Text()).Venue()
		case "symbol":
			p.Symbol = f.Text()
		case "side":
			side = sideOf(f.Word())
		case "size":
			p.Qty = f.Decimal()
		case "avgPrice", "entryPrice":
			p.Entry = f.Decimal()
		case "markPrice":
			p.Mark = f.Decimal()
		case "positionIdx":
			index = f.Int()
		}
	}
	p.Qty = p.Qty.Mul(decimal.NewFromInt(int64(side)))
	return p, index, f.Err()
}

// decodeWallet reads the coins of an account. What is borrowed on spot is not in walletBalance
// since coins can be borrowed by hand. Source: the manual, "Get Wallet Balance": "Old
// walletBalance = New walletBalance - spotBorrow".
func decodeWallet(raw []byte) (out []oms.Balance, err error) {
	f := jsonscan.Object(raw)
	for f.Next() {
		if string(f.Key()) != "coin" {
			continue
		}
		list := jsonscan.Array(f.Raw())
		for list.Next() {
			b, locked := oms.Balance{Wallet: api.Unified}, decimal.Zero
			c := jsonscan.Object(list.Raw())
			for c.Next() {
				switch string(c.Key()) {
				case "coin":
					b.Asset = c.Text()
				case "walletBalance":
					b.Total = b.Total.Add(c.Decimal())
				case "spotBorrow":
					b.Total = b.Total.Sub(c.Decimal())
				case "locked", "totalPositionIM", "totalOrderIM":
					locked = locked.Add(c.Decimal())
				}
			}
			if err := c.Err(); err != nil {
				return nil, err
			}
			b.Free = decimal.Max(decimal.Zero, b.Total.Sub(locked))
			out = append(out, b)
		}
		if err := list.Err(); err != nil {
			return nil, err
		}
	}
	return out, f.Err()
}

// logged is a row of the transaction log.
type logged struct {
	id, tradeID, kind, symbol, asset string
	category                         api.Category
	cashFlow, change                 decimal.Decimal
	at                               exchange.Time
}

func decodeLog(raw []byte) (r logged, err error) {
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "id":
			r.id = f.Text()
		case "tradeId":
			r.tradeID = f.Text()
		case "type":
			r.kind = f.Text()
		case "symbol":
			r.symbol = f.Text()
		case "currency":
			r.asset = f.Text()
		case "category":
			r.category = api.Category(f.Text())
		case "cashFlow":
			r.cashFlow = f.Decimal()
		case "change":
			r.change = f.Decimal()
		case "transactionTime":
			r.at = exchange.UnixMilli(f.Int())
		}
	}
	if err = f.Err(); err == nil && (r.kind == "" || r.at == 0) {
		err = errors.New("a row of the log without its type or its time")
	}
	return r, err
}

// incomes are what a row is for. Source: the manual, enums, type(uta). The id of a row is
// not its own in examples of the manual: a trade's is. Contracts in USDC settle their
// profit with the funding, in one row of both.
func (r *logged) incomes() []oms.Income {
	i := oms.Income{Venue: r.category.Venue(), Wallet: api.Unified, Name: r.kind, Symbol: r.symbol, Asset: r.asset, Amount: r.change, ID: r.id, Time: r.at}
	if r.tradeID != "" {
		i.ID = r.tradeID
	}
	switch r.kind {
	case "TRADE", "LIQUIDATION", "ADL", "DELIVERY":
		i.Kind = oms.IncomeExecution
	case "SETTLEMENT":
		i.Kind = oms.IncomeFunding
		if i.Amount = r.change.Sub(r.cashFlow); !r.cashFlow.IsZero() {
			session := i
			session.Kind, session.Name, session.Amount = oms.IncomeOther, "session settlement", r.cashFlow
			return []oms.Income{i, session}
		}
	case "INTEREST":
		i.Kind = oms.IncomeInterest
	case "TRANSFER_IN", "TRANSFER_OUT":
		i.Kind = oms.IncomeTransfer
	}
	return []oms.Income{i}
}
