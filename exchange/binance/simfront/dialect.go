package simfront

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/exchange/simserver"
)

// dialect is how the exchange is spoken to: it hands what the exchange asks of a front,
// and what clients send, to the part that knows. All is owned by the exchange's loop.
type dialect struct {
	limits *Limits

	state      *simserver.State
	listing    *listing
	mishaps    *mishaps
	accounts   []*account
	streamKeys *streamKeys
	hub        *hub
	publisher  *publisher
	quota      *quota
	door       *door
	sockets    *socketAPI
}

// What a front is asked for.
var (
	_ simserver.Front     = (*dialect)(nil)
	_ simserver.Beater    = (*dialect)(nil)
	_ simserver.Moded     = (*dialect)(nil)
	_ simserver.Ticker    = (*dialect)(nil)
	_ simserver.Admitter  = (*dialect)(nil)
	_ simserver.Brancher  = (*dialect)(nil)
	_ simserver.Namer     = (*dialect)(nil)
	_ simserver.Announcer = (*dialect)(nil)
	_ simserver.Banker    = (*dialect)(nil)
	_ simserver.Pooler    = (*dialect)(nil)
	_ simserver.Striker   = (*dialect)(nil)
)

// Open implements simserver.Front.
func (d *dialect) Open(s *simserver.State) { d.assemble(s) }

// Segments implements simserver.Front: the three markets.
func (d *dialect) Segments() []simserver.Segment {
	var out []simserver.Segment
	for _, mk := range api.Markets {
		out = append(out, simserver.Segment{Name: mk.String(), Venue: mk.Venue(), Wallet: mk.Wallet(), Contract: mk.Contract()})
	}
	return out
}

// Balances implements simserver.Banker.
func (d *dialect) Balances() []paper.Deposit { return Balances() }

// Show implements simserver.Front.
func (d *dialect) Show(m *simserver.Market, ev *exchange.Event, c *simserver.Change) {
	d.publisher.publishEvent(marketOf(m), ev, c)
}

// Beat implements simserver.Beater.
func (d *dialect) Beat() { d.publisher.publishBeat() }

// Announce implements simserver.Announcer.
func (d *dialect) Announce(m *simserver.Market) { d.publisher.publishContract(marketOf(m)) }

// Send implements simserver.Front.
func (d *dialect) Send(a *simserver.Account, ev simserver.Message) {
	d.hub.sendUserEvent(accountOf(a), ev)
}

// Tick implements simserver.Ticker.
func (d *dialect) Tick(a *simserver.Account) { d.streamKeys.expireDue(accountOf(a)) }

// Tell implements simserver.Front.
func (d *dialect) Tell(of *simserver.Account, ev simserver.Event) []simserver.Message {
	a := accountOf(of)
	switch ev.Kind {
	case simserver.OrderChanged:
		t := tradeOf(ev.Trade)
		if t != nil && t.Order.Type == "LIQUIDATION" {
			d.publisher.publishForced(t)
		}
		return a.events.orderEvents(orderOf(ev.Order), ev.Change, t)
	case simserver.ConditionalChanged:
		g := algoOf(ev.Conditional)
		return []simserver.Message{a.events.word(api.Of(g.m.In.Venue), "ALGO_UPDATE", a.events.algoUpdate(g))}
	case simserver.FundingPaid:
		return a.events.fundingUpdate(d.listing.markets[ev.Payment.Instrument], ev.Payment)
	case simserver.TransferMoved:
		return a.events.moveEvents(api.Of(ev.Segment.Venue), ev.Asset, ev.Amount, ev.Time)
	case simserver.ListChanged:
		return a.events.listEvents(ev.List, ev.ListChange)
	case simserver.AssetSold:
		return a.events.accountUpdate(api.Of(ev.Segment.Venue), "AUTO_EXCHANGE", ev.Asset, ev.Amount, nil, ev.Time)
	case simserver.LossCleared:
		return a.events.accountUpdate(api.Of(ev.Segment.Venue), "INSURANCE_CLEAR", ev.Asset, ev.Amount, nil, ev.Time)
	}
	return nil
}

// Refuse implements simserver.Front.
func (d *dialect) Refuse(of *simserver.Market, by paper.Rule, reason string) *simserver.Refusal {
	m := api.Of(of.In.Venue)
	code := refusalCodes[by][max(m, api.Spot)-api.Spot]
	if words, ok := officialWords[code]; ok {
		return &simserver.Refusal{Code: code, Reason: words, PostOnly: code == -5022}
	}
	switch {
	case code == -1013:
		reason, _, _ = strings.Cut(reason, " (")
	case code == -2010 && strings.HasPrefix(reason, "Account has insufficient balance"):
		reason = "Account has insufficient balance for requested action."
	case m != api.Spot && (code == -4003 || code == -4004 || code == -4005):
		reason, _, _ = strings.Cut(reason, ":")
		reason += "."
	}
	return refusal(code, reason)
}

// Admit implements simserver.Admitter.
func (d *dialect) Admit(of *simserver.Account, t *simserver.Ticket) *simserver.Refusal {
	a, m := accountOf(of), marketOf(t.Market)
	spot := t.Market.In.Contract == exchange.Spot
	if was := a.Orders.Named(t.Market, t.Client); was != nil && was.Open() {
		if spot {
			return refusal(-2010, "Duplicate order sent.")
		}
		return refusal(-4116, "ClientOrderId is duplicated.")
	}
	if t.Kind == exchange.Limit && len(a.openOrders(api.Of(m.In.Venue), m)) >= maxOpenOrders {
		if spot {
			return refusal(-1013, "Filter failure: MAX_NUM_ORDERS")
		}
		return refusal(-2025, "Reach max open order limit.")
	}
	if t.Stop.IsPositive() && a.parked(m) >= maxStops {
		return refusal(-1013, "Filter failure: MAX_NUM_ALGO_ORDERS")
	}
	return nil
}

// Branch implements simserver.Brancher: the child of a conditional order.
func (d *dialect) Branch(of *simserver.Conditional) (*simserver.Ticket, *simserver.Refusal) {
	t := algoOf(of).ticket
	t.typ = "LIMIT"
	if t.kind == exchange.MarketOrder {
		t.typ, t.tif = "MARKET", "GTC"
	}
	if f := t.priceByMatch(); f != nil {
		return nil, refusal(f.code, f.msg)
	}
	return t.order(), nil
}

// Name implements simserver.Namer. Source: c of ORDER_TRADE_UPDATE.
func (d *dialect) Name(o *simserver.Order, why simserver.Forced) {
	o.TIF = "IOC"
	switch why {
	case simserver.Liquidation:
		o.Client, o.Type = "autoclose-"+strconv.FormatInt(millis(o.Created), 10), "LIQUIDATION"
	case simserver.Deleveraging:
		o.Client, o.Type = "adl_autoclose", "MARKET"
	case simserver.Settlement:
		o.Client, o.Type = "settlement_autoclose-"+strconv.FormatInt(millis(o.Created), 10), "MARKET"
	}
}

// Routes implements simserver.Striker.
func (d *dialect) Routes() (all []string) {
	for _, name := range routeNames { // order does not matter: they are sorted by who asks
		all = append(all, name)
	}
	return all
}

// Strike implements simserver.Striker.
func (d *dialect) Strike(f *simserver.Strike) {
	switch f.Kind {
	case "stall":
		d.hub.stallStreams(f)
	case "server_shutdown":
		d.hub.announceShutdown(f)
	case "listen_key_expired":
		d.streamKeys.expireStruck(f, d.listing.segments)
	}
}

// addClient makes a connection known, and subscribes it to what its address names.
func (d *dialect) addClient(c *client, query url.Values) {
	d.hub.addClient(c, query)
	if c.end.access == apiAccess {
		d.quota.countHandshake(c)
		return
	}
	for _, n := range c.end.names(query) {
		d.hub.subscribe(c, n)
	}
}

// takeFrame handles what a client sent.
func (d *dialect) takeFrame(c *client, frame []byte) {
	switch {
	case c.frames.count(d.state.Clock.Wall(), 1) > framesPerSecond(c.end):
		c.conn.Peer.Drop()
	case c.end.access == apiAccess:
		d.sockets.serveRequest(c, frame)
	default:
		d.hub.takeCommand(c, frame)
	}
}

// Modes implements simserver.Moded.
func (d *dialect) Modes() simserver.Modes { return simserver.Modes{Hedge: true, Isolated: true} }
