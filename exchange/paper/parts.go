package paper

import (
	"github.com/perilune/perilune/exchange"
)

// A venue is put together of parts. Each owns its state and is handed the parts that it
// works with, from the top down: none reaches up, and none knows the venue.
//
//	bars ── matcher ── deliveries ── settlements, loans
//	   \       |           |             |
//	    \   resting        |             |        transfers
//	     \     |           |             |            |
//	      `- liquidator ---'-------------'            |
//	           |                                      |
//	     rules, registry, executions                  |
//	           |                                      |
//	        margins ----------------------------------'
//	           |
//	  markets, wallets, mail
type (
	// markets is what the venue knows of each instrument and its book, and what we took
	// from there.
	markets struct {
		opt   *Options
		slots []*slot
		takes []exchange.Level // scratch
	}

	// wallets is the money.
	wallets struct {
		opt      *Options
		balances []*walletBalance
	}

	// mail is what is on its way, to the venue and from it. Each wallet of the universe,
	// and any other that money was put into, has a stream; the first is for messages that
	// nothing answers.
	mail struct {
		opt      *Options
		names    []exchange.Wallet
		streams  []stream
		seq      uint64
		now      exchange.Time // the latest time we were told
		arriving exchange.Time // no message arrives before this
		house    exchange.Time // answer latency of what no order causes
	}

	// margins is what positions and orders are worth, and what they need.
	margins struct{ markets *markets }

	// executions books fills.
	executions struct {
		opt       *Options
		wallets   *wallets
		mail      *mail
		nextTrade uint64
	}

	// registry knows every order by its number, and says what becomes of it.
	registry struct {
		markets   *markets
		wallets   *wallets
		mail      *mail
		open      map[exchange.OrderID]*order
		finished  map[exchange.OrderID]outcome
		sent      map[exchange.OrderID]*order // on their way
		nextOrder uint64
	}

	// rules is what the venue refuses.
	rules struct {
		opt     *Options
		markets *markets
		margins *margins
		wallets *wallets
		mail    *mail
	}

	// liquidator watches over margin, and closes what has too little.
	liquidator struct {
		opt        *Options
		markets    *markets
		margins    *margins
		executions *executions
		registry   *registry
		mail       *mail
	}

	// resting fills orders that wait in the book.
	resting struct {
		opt        *Options
		markets    *markets
		executions *executions
		registry   *registry
		liquidator *liquidator
		passed     []*order // scratch
	}

	// matcher is an order's and a cancel's moment at the venue.
	matcher struct {
		opt        *Options
		markets    *markets
		margins    *margins
		rules      *rules
		executions *executions
		registry   *registry
		liquidator *liquidator
		resting    *resting
		mail       *mail
	}

	// bars takes the account along the bars that end.
	bars struct {
		opt        *Options
		markets    *markets
		margins    *margins
		resting    *resting
		liquidator *liquidator
		passed     []*order // scratch
	}

	// settlements pays funding.
	settlements struct {
		margins    *margins
		mail       *mail
		liquidator *liquidator
		nextTran   uint64
	}

	// loans charges interest on coins that are owed.
	loans struct {
		opt        *Options
		wallets    *wallets
		margins    *margins
		mail       *mail
		liquidator *liquidator
		list       []*loan
		charged    exchange.Time // the last full hour that was
	}

	// deliveries ends the dated futures.
	deliveries struct {
		markets    *markets
		margins    *margins
		executions *executions
		registry   *registry
		liquidator *liquidator
		futures    []*slot // not delivered yet, the next one first
	}

	// transfers moves money between wallets.
	transfers struct {
		opt     *Options
		wallets *wallets
		mail    *mail
		margins *margins
		transit []*transit
	}
)

// assemble hands every part what it works with.
func (v *Venue) assemble() {
	opt := &v.opt
	v.markets = markets{opt: opt}
	v.wallets = wallets{opt: opt}
	v.mail = mail{opt: opt, arriving: never, house: opt.Models.Latency.Delay(opt.Seed, 0, FromVenue)}
	v.margins = margins{&v.markets}
	v.executions = executions{opt: opt, wallets: &v.wallets, mail: &v.mail}
	v.registry = registry{markets: &v.markets, wallets: &v.wallets, mail: &v.mail, open: map[exchange.OrderID]*order{},
		finished: map[exchange.OrderID]outcome{}, sent: map[exchange.OrderID]*order{}}
	v.rules = rules{opt, &v.markets, &v.margins, &v.wallets, &v.mail}
	v.liquidator = liquidator{opt, &v.markets, &v.margins, &v.executions, &v.registry, &v.mail}
	v.resting = resting{opt: opt, markets: &v.markets, executions: &v.executions, registry: &v.registry, liquidator: &v.liquidator}
	v.matcher = matcher{opt, &v.markets, &v.margins, &v.rules, &v.executions, &v.registry, &v.liquidator, &v.resting, &v.mail}
	v.bars = bars{opt: opt, markets: &v.markets, margins: &v.margins, resting: &v.resting, liquidator: &v.liquidator}
	v.funding = settlements{margins: &v.margins, mail: &v.mail, liquidator: &v.liquidator}
	v.loans = loans{opt: opt, wallets: &v.wallets, margins: &v.margins, mail: &v.mail, liquidator: &v.liquidator}
	v.deliveries = deliveries{markets: &v.markets, margins: &v.margins, executions: &v.executions, registry: &v.registry, liquidator: &v.liquidator}
	v.transfers = transfers{opt: opt, wallets: &v.wallets, mail: &v.mail, margins: &v.margins}
}
