package signing

import "github.com/shopspring/decimal"

// The actions of trading. Fields are in the order of the manual, "Exchange endpoint",
// which is the one that is hashed.

// Tif says what becomes of the part of an order that does not match at once.
type Tif string

// The times in force.
const (
	Gtc Tif = "Gtc"
	Ioc Tif = "Ioc"
	Alo Tif = "Alo" // post-only
)

// Order is an order by the numbers of the venue.
type Order struct {
	Asset      int
	Buy        bool
	Price      decimal.Decimal
	Size       decimal.Decimal
	ReduceOnly bool
	Tif        Tif
	Cloid      string // 0x and 32 hexadecimal digits; "": none
}

func (o *Order) value() Object {
	out := Object{{"a", Int(o.Asset)}, {"b", Bool(o.Buy)}, {"p", Number(o.Price)}, {"s", Number(o.Size)}, {"r", Bool(o.ReduceOnly)},
		{"t", Object{{"limit", Object{{"tif", Text(o.Tif)}}}}}}
	if o.Cloid != "" {
		out = append(out, Field{"c", Text(o.Cloid)})
	}
	return out
}

// Number is an amount as it is signed: without trailing zeros or an exponent.
func Number(d decimal.Decimal) Text { return Text(d.String()) }

// Place is the action that places orders; their results come in the same order.
func Place(orders ...Order) Object {
	list := make(List, len(orders))
	for i := range orders {
		list[i] = orders[i].value()
	}
	return Object{{"type", Text("order")}, {"orders", list}, {"grouping", Text("na")}}
}

// Cancel is the action that cancels an order by the venue's number.
func Cancel(asset int, oid uint64) Object {
	return Object{{"type", Text("cancel")}, {"cancels", List{Object{{"a", Int(asset)}, {"o", Int(oid)}}}}}
}

// Named is an order of an instrument by our id.
type Named struct {
	Asset int
	Cloid string
}

// CancelByCloid is the action that cancels orders by our ids; their results come in the
// same order.
func CancelByCloid(list ...Named) Object {
	cancels := make(List, len(list))
	for i, n := range list {
		cancels[i] = Object{{"asset", Int(n.Asset)}, {"cloid", Text(n.Cloid)}}
	}
	return Object{{"type", Text("cancelByCloid")}, {"cancels", cancels}}
}

// Modify is the action that puts another order in the place of one, which is named by its
// number (Int) or its client id (Text).
func Modify(id Value, o Order) Object {
	return Object{{"type", Text("batchModify")}, {"modifies", List{Object{{"oid", id}, {"order", o.value()}}}}}
}

// ScheduleCancel is the action that has all orders cancelled at a time, in milliseconds
// since 1970; 0 takes that back.
func ScheduleCancel(at uint64) Object {
	o := Object{{"type", Text("scheduleCancel")}}
	if at != 0 {
		o = append(o, Field{"time", Int(at)})
	}
	return o
}

// ClassTransfer is the action, signed as UsdClassTransfer, that moves USDC between the
// spot and the perpetual account. amount may name a sub-account or vault after it.
func ClassTransfer(mainnet bool, amount string, toPerp bool, nonce uint64) Object {
	return Object{{"type", Text("usdClassTransfer")}, {"hyperliquidChain", Chain(mainnet)}, {"signatureChainId", Text("0x66eee")},
		{"amount", Text(amount)}, {"toPerp", Bool(toPerp)}, {"nonce", Int(nonce)}}
}

// Chain names the network in typed data.
func Chain(mainnet bool) Text {
	if mainnet {
		return "Mainnet"
	}
	return "Testnet"
}
