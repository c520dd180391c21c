package host

import (
	"encoding/json"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/record"
	"github.com/perilune/perilune/host/tearsheet"
)

// Money is a decimal that JSON shows as a plain number, exactly.
type Money struct{ decimal.Decimal }

// MarshalJSON writes the digits as they are.
func (m Money) MarshalJSON() ([]byte, error) { return []byte(m.Decimal.String()), nil }

// UnmarshalJSON reads a number, or one in quotes, without loss.
func (m *Money) UnmarshalJSON(raw []byte) error { return m.Decimal.UnmarshalJSON(raw) }

// Summary is what a session came to. Money is in Currency unless a name says
// otherwise.
type Summary struct {
	Mode       string   `json:"mode"`
	Broker     string   `json:"broker,omitempty"` // took the orders, as name@version; "": paper, or the venue
	Simulated  bool     `json:"simulated"`        // the market is not real
	Market     string   `json:"market"`
	Seed       uint64   `json:"seed"`
	Session    string   `json:"session"` // the account's name in the ledger
	Resumed    bool     `json:"resumed"`
	Strategies []string `json:"strategies"`

	From          string  `json:"from"` // virtual time
	To            string  `json:"to"`
	Days          float64 `json:"days"`
	EndedBy       string  `json:"ended_by"` // data, for, stop
	Events        uint64  `json:"events"`
	Effects       uint64  `json:"effects"`
	Fills         int     `json:"fills"`
	Held          string  `json:"held,omitempty"` // orders that the session leaves held, by type: "2 stops"
	OrdersRefused int     `json:"orders_refused"` // denied by the risk gate or rejected by the venue
	Funding       Money   `json:"funding"`
	Fees          Money   `json:"fees"`
	Insurance     Money   `json:"insurance"` // paid by insurance funds after liquidations
	Interest      Money   `json:"interest"`  // charged on borrowed coins; negative
	PnL           Money   `json:"pnl"`       // of the whole account, in this run
	// Of the four before PnL, what is no strategy's: of trades by hand, and of what the
	// account held before the session.
	OthersFunding   Money `json:"others_funding"`
	OthersFees      Money `json:"others_fees"`
	OthersInsurance Money `json:"others_insurance"`
	OthersInterest  Money `json:"others_interest"`
	// Currency is what the equity is in: USDT, except on markets without it.
	Currency string `json:"currency"`
	// Valued tells at what the assets beside the currency count in EndEq.
	Valued []Valued `json:"valued,omitempty"`
	// Unpriced are the coins that no market of the session prices: they are not in the
	// equity.
	Unpriced []string `json:"unpriced,omitempty"`
	// Whole is what the whole session booked, over all its runs, by asset: the totals of
	// the profit in the ledger. Nil in its first run, which is all of it.
	Whole    []Booked `json:"session_totals,omitempty"`
	StartEq  Money    `json:"equity_start"`
	EndEq    Money    `json:"equity_end"`
	Drawdown float64  `json:"max_drawdown"` // fraction
	// Metrics are the figures of the whole session, over all its runs, as a report of its
	// ledger has them; nil where none is kept, or one so long that only a report reads it.
	Metrics tearsheet.Metrics `json:"metrics,omitempty"`

	PairsOpened int     `json:"pairs_opened"`
	PairsClosed int     `json:"pairs_closed"`
	PairsLive   int     `json:"pairs_live"`
	MaxUnhedged Money   `json:"max_unhedged_notional"`
	MaxUnhedSec float64 `json:"max_unhedged_seconds"`

	Reloads        int   `json:"reloads"`
	ReloadsRefused int   `json:"reloads_refused"`
	Errors         int   `json:"strategy_errors"`
	Gaps           int   `json:"gaps"`
	Malformed      int64 `json:"malformed"`
	// Latency is how late market data came, by venue and stream, where it has times of the
	// venue's.
	Latency []FeedLatency `json:"feed_latency,omitempty"`
	// Feeds compares the two feeds of venues that have two.
	Feeds  []FeedComparison `json:"feeds,omitempty"`
	Halted string           `json:"halted,omitempty"`
	// Latched are the strategies that halted themselves and were not resumed, each with its reason.
	Latched []string `json:"halted_strategies,omitempty"`
	Paused  []string `json:"paused,omitempty"`

	EventsHash  string   `json:"events_hash"`
	EffectsHash string   `json:"effects_hash"`
	DB          string   `json:"db"`
	Journal     string   `json:"journal"`
	Report      string   `json:"report,omitempty"`
	WallSeconds float64  `json:"wall_seconds"`
	Assumptions []string `json:"assumptions"`

	// DataProblems says in sentences what was wrong with recorded data, with files
	// and lines or dates: holes, bad and sorted rows, marks far away, instruments
	// whose data end and what is left in them. Data has the counts; nil when the
	// data are not recorded.
	DataProblems []string      `json:"data_problems,omitempty"`
	Data         *record.Stats `json:"data,omitempty"`
	// Shadow is the script that ran on paper beside the one that it may replace; nil: none did.
	Shadow *ShadowStanding `json:"shadow,omitempty"`
	// Twin compares the orders with those of their paper twin; nil: there was none.
	Twin *TwinReport `json:"twin,omitempty"`
	// Sure is how sure the profit is; nil with real orders, and where nobody asked.
	Sure *Sureness `json:"sure,omitempty"`
	// Beyond is where orders on paper went beyond the data.
	Beyond []BeyondData `json:"beyond_data,omitempty"`
	// Warnings tell what the strategies count on and this market does not give.
	Warnings []string `json:"warnings,omitempty"`
}

// Valued is what one unit of an asset counted for at the end of a session.
type Valued struct {
	Asset string   `json:"asset"`
	Price Money    `json:"price"`
	Path  []string `json:"path"`        // keys of the markets that it is from, one after the other
	Age   float64  `json:"age_seconds"` // of the oldest price on the path; 0 without one
	// Par is the dollar at the end of the path that is taken for the currency, because no
	// market of the session leads from it there.
	Par string `json:"par,omitempty"`
}

// valued lists how the account's assets are valued.
func (r *runner) valued(now exchange.Time) (out []Valued) {
	for _, v := range r.core.Valued() {
		w := Valued{Asset: v.Asset, Price: Money{v.Price}, Path: v.Path, Par: v.Par}
		if len(v.Path) > 0 {
			w.Age = float64(now-v.At) / float64(exchange.Second)
		}
		out = append(out, w)
	}
	return out
}

// Booked is what a session made in one asset, as far as positions were closed.
type Booked struct {
	Asset     string `json:"asset"`
	Trading   Money  `json:"price"`
	Basis     Money  `json:"basis"`
	Funding   Money  `json:"funding"`
	Insurance Money  `json:"insurance"`
	Interest  Money  `json:"interest"`
	Fees      Money  `json:"fees"`
	Net       Money  `json:"net"`
}

// JSON renders the summary on one line.
func (s *Summary) JSON() ([]byte, error) { return json.Marshal(s) }
