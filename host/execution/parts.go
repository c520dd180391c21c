package execution

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// trade is what all parts of a machine know of its pair, and the arithmetic on it.
type trade struct {
	Pair    intent.Pair
	Request intent.PairRequest
	Close   *intent.CloseRequest

	self       *Machine      // whom the port is asked for
	closeAt    exchange.Time // when Close was asked for
	stopping   bool
	cut        string        // why the opening goes no further; "" while it may
	wake       exchange.Time // when to look again without an event; 0: never
	restLeg    intent.Leg    // that rests; AutoLeg: not chosen yet
	balancing  bool
	off        bool          // the residual is beyond tolerance; follows fills only
	unhedgedAt exchange.Time // since when it is known that the residual left tolerance; 0: hedged
	exposedAt  exchange.Time // when it did, by the trades' own time: it may have been told of much later
	gone       string        // coins that were to be sold and were not there, in words
	news       string        // what the log should say at the next change; see News
	choice     string        // what it chose, for people; see Choice
	had        stake         // what there was before the batch
	turn       [2]turnover   // coins and cash that each leg opened with
	back       [2]turnover   // and closed with
	coin       coinWork      // of a coin-margined pair
}

// reasons tell what a pair waits for: at once when its state changes, and once when
// nothing else does for long.
type reasons struct {
	*trade
	reported string // the reason that strategy and ledger know
	wait     wait   // for the reason that they may not know yet
}

// workingOrders are the orders of a pair that may still fill, one for each leg and one
// for what stands in for a leg of a spread.
type workingOrders struct {
	*trade
	legs   [3]leg
	quoted bool          // the slice that is under way rests
	lack   exchange.Time // how long coins that are not in the wallet put the next look off
}

// balancer brings the legs level.
type balancer struct {
	*trade
	reasons  *reasons
	working  *workingOrders
	taker    interface{ finishClose(Port, exchange.Time) }
	attempts int           // to balance, in a row
	tried    exchange.Time // when the last one was
}

// taker opens and closes a pair slice by slice, by taking on both legs at once.
type taker struct {
	*trade
	reasons  *reasons
	working  *workingOrders
	balancer *balancer
	maker    interface {
		quote(Port, exchange.Time) bool
	}

	notBefore exchange.Time // no batch before this
	seen      [2]int64      // book ids that the last attempt used
	lastBatch exchange.Time
	goal      float64       // Request.Notional; 0: not worked out yet
	least     float64       // well above the perpetual's smallest order
	refused   exchange.Time // how long the last refused or empty batch put the next one off
	inside    bool          // the last batch was settled inside the account
	vain      exchange.Time // how long the last batch that was unwound put the next one off
}

// maker rests one leg, and has the other taken with each fill.
type maker struct {
	*trade
	working  *workingOrders
	balancer *balancer
	taker    *taker
	bounced  int // resting orders in a row that the venue did not keep
}

// coinLeg works a coin-margined pair: its coins are its margin, and have to be moved.
type coinLeg struct {
	*trade
	working  *workingOrders
	balancer *balancer
	taker    *taker
	mover    *coinMover
}

// spread works a pair whose legs are any two instruments of a coin.
type spread struct {
	spreadLegs
	reasons  *reasons
	working  *workingOrders
	balancer *balancer
	taker    *taker
	maker    *maker
	rests    spreadMaker
	blocked  exchange.Time // when what is unhedged could last not be mended where it should; 0: it could
	waiting  bool          // the pair's reason is what it waits for while it is unhedged
	dark     [3]string     // why nothing can be traded at a leg's venue, as last seen; "": it can
}

// spreadMaker rests one leg of a spread, and has the other taken with each fill.
type spreadMaker struct{ *spread }

// coinMover moves a pair's coins between the wallets of its legs.
type coinMover struct {
	*trade
	reasons *reasons
}

// newMachine makes the parts and tells each of those that it needs.
func newMachine(t trade) *Machine {
	m := &Machine{trade: t}
	at := &m.trade
	at.self = m
	m.reasons.trade, m.working.trade, m.mover = at, at, coinMover{at, &m.reasons}
	m.balancer = balancer{trade: at, reasons: &m.reasons, working: &m.working, taker: &m.taker}
	m.taker = taker{trade: at, reasons: &m.reasons, working: &m.working, balancer: &m.balancer, maker: &m.maker}
	m.maker = maker{trade: at, working: &m.working, balancer: &m.balancer, taker: &m.taker}
	m.coins = coinLeg{trade: at, working: &m.working, balancer: &m.balancer, taker: &m.taker, mover: &m.mover}
	m.spread = spread{spreadLegs: spreadLegs{at}, reasons: &m.reasons, working: &m.working, balancer: &m.balancer, taker: &m.taker, maker: &m.maker}
	m.spread.rests = spreadMaker{&m.spread}
	return m
}
