// Package simfront puts Hyperliquid's protocol in front of a simulated exchange: /info,
// /exchange and /ws, with signatures checked by recovering who signed, nonces, weights, and
// the words of refusals.
//
// # What it does not have
//
// Trigger orders, TWAP, vaults and sub-accounts, staking, builder's fees and perpetual
// exchanges of builders: they are refused, never accepted and ignored. Accounts have traded
// 2 000 000 USDC before they open, so that they may schedule a cancel. The token of a pair is
// called as the coin is (BTC and not UBTC). An action is refused after its expiresAfter in
// words of our own, because no source tells the venue's.
//
// # Where to read
//
// lists.go: what the venue lists in the built-in market. info.go, account.go: questions.
// action.go, entry.go: what is signed. stream.go: the websocket, and how it misbehaves.
package simfront

import (
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/hyperliquid/api"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
	"github.com/perilune/perilune/exchange/wire"
)

// Front answers Hyperliquid's clients for an exchange. Its methods may be called by any
// goroutine.
type Front struct {
	x *simserver.Exchange
	d *dialect // nil: the exchange was closed, or has such a front already
}

// New puts a front before an exchange. The exchange is closed by its owner.
func New(x *simserver.Exchange) *Front {
	f := &Front{x: x}
	d := &dialect{owners: map[sign.Address]*owner{}, nonces: map[sign.Address][]uint64{}, used: map[string]*minute{}, books: map[exchange.InstrumentID]*shown{}}
	if x.Attach(d) == nil {
		f.d = d
	}
	return f
}

// Paths implements simserver.Handler.
func (f *Front) Paths() []string { return []string{"/info", "/exchange", "/ws"} }

// Describe lists the addresses that clients are pointed at, by the names of the venue's
// section of the configuration.
func (f *Front) Describe(listen string) map[string]string {
	return map[string]string{"rest": "http://" + listen, "ws": "ws://" + listen + "/ws"}
}

// ServeHTTP implements http.Handler.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.d == nil {
		http.Error(w, "the simulated exchange has stopped", http.StatusServiceUnavailable)
		return
	}
	if r.URL.Path == "/ws" {
		f.x.ServeSocket(w, r, simserver.Socket{Options: wire.PeerOptions{PingEvery: 30 * time.Second, PongWithin: time.Minute}, Route: "ws",
			Join: f.d.join, Take: f.d.take, Leave: f.d.leave})
		return
	}
	ip, _, _ := strings.Cut(r.RemoteAddr, ":")
	f.x.ServeREST(w, r, func(s *simserver.State, body []byte) *simserver.Answer {
		switch {
		case f.d.s.Faults.Closed(nil):
			return text(http.StatusServiceUnavailable, "Service Unavailable")
		case r.Method != http.MethodPost:
			return text(http.StatusMethodNotAllowed, "Method Not Allowed")
		case r.URL.Path == "/info":
			return f.d.info(ip, body)
		case r.URL.Path == "/exchange":
			return desk{f.d}.exchange(ip, body)
		}
		return text(http.StatusNotFound, "Not Found")
	})
}

func text(status int, words string) *simserver.Answer {
	return &simserver.Answer{Status: status, Header: map[string]string{"Content-Type": "text/plain"}, Body: []byte(words)}
}

func answer(v any) *simserver.Answer {
	return &simserver.Answer{Status: http.StatusOK, Header: map[string]string{"Content-Type": "application/json"}, Body: reply.Encode(v)}
}

// dialect is the protocol. Its methods run in the exchange's loop.
type dialect struct {
	s      *simserver.State
	owners map[sign.Address]*owner // by who signs: an account itself, or its agent
	nonces map[sign.Address][]uint64
	used   map[string]*minute // weight by IP address
	subs   []*subscription
	books  map[exchange.InstrumentID]*shown
}

// owner is an account, by one of the addresses that sign for it.
type owner struct {
	account *simserver.Account
	main    sign.Address
	self    bool // it is the account's own key
	key     *simserver.APIKey
}

var (
	_ simserver.Front       = (*dialect)(nil)
	_ simserver.Keymaker    = (*dialect)(nil)
	_ simserver.Banker      = (*dialect)(nil)
	_ simserver.Beater      = (*dialect)(nil)
	_ simserver.Mischievous = (*dialect)(nil)
	_ simserver.Namer       = (*dialect)(nil)
)

// Segments implements simserver.Front.
func (d *dialect) Segments() []simserver.Segment {
	return []simserver.Segment{{Name: "spot", Venue: api.Spot, Wallet: api.SpotWallet, Contract: exchange.Spot}, {Name: "perp", Venue: api.Perp, Wallet: api.PerpWallet, Contract: exchange.Linear}}
}

// Open implements simserver.Front.
func (d *dialect) Open(s *simserver.State) { d.s = s }

// Balances implements simserver.Banker.
func (d *dialect) Balances() []paper.Deposit { return Balances() }

// Balances are an account's opening balances.
func Balances() []paper.Deposit {
	usdc := decimal.NewFromInt(100_000)
	return []paper.Deposit{{Wallet: api.SpotWallet, Asset: api.USDC, Amount: usdc}, {Wallet: api.PerpWallet, Asset: api.USDC, Amount: usdc}}
}

// Credentials are what a client of an account signs in with.
type Credentials struct {
	Key    string `json:"key"`           // the account's address
	Secret string `json:"secret"`        // the private key of its agent
	Agent  string `json:"agent"`         // the agent's address
	Wallet string `json:"wallet_secret"` // the account's own private key, which may also move money
}

// MakeKeys implements simserver.Keymaker.
func (d *dialect) MakeKeys(a *simserver.Account) (any, error) {
	make := func(purpose string) (*sign.Secp256k1, string, error) {
		seed := d.s.KeySeed(a, purpose)
		digits := "0x" + hex.EncodeToString(seed[:])
		k, err := sign.NewSecp256k1(sign.NewSecret(digits))
		return k, digits, err
	}
	wallet, walletKey, err := make("hyperliquid wallet")
	if err != nil {
		return nil, err
	}
	agent, agentKey, err := make("hyperliquid agent")
	if err != nil {
		return nil, err
	}
	main := wallet.Address()
	d.owners[main] = &owner{a, main, true, d.s.AddKey(main.String(), a, nil)}
	d.owners[agent.Address()] = &owner{a, main, false, d.s.AddKey(agent.Address().String(), a, nil)}
	return Credentials{Key: main.String(), Secret: agentKey, Agent: agent.Address().String(), Wallet: walletKey}, nil
}

// The faults of the protocol's own, on actions that are not carried out: the agent is not known
// (any more), or a hundred higher nonces were used.
const (
	agentExpired = "agent_expired"
	nonceLow     = "nonce_low"
)

// Kinds implements simserver.Mischievous.
func (d *dialect) Kinds() simserver.Kinds { return Kinds() }

// Kinds are the faults that the protocol has of its own, and lacks.
func Kinds() simserver.Kinds {
	return simserver.Kinds{Occasional: []string{agentExpired, nonceLow}, Missing: []string{"listen_key_expired", "server_shutdown", "reorder", "old_book", "adl", "stall"}}
}

// Name implements simserver.Namer: orders that nobody sent have no cloid.
func (d *dialect) Name(o *simserver.Order, why simserver.Forced) {
	o.Client, o.Type, o.TIF = d.s.NewName("forced"), "Market", "Ioc"
}

// Refuse implements simserver.Front. Source of the words: the manual, "Error responses".
func (d *dialect) Refuse(m *simserver.Market, by paper.Rule, reason string) *simserver.Refusal {
	r := &simserver.Refusal{Code: int(by), Reason: reason}
	switch by {
	case paper.RulePostOnly:
		r.PostOnly = true
		r.Reason = "Post only order would have immediately matched, bbo was " + m.PriceText(m.Touch[0].Price) + "@" + m.PriceText(m.Touch[1].Price) + "."
	case paper.RuleNotional:
		r.Reason = "Order must have minimum value of $10."
	case paper.RuleReduceOnly:
		r.Reason = "Reduce only order would increase position."
	case paper.RuleMaxPrice, paper.RuleMinPrice, paper.RuleCounterparty:
		r.Reason = "Order price too far from oracle"
	case paper.RulePrice:
		r.Reason = "Price must be divisible by tick size."
	case paper.RuleQty, paper.RuleMinQty, paper.RuleMaxQty:
		r.Reason = "Order has invalid size."
	case paper.RuleFunds, paper.RuleMargin, paper.RuleLeverage:
		r.Reason = "Insufficient margin to place order."
		if m.In.Contract == exchange.Spot {
			r.Reason = "Insufficient spot balance" // as ccxt has seen it (ts/src/hyperliquid.ts, exceptions)
		}
	}
	return r
}

// minute is the weight of an IP address.
type minute struct {
	begin  exchange.Time
	weight int
}

// mostWeight is what an IP address may use in a minute.
const mostWeight = 1200

// weigh counts a request; false: it is too much.
func (d *dialect) weigh(ip string, weight int) bool {
	now := d.s.Clock.Wall()
	u := d.used[ip]
	if u == nil || now >= u.begin+exchange.Minute {
		u = &minute{begin: now}
		d.used[ip] = u
	}
	u.weight += weight
	return u.weight <= mostWeight
}

// refusedFirst is what goes wrong with any request before it is looked at; nil: nothing.
func (d *dialect) refusedFirst(ip string, weight int) *simserver.Answer {
	if d.s.Faults.Strikes("429", nil, "") || d.s.Faults.Strikes("418", nil, "") || !d.weigh(ip, weight) {
		return text(http.StatusTooManyRequests, "Too many requests")
	}
	return nil
}

func millis(t exchange.Time) int64 { return int64(t / exchange.Millisecond) }

// asset is the number of a market in orders; markets of a segment are in the order of the
// exchange.
func (d *dialect) asset(m *simserver.Market) int {
	if m.In.Contract == exchange.Spot {
		return api.SpotAsset + indexOf(m)
	}
	n := 0
	for _, o := range d.of(api.Perp) {
		if o == m {
			return n
		}
		n++
	}
	return -1
}

// indexOf is the index of a pair, which its name has.
func indexOf(m *simserver.Market) int {
	n, err := strconv.Atoi(strings.TrimPrefix(m.In.Symbol, "@"))
	if err != nil {
		return 0 // PURR/USDC
	}
	return n
}

// of are the markets of a segment.
func (d *dialect) of(v exchange.Venue) (out []*simserver.Market) {
	for _, m := range d.s.Markets() {
		if m.Segment != nil && m.Segment.Venue == v {
			out = append(out, m)
		}
	}
	return out
}

// byAsset is the market of a number; nil: there is none.
func (d *dialect) byAsset(n int) *simserver.Market {
	for _, v := range api.Segments {
		for _, m := range d.of(v) {
			if d.asset(m) == n {
				return m
			}
		}
	}
	return nil
}

// byCoin is the market of a name; nil: there is none.
func (d *dialect) byCoin(coin string) *simserver.Market {
	for _, m := range d.s.Markets() {
		if m.Segment != nil && m.In.Symbol == coin {
			return m
		}
	}
	return nil
}
