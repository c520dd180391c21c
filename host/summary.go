package host

import (
	"encoding/json"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Money is a decimal that JSON shows as a plain number, exactly.
type Money struct{ decimal.Decimal }

// MarshalJSON writes the digits as they are.
func (m Money) MarshalJSON() ([]byte, error) { return []byte(m.Decimal.String()), nil }

// UnmarshalJSON reads a number, or one in quotes, without loss.
func (m *Money) UnmarshalJSON(raw []byte) error { return m.Decimal.UnmarshalJSON(raw) }

// Summary is what a session came to. Money is in USDT unless a name says
// otherwise.
type Summary struct {
	Mode       string   `json:"mode"`
	Simulated  bool     `json:"simulated"` // the market is not real
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
	OrdersRefused int     `json:"orders_refused"` // denied by the risk gate or rejected by the venue
	Funding       Money   `json:"funding"`
	Fees          Money   `json:"fees"`
	PnL           Money   `json:"pnl"`
	StartEq       Money   `json:"equity_start"`
	EndEq         Money   `json:"equity_end"`
	Drawdown      float64 `json:"max_drawdown"` // fraction

	PairsOpened int     `json:"pairs_opened"`
	PairsClosed int     `json:"pairs_closed"`
	PairsLive   int     `json:"pairs_live"`
	MaxUnhedged Money   `json:"max_unhedged_notional"`
	MaxUnhedSec float64 `json:"max_unhedged_seconds"`

	Reloads        int      `json:"reloads"`
	ReloadsRefused int      `json:"reloads_refused"`
	Errors         int      `json:"strategy_errors"`
	Gaps           int      `json:"gaps"`
	Malformed      int64    `json:"malformed"`
	Halted         string   `json:"halted,omitempty"`
	Paused         []string `json:"paused,omitempty"`

	EventsHash  string   `json:"events_hash"`
	EffectsHash string   `json:"effects_hash"`
	DB          string   `json:"db"`
	Journal     string   `json:"journal"`
	Report      string   `json:"report,omitempty"`
	WallSeconds float64  `json:"wall_seconds"`
	Assumptions []string `json:"assumptions"`
}

// equityTrack keeps what the summary and the report need of the equity curve.
type equityTrack struct {
	points   []equityPoint
	peak     decimal.Decimal
	drawdown float64
}

type equityPoint struct {
	at    exchange.Time
	value decimal.Decimal
}

// keepEquity bounds the curve: beyond it every second point is dropped.
const keepEquity = 20000

func (t *equityTrack) add(at exchange.Time, v decimal.Decimal) {
	if len(t.points) >= keepEquity {
		half := t.points[:0]
		for i := 0; i < len(t.points); i += 2 {
			half = append(half, t.points[i])
		}
		t.points = half
	}
	t.points = append(t.points, equityPoint{at, v})
	if v.GreaterThan(t.peak) {
		t.peak = v
	}
	if t.peak.IsPositive() {
		down := 1 - v.InexactFloat64()/t.peak.InexactFloat64()
		t.drawdown = max(t.drawdown, down)
	}
}

// JSON renders the summary on one line.
func (s *Summary) JSON() ([]byte, error) { return json.Marshal(s) }
