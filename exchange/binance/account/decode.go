package account

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/oms"
)

// statuses are the venue's words for where an order is.
var statuses = map[string]exchange.OrderStatus{
	"NEW": exchange.StatusAccepted, "PENDING_NEW": exchange.StatusAccepted, "PENDING_CANCEL": exchange.StatusAccepted,
	"PARTIALLY_FILLED": exchange.StatusPartial, "FILLED": exchange.StatusFilled, "CANCELED": exchange.StatusCanceled,
	"EXPIRED": exchange.StatusExpired, "EXPIRED_IN_MATCH": exchange.StatusExpired, "REJECTED": exchange.StatusRejected,
	// Of orders that the venue makes: "NEW_INSURANCE" and "NEW_ADL" are fills
	// against the insurance fund and by auto-deleveraging.
	"NEW_INSURANCE": exchange.StatusPartial, "NEW_ADL": exchange.StatusPartial,
}

func statusOf(f *jsonscan.Fields) (exchange.OrderStatus, error) {
	if s, ok := statuses[string(f.Word())]; ok {
		return s, nil
	}
	return 0, fmt.Errorf("order status %q is not known", f.Word())
}

func sideOf(f *jsonscan.Fields) (exchange.Side, error) {
	switch string(f.Word()) {
	case "BUY":
		return exchange.Buy, nil
	case "SELL":
		return exchange.Sell, nil
	}
	return 0, fmt.Errorf("side %q: want BUY or SELL", f.Word())
}

// decodeOrder reads what REST and the WebSocket APIs answer of an order: to
// placing, modifying, cancelling and asking. The newest of its times counts.
// Since 2026-06-30 futures tell neither the average price nor the value, except
// when asked for an order, so neither is used.
func decodeOrder(m api.Market, body []byte) (oms.Report, error) {
	r := oms.Report{Venue: m.Venue()}
	var original string
	var transacted bool
	var err error
	f := jsonscan.Object(body)
	for f.Next() && err == nil {
		switch string(f.Key()) {
		case "symbol":
			r.Symbol = f.Text()
		case "orderId":
			r.OrderID = idText(f.Int())
		case "clientOrderId":
			r.ClientID = f.Text()
		case "origClientOrderId":
			original = f.Text()
		case "side":
			r.Side, err = sideOf(&f)
		case "status":
			r.Status, err = statusOf(&f)
		case "price":
			r.Price = f.Decimal()
		case "origQty", "qty": // qty: of an amended order
			r.Qty = f.Decimal()
		case "executedQty":
			r.Filled = f.Decimal()
		case "expiryReason":
			r.Reason = expiryWords(f.Text())
		case "transactTime":
			transacted = true
			r.Time = max(r.Time, exchange.UnixMilli(f.Int()))
		case "updateTime", "time":
			r.Time = max(r.Time, exchange.UnixMilli(f.Int()))
		}
	}
	if transacted && r.Status == 0 {
		r.Status = exchange.StatusAccepted // a bare acknowledgement of spot
	}
	if err == nil {
		err = f.Err()
	}
	if original != "" {
		r.ClientID = original // on a spot cancel the other is the cancel's own name
	}
	settleStatus(&r)
	if err == nil && (r.Symbol == "" || r.OrderID == "" || r.Status == 0) {
		err = fmt.Errorf("an order without symbol, orderId or status: %.200q", body)
	}
	return r, err
}

// list reads an array, every element the same way.
func list[T any](body []byte, read func(raw []byte) (T, error)) ([]T, error) {
	var out []T
	f := jsonscan.Array(body)
	for f.Next() {
		v, err := read(f.Raw())
		if err != nil {
			return nil, fmt.Errorf("element %d: %w", len(out), err)
		}
		out = append(out, v)
	}
	return out, f.Err()
}

// decodeTrade reads a row of myTrades or userTrades. A fee is positive when it
// was charged; that it is negative in an old example of the manual is a slip.
func decodeTrade(m api.Market, raw []byte) (oms.Execution, error) {
	x := oms.Execution{Venue: m.Venue()}
	var err error
	f := jsonscan.Object(raw)
	for f.Next() && err == nil {
		switch string(f.Key()) {
		case "symbol":
			x.Symbol = f.Text()
		case "id":
			x.TradeID = idText(f.Int())
		case "orderId":
			x.OrderID = idText(f.Int())
		case "side":
			x.Side, err = sideOf(&f)
		case "isBuyer":
			x.Side = exchange.Sell
			if f.Bool() {
				x.Side = exchange.Buy
			}
		case "price":
			x.Price = f.Decimal()
		case "qty":
			x.Qty = f.Decimal()
		case "commission":
			x.Fee = f.Decimal()
		case "commissionAsset":
			x.FeeAsset = f.Text()
		case "positionSide":
			x.PositionSide = positionSide(string(f.Word()))
		case "realizedPnl":
			x.Realised = decimal.NewNullDecimal(f.Decimal())
		case "isMaker", "maker":
			x.Maker = f.Bool()
		case "time":
			x.Time = exchange.UnixMilli(f.Int())
		}
	}
	if err == nil {
		err = f.Err()
	}
	if err == nil && (x.Symbol == "" || x.TradeID == "" || x.Side == 0) {
		err = fmt.Errorf("a trade without symbol, id or side: %.200q", raw)
	}
	return x, err
}

// decodeSpotBalances reads balances of GET account.
func decodeSpotBalances(body []byte) ([]oms.Balance, error) {
	var rows []oms.Balance
	var err error
	f := jsonscan.Object(body)
	for f.Next() && err == nil {
		if string(f.Key()) == "balances" {
			rows, err = list(f.Raw(), decodeSpotBalance)
		}
	}
	if err == nil {
		err = f.Err()
	}
	return rows, err
}

func decodeSpotBalance(raw []byte) (oms.Balance, error) {
	b := oms.Balance{Wallet: api.Spot.Wallet()}
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "asset", "a":
			b.Asset = f.Text()
		case "free", "f":
			b.Free = f.Decimal()
			b.Total = b.Total.Add(b.Free)
		case "locked", "l":
			b.Total = b.Total.Add(f.Decimal())
		}
	}
	return b, f.Err()
}

// decodeBalance reads a row of a futures balance.
func decodeBalance(m api.Market, raw []byte) (oms.Balance, error) {
	b := oms.Balance{Wallet: m.Wallet()}
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "asset":
			b.Asset = f.Text()
		case "balance":
			b.Total = f.Decimal()
		case "availableBalance":
			b.Free = f.Decimal()
		}
	}
	return b, f.Err()
}

// decodePosition reads a row of positionRisk. Both modes have it.
func decodePosition(m api.Market, raw []byte) (p oms.Position, err error) {
	p.Venue = m.Venue()
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "symbol":
			p.Symbol = f.Text()
		case "positionAmt":
			p.Qty = f.Decimal()
		case "entryPrice":
			p.Entry = f.Decimal()
		case "markPrice":
			p.Mark = f.Decimal()
		case "positionSide":
			p.Side = positionSide(string(f.Word()))
		case "isolatedWallet": // 0 of one that shares its wallet's margin
			own := f.Decimal()
			p.Own = decimal.NullDecimal{Decimal: own, Valid: own.IsPositive()}
		}
	}
	return p, f.Err()
}

// incomeKinds are the types of income that mean more than their name.
var incomeKinds = map[string]oms.IncomeKind{
	"FUNDING_FEE": oms.IncomeFunding, "INSURANCE_CLEAR": oms.IncomeInsurance,
	"REALIZED_PNL": oms.IncomeExecution, "COMMISSION": oms.IncomeExecution,
	"TRANSFER": oms.IncomeTransfer, "INTERNAL_TRANSFER": oms.IncomeTransfer,
}

// decodeIncome reads a row of income. tranId is a number on USD-M and a string
// on COIN-M.
func decodeIncome(m api.Market, raw []byte) (oms.Income, error) {
	row := oms.Income{Venue: m.Venue(), Wallet: m.Wallet()}
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "symbol":
			row.Symbol = f.Text()
		case "incomeType":
			row.Name = f.Text()
			row.Kind = incomeKinds[row.Name]
		case "income":
			row.Amount = f.Decimal()
		case "asset":
			row.Asset = f.Text()
		case "tranId":
			row.ID = f.Text()
		case "time":
			row.Time = exchange.UnixMilli(f.Int())
		}
	}
	return row, f.Err()
}

// decodeTransfer reads a row of the history of transfers.
func decodeTransfer(from, to exchange.Wallet, raw []byte) (oms.TransferRow, error) {
	v := oms.TransferRow{From: from, To: to}
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "tranId":
			v.ID = idText(f.Int())
		case "asset":
			v.Asset = f.Text()
		case "amount":
			v.Amount = f.Decimal()
		case "status":
			text := f.Text()
			v.Done, v.Failed = text == "CONFIRMED", text == "FAILED"
		case "timestamp":
			v.Time = exchange.UnixMilli(f.Int())
		}
	}
	return v, f.Err()
}

// member returns one value of an object, raw; nil when it is not there.
func member(body []byte, key string) ([]byte, error) {
	var raw []byte
	f := jsonscan.Object(body)
	for f.Next() {
		if string(f.Key()) == key {
			raw = f.Raw()
		}
	}
	return raw, f.Err()
}

// expiryWords puts spot's expiryReason and futures' er in words; "" when there
// is nothing to say.
func expiryWords(code string) string {
	switch code {
	case "", "0", "NONE":
		return ""
	}
	if words, ok := expiries[code]; ok {
		return words
	}
	return code
}

// expiries are the reasons of the two manuals.
var expiries = map[string]string{
	"REJECTED": "rejected by the engine", "EXCHANGE_CANCELED": "cancelled by the exchange", "OCO_TRIGGER": "the other order of the list was triggered",
	"OTO_PHASE_ONE_EXPIRED": "the first order of the list expired", "UNFILLED_IOC_QUANTITY_EXPIRED": "the rest of an IOC order",
	"UNFILLED_FOK_ORDER_EXPIRED": "a FOK order could not be filled at once", "INSUFFICIENT_LIQUIDITY": "not enough in the book",
	"EXECUTION_RULE_PRICE_RANGE_EXCEEDED": "outside the price range of execution",
	"1":                                   "self-trade prevention", "2": "the rest of an IOC order", "3": "the rest of an IOC order, and self-trade prevention",
	"4": "displaced by a reduce-only order of higher priority, or the position was reversed", "5": "the account was liquidated",
	"6": "the GTE condition is not met", "7": "the symbol was delisted", "8": "the first order expired after the stop was triggered",
	"9": "not enough in the book", "10": "a FOK order could not be filled at once", "11": "post-only would have taken",
}
