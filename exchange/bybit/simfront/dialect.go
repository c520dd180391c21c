package simfront

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/exchange/simserver"
)

// dialect is how the exchange is spoken to. All is owned by the exchange's loop.
type dialect struct {
	limits *Limits

	state    *simserver.State
	markets  []*market // by instrument
	accounts []*account
	quota    *quota
	door     *door
	hub      *hub
}

// What a front is asked for.
var (
	_ simserver.Front       = (*dialect)(nil)
	_ simserver.Beater      = (*dialect)(nil)
	_ simserver.Moded       = (*dialect)(nil)
	_ simserver.Admitter    = (*dialect)(nil)
	_ simserver.Namer       = (*dialect)(nil)
	_ simserver.Banker      = (*dialect)(nil)
	_ simserver.Keymaker    = (*dialect)(nil)
	_ simserver.Striker     = (*dialect)(nil)
	_ simserver.Mischievous = (*dialect)(nil)
)

// Segments implements simserver.Front: three categories, one wallet.
func (d *dialect) Segments() (out []simserver.Segment) {
	for _, c := range api.Categories {
		out = append(out, simserver.Segment{Name: string(c), Venue: c.Venue(), Wallet: api.Unified, Contract: c.Contract()})
	}
	return out
}

// Open implements simserver.Front.
func (d *dialect) Open(s *simserver.State) {
	d.state = s
	for _, m := range s.Markets() {
		d.markets = append(d.markets, newMarket(m))
	}
	for _, a := range s.Accounts() {
		d.accounts = append(d.accounts, newAccount(a, s.Clock))
	}
	d.quota = &quota{clock: s.Clock, allowed: d.limits, usage: map[usageKey]*usage{}}
	d.hub = newHub(s, d.markets)
	d.door = &door{state: s, quota: d.quota, markets: d.markets, accounts: d.accounts}
	d.door.routes = d.door.table()
}

// Balances implements simserver.Banker: the funding wallet has some too.
func (d *dialect) Balances() []paper.Deposit {
	return []paper.Deposit{{Wallet: api.Funding, Asset: "USDT", Amount: decimal.NewFromInt(10_000)}}
}

// keys are what a client signs in with.
type keys struct {
	HMAC simserver.HMACKey `json:"hmac"`
}

// MakeKeys implements simserver.Keymaker. Keys of the venue have 18 characters, their
// secrets 36.
func (d *dialect) MakeKeys(a *simserver.Account) (any, error) {
	k := simserver.HMACKey{Key: d.state.KeyText(a, "key")[:18], Secret: d.state.KeyText(a, "secret")[:36]}
	return keys{k}, d.state.AddHMAC(k, a)
}

// Show implements simserver.Front.
func (d *dialect) Show(m *simserver.Market, ev *exchange.Event, c *simserver.Change) {
	d.hub.show(marketOf(m), ev, c)
}

// Beat implements simserver.Beater.
func (d *dialect) Beat() { d.hub.beat() }

// Tell implements simserver.Front.
func (d *dialect) Tell(of *simserver.Account, ev simserver.Event) []simserver.Message {
	a := accountOf(of)
	switch ev.Kind {
	case simserver.OrderChanged:
		if t := ev.Trade; t != nil {
			a.follow(t)
			if forced(ev.Order) == "BustTrade" {
				d.hub.liquidated(marketOf(ev.Order.Market), t.Time, ev.Order.Side, t.Price, t.Qty)
			}
		}
		return a.orderMessages(ev)
	case simserver.FundingPaid:
		a.funding = append(a.funding, ev.Payment)
		return a.fundingMessages(ev)
	case simserver.TransferMoved, simserver.LossCleared, simserver.Charged:
		return []simserver.Message{a.word(ev.Segment, "wallet", a.walletRow(ev.Asset))}
	}
	return nil
}

// Send implements simserver.Front.
func (d *dialect) Send(a *simserver.Account, m simserver.Message) { d.hub.sendPrivate(accountOf(a), m) }

// Admit implements simserver.Admitter.
func (d *dialect) Admit(of *simserver.Account, t *simserver.Ticket) *simserver.Refusal {
	spot := t.Market.In.Contract == exchange.Spot
	if t.Client != "" && of.Orders.Named(t.Market, t.Client) != nil {
		if spot {
			return refuse(170141, "Duplicate clientOrderId")
		}
		return refuse(110072, "OrderLinkedID is duplicate")
	}
	if t.Kind == exchange.Limit && len(of.Orders.Open(t.Market.Segment, t.Market)) >= 500 {
		return refuse(110020, "You can't have more than 500 active orders")
	}
	return nil
}

// Name implements simserver.Namer: what nobody sent has no name of a customer's.
func (d *dialect) Name(o *simserver.Order, why simserver.Forced) {
	o.TIF, o.Type = "IOC", "Market"
	n := noteOf(o)
	switch why {
	case simserver.Liquidation:
		n.exec, n.create = "BustTrade", "CreateByLiq"
	case simserver.Deleveraging:
		n.exec, n.create = "AdlTrade", "CreateByAdl_PassThrough"
	case simserver.Settlement:
		n.exec, n.create = "Settle", "CreateBySettle"
	}
}

// Refuse implements simserver.Front.
func (d *dialect) Refuse(of *simserver.Market, by paper.Rule, _ string) *simserver.Refusal {
	i := 0
	if of.In.Contract != exchange.Spot {
		i = 1
	}
	r, ok := refusals[by]
	if !ok {
		r = [2]fault{{code: 10001, msg: "Request parameter error."}, {code: 10001, msg: "Request parameter error."}}
	}
	return &simserver.Refusal{Code: r[i].code, Reason: r[i].msg, PostOnly: by == paper.RulePostOnly}
}

// refusals are what the matching venue refuses, on spot and for contracts. Codes of what is
// canceled after it was taken are below zero: they never reach a client.
var refusals = map[paper.Rule][2]fault{
	paper.RulePrice:        {{code: 170134, msg: "Order price has too many decimals."}, {code: 10001, msg: "price invalid"}},
	paper.RuleQty:          {{code: 170137, msg: "Order volume decimal too long"}, {code: 10001, msg: "Qty invalid"}},
	paper.RuleMinQty:       {{code: 170136, msg: "Order quantity lower than the minimum."}, {code: 10001, msg: "The number of contracts exceeds minimum limit allowed"}},
	paper.RuleMaxQty:       {{code: 170135, msg: "Order quantity exceeded upper limit."}, {code: 10001, msg: "The number of contracts exceeds maximum limit allowed: too large"}},
	paper.RuleNotional:     {{code: 170140, msg: "Order value exceeded lower limit."}, {code: 110094, msg: "Order does not meet minimum order value 5USDT"}},
	paper.RuleFunds:        {{code: 170131, msg: "Insufficient balance."}, {code: 110007, msg: "ab not enough for new order"}},
	paper.RuleMargin:       {{code: 170131, msg: "Insufficient balance."}, {code: 110007, msg: "ab not enough for new order"}},
	paper.RuleLeverage:     {{code: 170131, msg: "Insufficient balance."}, {code: 110013, msg: "Cannot set leverage due to risk limit level."}},
	paper.RuleReduceOnly:   {{code: 170131, msg: "Insufficient balance."}, {code: 110017, msg: "current position is zero, cannot fix reduce-only order qty"}},
	paper.RuleDelivered:    {{code: 170121, msg: "Invalid symbol."}, {code: 110074, msg: "This contract is not live"}},
	paper.RuleCounterparty: {{code: 170193, msg: "Buy order price cannot be higher than the limit."}, {code: 30208, msg: "The order price is higher than the highest."}},
	paper.RuleBorrow:       {{code: 170034, msg: "Liability over flow in spot leverage trade!"}, {code: 10001, msg: "Request parameter error."}},
	paper.RulePostOnly:     {{code: laterPostOnly}, {code: laterPostOnly}},
	paper.RuleFOK:          {{code: laterFOK}, {code: laterFOK}},
}

const (
	laterPostOnly = -1
	laterFOK      = -2
)

// causes are the reasons of what was taken and then canceled. Source: enums, rejectReason.
var causes = map[int]string{laterPostOnly: "EC_PostOnlyWillTakeLiquidity", laterFOK: "EC_NoImmediateQtyToFill"}

func refuse(code int, msg string) *simserver.Refusal {
	return &simserver.Refusal{Code: code, Reason: msg}
}

// Modes implements simserver.Moded. Orders are refused in both.
func (d *dialect) Modes() simserver.Modes { return simserver.Modes{Hedge: true, Isolated: true} }
