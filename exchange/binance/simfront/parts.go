package simfront

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
)

// The dialect is put together of parts. Each owns its state and is handed the parts that
// it works with, from the top down: none reaches up.
//
//	socketAPI
//	    |
//	  door ── quota
//	    |                                       publisher
//	handlers: the families of endpoints,            |
//	    |     see routes.go                        hub
//	    |                                           |
//	    '------------ streamKeys -------------------'
//	                      |
//	                  accounts
//	                      |
//	               listing, mishaps
type (
	// listing is the instruments, and how requests name them.
	listing struct {
		universe *exchange.Universe
		segments *segments
		markets  []*market // by instrument; those of other venues too
	}

	// mishaps are the faults that are armed, by market.
	mishaps struct {
		faults *simserver.Faults
		market *segments
	}

	// hub is every websocket connection and what it listens to.
	hub struct {
		*listing
		clock    *simserver.Clock
		links    *simserver.Links
		keys     *streamKeys
		clients  []*client
		channels []*channel // in order of first subscription
		byTopic  map[topic]*channel
		byMarket map[exchange.InstrumentID][]*channel
	}

	// publisher says on public streams what the market does.
	publisher struct {
		*listing
		*mishaps
		clock *simserver.Clock
		hub   *hub
	}

	// quota is what clients have used of what they may.
	quota struct {
		clock   *simserver.Clock
		allowed *Limits
		usage   map[usageKey]*usage
	}

	// door judges requests and lets them through to their handlers.
	door struct {
		*listing
		*mishaps
		*quota
		clock  *simserver.Clock
		key    func(name string) *simserver.APIKey
		routes map[api.Market]table
	}

	// socketAPI answers the WebSocket APIs.
	socketAPI struct{ *door }
)

// The families of endpoints.
type (
	// handlers are all of them.
	handlers struct {
		data    *marketData
		candles *candles
		tickers *tickers
		stats   *statistics
		entry   *orderEntry
		algos   *algoEntry
		history *orderHistory
		views   *accountViews
		modes   *accountModes
		wallets *wallets
		keys    *streamKeys
	}

	// marketData is the book, trades, funding and what instruments are.
	marketData struct {
		*listing
		*mishaps
		clock    *simserver.Clock
		quota    *quota
		accounts []*account
	}

	// candles are klines of what was traded and of what was told.
	candles struct {
		*listing
		clock *simserver.Clock
	}

	// tickers are prices at a glance.
	tickers struct {
		*listing
		clock *simserver.Clock
	}

	// statistics are those under /futures/data.
	statistics struct {
		*listing
		clock    *simserver.Clock
		accounts []*account
	}

	// orderEntry places, changes and cancels orders.
	orderEntry struct {
		*listing
		clock   *simserver.Clock
		newName func(purpose string) string
	}

	// algoEntry places, cancels and lists conditional orders.
	algoEntry struct{ *orderEntry }

	// orderHistory tells an account's orders, trades and income.
	orderHistory struct{ *listing }

	// accountViews tell an account's balances, margin and rates.
	accountViews struct {
		*listing
		clock *simserver.Clock
		quota *quota
	}

	// accountModes are the switches of a futures account.
	accountModes struct {
		*listing
		clock *simserver.Clock
	}

	// wallets are the endpoints of all wallets: transfers, and what the key may do.
	wallets struct {
		*listing
		*mishaps
		clock *simserver.Clock
	}

	// streamKeys are the listen keys that futures streams are found by.
	streamKeys struct {
		clock    *simserver.Clock
		newName  func(purpose string) string
		accounts []*account
	}
)

// assemble makes the parts and hands each what it works with.
func (d *dialect) assemble(s *simserver.State) {
	seg := &segments{}
	for _, mk := range api.Markets {
		seg[mk] = s.Segments.Of(mk.Venue())
	}
	d.state, d.mishaps = s, &mishaps{faults: s.Faults, market: seg}
	d.listing = &listing{universe: s.Universe(), segments: seg}
	for _, m := range s.Markets() {
		d.listing.markets = append(d.listing.markets, newMarket(m))
	}
	for _, a := range s.Accounts() {
		d.accounts = append(d.accounts, newAccount(a, d.listing, s.Clock))
	}
	d.streamKeys = &streamKeys{clock: s.Clock, newName: s.NewName, accounts: d.accounts}
	d.hub = newHub(d.listing, s, d.streamKeys)
	d.publisher = &publisher{listing: d.listing, mishaps: d.mishaps, clock: s.Clock, hub: d.hub}
	d.quota = &quota{clock: s.Clock, allowed: d.limits, usage: map[usageKey]*usage{}}
	d.door = &door{listing: d.listing, mishaps: d.mishaps, quota: d.quota, clock: s.Clock, key: s.Key, routes: d.newHandlers().routes()}
	d.sockets = &socketAPI{d.door}
}

// newHandlers makes the families of endpoints.
func (d *dialect) newHandlers() *handlers {
	clock := d.state.Clock
	entry := &orderEntry{listing: d.listing, clock: clock, newName: d.state.NewName}
	return &handlers{
		data:    &marketData{listing: d.listing, mishaps: d.mishaps, clock: clock, quota: d.quota, accounts: d.accounts},
		candles: &candles{listing: d.listing, clock: clock},
		tickers: &tickers{listing: d.listing, clock: clock},
		stats:   &statistics{listing: d.listing, clock: clock, accounts: d.accounts},
		entry:   entry,
		algos:   &algoEntry{entry},
		history: &orderHistory{d.listing},
		views:   &accountViews{listing: d.listing, clock: clock, quota: d.quota},
		modes:   &accountModes{listing: d.listing, clock: clock},
		wallets: &wallets{listing: d.listing, mishaps: d.mishaps, clock: clock},
		keys:    d.streamKeys,
	}
}
