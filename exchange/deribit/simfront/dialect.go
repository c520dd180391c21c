package simfront

import (
	"fmt"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/deribit/api"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/simserver"
)

// dialect is the protocol, as the loop sees it.
type dialect struct {
	limits *Limits
	state  *simserver.State

	clients map[*client]bool
	order   []*client // the same, as they came: nothing is decided in map order
	books   map[bookKey]*bookChannel
	shown   []bookKey // the same, as they were asked for

	tokens, refreshes map[string]token
	beats             int64
	settled           exchange.Time // the last settlement of 08:00
	after             []func()      // what follows a reply
}

var (
	_ simserver.Front       = (*dialect)(nil)
	_ simserver.Beater      = (*dialect)(nil)
	_ simserver.Banker      = (*dialect)(nil)
	_ simserver.Keymaker    = (*dialect)(nil)
	_ simserver.Namer       = (*dialect)(nil)
	_ simserver.Striker     = (*dialect)(nil)
	_ simserver.Mischievous = (*dialect)(nil)
)

// Segments implements simserver.Front.
func (d *dialect) Segments() (out []simserver.Segment) {
	for _, s := range api.Segments {
		out = append(out, simserver.Segment{Name: string(s), Venue: s.Venue(), Wallet: api.Wallet, Contract: s.Contract()})
	}
	return out
}

// Open implements simserver.Front.
func (d *dialect) Open(s *simserver.State) {
	d.state, d.tokens, d.refreshes = s, map[string]token{}, map[string]token{}
	d.settled = settlement(s.Clock.Now())
	for _, a := range s.Accounts() {
		a.Note = &session{of: map[exchange.InstrumentID]*made{}}
	}
}

// Balances implements simserver.Banker.
func (d *dialect) Balances() []paper.Deposit { return Balances() }

// Credentials are what a client signs in with.
type Credentials struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
	// Key and Secret of the common form are the same.
	Key    string `json:"key"`
	Shared string `json:"secret"`
}

// MakeKeys implements simserver.Keymaker.
func (d *dialect) MakeKeys(a *simserver.Account) (any, error) {
	c := Credentials{ID: d.state.KeyText(a, "client id")[:8], Secret: d.state.KeyText(a, "client secret")[:43]}
	c.Key, c.Shared = c.ID, c.Secret
	v, err := sign.NewVerifier(sign.NewSecret(c.Secret))
	if err != nil {
		return nil, fmt.Errorf("key of account %d: %w", a.Number, err)
	}
	d.state.AddKey(c.ID, a, v).Note = c.Secret
	return c, nil
}

// Routes implements simserver.Striker.
func (d *dialect) Routes() []string { return []string{route} }

// Kinds implements simserver.Mischievous.
func (d *dialect) Kinds() simserver.Kinds { return Kinds() }

// Kinds are the faults of the protocol's own: a subscription that takes one channel less, a
// reply that is overtaken by the next, tokens that are worth nothing any more.
func Kinds() simserver.Kinds {
	return simserver.Kinds{Timed: []string{"token_expired"}, Occasional: []string{"partial_subscription", "overtaken"},
		Missing: []string{"listen_key_expired", "server_shutdown", "old_book", "transfer_lost", "transfer_unknown", "transfer_late"}}
}

// Strike implements simserver.Striker.
func (d *dialect) Strike(f *simserver.Strike) {
	switch f.Kind {
	case "token_expired":
		clear(d.tokens)
		for _, conn := range f.Conns {
			if c, ok := conn.Note.(*client); ok {
				c.account, c.key = nil, nil
			}
		}
	case "stall":
		for _, k := range d.shown {
			if k.market.In.Symbol == f.Symbol || f.Symbol == "" {
				for _, conn := range f.Conns {
					if c, ok := conn.Note.(*client); ok {
						d.books[k].stall(c)
					}
				}
			}
		}
	}
}

// Name implements simserver.Namer.
func (d *dialect) Name(o *simserver.Order, why simserver.Forced) {
	o.Type, o.TIF = "market", "immediate_or_cancel"
	n := &note{forced: true}
	if why == simserver.Liquidation {
		n.reason = "autoliquidation"
	}
	o.Note = n
}

// Refuse implements simserver.Front. Source of the codes: the manual, "Error codes".
func (d *dialect) Refuse(_ *simserver.Market, by paper.Rule, reason string) *simserver.Refusal {
	code, known := rules[by]
	if !known {
		code = 11030
	}
	return &simserver.Refusal{Code: code, Reason: words[code], PostOnly: by == paper.RulePostOnly}
}

var rules = map[paper.Rule]int{paper.RuleInstrument: 10020, paper.RuleDelivered: 10012, paper.RulePrice: 10043, paper.RuleQty: 10002, paper.RuleMinQty: 10002,
	paper.RuleMaxQty: 10013, paper.RuleMaxPrice: 10005, paper.RuleMinPrice: 10006, paper.RuleNotional: 10002, paper.RulePostOnly: 11054, paper.RuleFunds: 10009,
	paper.RuleMargin: 10009, paper.RuleLeverage: 10009, paper.RuleReduceOnly: 11031}

var words = map[int]string{10020: "invalid_or_unsupported_instrument", 10012: "order_book_closed", 10043: "price_wrong_tick", 10002: "qty_too_low", 10013: "max_open_interest",
	10005: "price_too_high", 10006: "price_too_low", 11054: "post_only_reject", 10009: "not_enough_funds", 11031: "other_error", 11030: "other_reject"}

// market is that of an instrument by its name, nil when there is none.
func (d *dialect) market(name string) *simserver.Market {
	s := api.SegmentOf(name)
	if s == "" {
		return nil
	}
	return d.state.Market(d.state.Segments.Of(s.Venue()), name)
}

// markets are those of an instrument's currency and kind, as the venue asks for them.
func (d *dialect) markets(currency, kind string) (out []*simserver.Market) {
	for _, m := range d.state.Markets() {
		if m.Segment != nil && (currency == "" || currency == "any" || currencyOf(m.In) == currency) && (kind == "" || kind == "any" || kindOf(m.In) == kind) {
			out = append(out, m)
		}
	}
	return out
}

// currencyOf is what orders and trades of an instrument are listed by.
func currencyOf(in *exchange.Instrument) string {
	if in.Perp() {
		return in.Settle()
	}
	return in.Base
}

func kindOf(in *exchange.Instrument) string {
	if in.Perp() {
		return "future"
	}
	return "spot"
}

// indexOf is the name of the index of an instrument.
func indexOf(in *exchange.Instrument) string { return strings.ToLower(in.Base + "_" + in.Quote) }

// Beat implements simserver.Beater.
func (d *dialect) Beat() {
	d.beats++
	d.look()
	d.publish()
	d.settle()
}
