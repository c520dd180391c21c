// Package simfront puts OKX's protocol, REST and three websocket addresses, in front of a
// simulated exchange: its paths, payloads, codes and words, signatures with a passphrase,
// sizes in contracts, channels, and what it does otherwise than others.
//
//	x, err := simserver.New(simserver.Options{Universe: u, Feed: feed})
//	...
//	defer x.Close()
//	srv := httptest.NewServer(simfront.New(x))
//	defer srv.Close()
//
// # What it does as the venue does
//
// Books are linked by prevSeqId; there is a sign of life every minute and, as the fault
// book_reset, a count that begins anew. The checksum is 0. Requests whose id has a hyphen are
// answered 60033, orders of the private stream without instIdCode 50014. Post-only that
// would take, and fill-or-kill that can't be filled, are accepted and then canceled. Fees are
// negative. A client id is free once its order is over. cancel-all-after runs by the wall
// clock. What comes after its expTime is dropped.
//
// # What it does not have
//
// Options, margin of coins, algo orders, spreads, block trades, copy trading, sub-accounts
// and withdrawals: their paths are not found. An account begins in futures mode; in
// multi-currency margin it may borrow coins, and is margined as before: loans.go.
//
// # Where to read
//
// door.go: how a request is judged, and every path. public.go: market data. entry.go,
// change.go, orders.go: orders. limits.go: how often a path may be asked. funds.go, lists.go: what an account's money and orders say.
// stream.go, publish.go, user.go: the websockets. listing.go: what is listed.
package simfront

import (
	"net/http"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/wire"
)

// Front answers OKX's clients for an exchange. Its methods may be called by any goroutine.
type Front struct {
	x *simserver.Exchange
	d *dialect
}

var _ simserver.Handler = (*Front)(nil)

// New puts a front before an exchange, which is closed by its owner. Before one that is
// closed already, or has such a front, it answers that it is not available.
func New(x *simserver.Exchange) *Front {
	f := &Front{x: x}
	d := &dialect{conns: map[*simserver.Conn]*client{}}
	if x.Attach(d) == nil {
		f.d = d
	}
	return f
}

// The addresses below a host.
const (
	restPath = "/api/v5"
	wsPath   = "/ws/v5"
)

// Paths implements simserver.Handler.
func (f *Front) Paths() []string { return []string{restPath, wsPath} }

// Describe lists the addresses that clients are pointed at, by name.
func (f *Front) Describe(listen string) map[string]string {
	ws := "ws://" + listen + wsPath + "/"
	return map[string]string{"rest": "http://" + listen, "ws_public": ws + "public", "ws_private": ws + "private", "ws_business": ws + "business"}
}

// ServeHTTP implements http.Handler.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.d == nil {
		http.Error(w, "the simulated exchange has stopped", http.StatusServiceUnavailable)
		return
	}
	if route, ok := strings.CutPrefix(r.URL.Path, wsPath+"/"); ok {
		if route != "public" && route != "private" && route != "business" {
			http.NotFound(w, r)
			return
		}
		f.x.ServeSocket(w, r, simserver.Socket{Options: wire.PeerOptions{Queue: 1 << 14, MaxFrame: 64 << 10}, Route: route, Join: f.d.join, Take: f.d.take, Leave: f.d.leave})
		return
	}
	f.x.ServeREST(w, r, func(_ *simserver.State, body []byte) *simserver.Answer { return f.d.rest(r, body) })
}

// dialect is the protocol. The loop calls its methods.
type dialect struct {
	accountModes
	s       *simserver.State
	types   map[api.Type]*simserver.Segment
	funding *simserver.Segment
	conns   map[*simserver.Conn]*client
	order   []*client // as they came: nothing is told in map order
}

var (
	_ simserver.Front       = (*dialect)(nil)
	_ simserver.Beater      = (*dialect)(nil)
	_ simserver.Moded       = (*dialect)(nil)
	_ simserver.Banker      = (*dialect)(nil)
	_ simserver.Keymaker    = (*dialect)(nil)
	_ simserver.Announcer   = (*dialect)(nil)
	_ simserver.Admitter    = (*dialect)(nil)
	_ simserver.Namer       = (*dialect)(nil)
	_ simserver.Striker     = (*dialect)(nil)
	_ simserver.Mischievous = (*dialect)(nil)
)

// Segments implements simserver.Front. The funding account is one without instruments.
func (d *dialect) Segments() []simserver.Segment {
	var out []simserver.Segment
	for _, t := range api.Types {
		out = append(out, simserver.Segment{Name: strings.ToLower(string(t)), Venue: t.Venue(), Wallet: api.Trading, Contract: t.Contracts()[0]})
	}
	return append(out, simserver.Segment{Name: "funding", Venue: "okx.funding", Wallet: api.Funding})
}

// Open implements simserver.Front.
func (d *dialect) Open(s *simserver.State) {
	d.s, d.types = s, map[api.Type]*simserver.Segment{}
	for _, seg := range s.Segments.All() {
		if t := api.Of(seg.Venue); t.Known() {
			d.types[t] = seg
		} else if seg.Wallet == api.Funding {
			d.funding = seg
		}
	}
	for _, m := range s.Markets() {
		m.Note = &market{code: instCode + int64(m.In.ID), seq: max(1, m.Published)}
	}
	for _, a := range s.Accounts() {
		a.Note = &account{leverage: map[exchange.InstrumentID]int{}, used: map[string]*usage{}}
	}
}

// Balances implements simserver.Banker: the funding account is there, and empty.
func (d *dialect) Balances() []paper.Deposit {
	return []paper.Deposit{{Wallet: api.Funding, Asset: "USDT", Amount: decimal.Zero}}
}

// Keys are what clients sign in with.
type Keys struct {
	HMAC simserver.HMACKey `json:"hmac"`
}

// MakeKeys implements simserver.Keymaker.
func (d *dialect) MakeKeys(a *simserver.Account) (any, error) {
	k := Keys{HMAC: simserver.HMACKey{Key: d.s.KeyText(a, "okx key")[:36], Secret: d.s.KeyText(a, "okx secret")[:32], Passphrase: d.s.KeyText(a, "okx passphrase")[:16]}}
	v, err := sign.NewVerifier(sign.NewSecret(k.HMAC.Secret))
	if err != nil {
		return nil, err
	}
	d.s.AddKey(k.HMAC.Key, a, v).Passphrase = k.HMAC.Passphrase
	return k, nil
}

// bookReset is the fault that begins the numbers of a book anew, as maintenance does.
const bookReset = "book_reset"

// authExpired is the fault that logins are worth nothing any more: a connection with channels
// ends, one of orders alone is asked to log in.
const authExpired = "auth_expired"

// Faults are those that the protocol has of its own, and lacks.
func Faults() simserver.Kinds {
	return simserver.Kinds{Timed: []string{authExpired}, Occasional: []string{bookReset}, Missing: []string{"418", "listen_key_expired"}}
}

// Kinds implements simserver.Mischievous.
func (d *dialect) Kinds() simserver.Kinds { return Faults() }

// Routes implements simserver.Striker.
func (d *dialect) Routes() []string { return []string{"public", "private", "business"} }

// Name implements simserver.Namer: orders that nobody sent have no client id.
func (d *dialect) Name(o *simserver.Order, why simserver.Forced) {
	o.Client, o.Type, o.TIF = d.s.NewName("forced"), "market", ""
	o.Note = &note{made: true, category: map[simserver.Forced]string{simserver.Liquidation: "full_liquidation", simserver.Deleveraging: "adl", simserver.Settlement: "delivery"}[why]}
}

// instCode is the first instIdCode.
const instCode = 10_000

// market is what the protocol knows of an instrument.
type market struct {
	code   int64
	seq    int64 // of the last push of the book
	shift  int64 // what was taken off the ids of the exchange
	quiet  exchange.Time
	minute exchange.Time
	rated  exchange.Time // when funding was last told
	next   exchange.Time
}

func of(m *simserver.Market) *market { return m.Note.(*market) }

// account is what the protocol knows of a customer.
type account struct {
	bills    []bill
	assets   []bill // of the funding account
	ghosts   []*ghost
	leverage map[exchange.InstrumentID]int
	used     map[string]*usage
	level    string // acctLv; "": 2, futures mode
	loans    bool   // what a sale on spot lacks is borrowed
}

func noteOf(a *simserver.Account) *account { return a.Note.(*account) }

// note is what the protocol knows of an order.
type note struct {
	made     bool // the client id is not the customer's
	tag      string
	mode     string
	source   string // why it was canceled
	category string
}

func orderNote(o *simserver.Order) *note {
	if n, ok := o.Note.(*note); ok {
		return n
	}
	return &note{made: true}
}

// Strike implements simserver.Striker.
func (d *dialect) Strike(k *simserver.Strike) {
	for _, c := range k.Conns {
		cl := d.conns[c]
		if cl == nil {
			continue
		}
		switch k.Kind {
		case "server_shutdown":
			c.Peer.Send([]byte(`{"event":"notice","code":"64008","msg":"The connection will soon be closed for a service upgrade. Please reconnect.","connId":"` + cl.id + `"}`))
			if k.Millis > 0 {
				cl.ends = d.s.Clock.Wall() + exchange.UnixMilli(k.Millis)
			}
		case "stall":
			cl.stall(k.Symbol)
		case authExpired:
			if cl.key == nil {
				continue
			}
			if cl.key = nil; len(cl.subs) > 0 {
				c.Peer.Drop()
			}
		}
	}
}

// accountModes are what positions can be set to: orders are refused in hedge mode, and
// isolated margin is of an order there.
type accountModes struct{}

// Modes implements simserver.Moded.
func (accountModes) Modes() simserver.Modes { return simserver.Modes{Hedge: true} }
