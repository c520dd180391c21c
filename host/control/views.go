package control

import (
	"encoding/json"
	"time"

	"github.com/shopspring/decimal"
)

// Identity is which session this is.
type Identity struct {
	Session  string    `json:"session"`  // the account's name in the ledger
	Mode     string    `json:"mode"`     // "live", "paper", "simulated", "ended"
	Market   string    `json:"market"`   // "built-in", "live", a recording's folder, ...
	Venues   []string  `json:"venues"`   // houses
	Currency string    `json:"currency"` // of equity
	Ledger   string    `json:"ledger"`   // path of the file
	Journal  string    `json:"journal,omitempty"`
	Version  string    `json:"version"` // of the program
	PID      int       `json:"pid,omitempty"`
	Started  time.Time `json:"started"` // wall time
	// Live: it can be told; false for a ledger alone.
	Live bool `json:"live"`
}

// Status is how a session stands, in one look.
type Status struct {
	Identity   Identity         `json:"identity"`
	Time       time.Time        `json:"time"` // the session's
	Events     uint64           `json:"events"`
	State      string           `json:"state"` // "running", "halted", "ended"
	Halted     string           `json:"halted,omitempty"`
	Held       []string         `json:"held"`             // what nothing new may trade in, and why
	Shadow     string           `json:"shadow,omitempty"` // how the script in the shadow stands, on paper
	Twin       string           `json:"twin,omitempty"`   // what paper makes of the orders
	Late       []string         `json:"late"`             // market data that comes too late
	Equity     *decimal.Decimal `json:"equity,omitempty"`
	Unvalued   string           `json:"unvalued,omitempty"` // why there is no equity
	Start      *decimal.Decimal `json:"equity_start,omitempty"`
	PnL        *decimal.Decimal `json:"pnl,omitempty"`   // of this run
	Today      *decimal.Decimal `json:"today,omitempty"` // since 00:00 UTC
	Drawdown   float64          `json:"drawdown"`        // fraction, now from the peak of this run
	MaxDraw    float64          `json:"max_drawdown"`
	Funding    decimal.Decimal  `json:"funding"`
	Fees       decimal.Decimal  `json:"fees"`
	Interest   decimal.Decimal  `json:"interest"`
	Fills      int              `json:"fills"`
	Orders     int              `json:"orders"`
	Pairs      int              `json:"pairs"`
	Unhedged   decimal.Decimal  `json:"unhedged"` // notional that legs of pairs differ by
	Errors     int              `json:"errors"`
	Strategies []Strategy       `json:"strategies"`
	Feeds      []Feed           `json:"feeds"`
	Loop       Loop             `json:"loop"`
}

// Loop is how the loop keeps up.
type Loop struct {
	BeatAge float64 `json:"beat_age_ms"` // since it last showed that it goes on
	Lag     float64 `json:"lag_ms"`      // the longest that an event waited since the beat before
	Inbox   int     `json:"inbox"`       // events that wait
	Dropped uint64  `json:"dropped"`     // market events, because it was behind
	Ledger  int     `json:"ledger_rows"` // rows that wait for the ledger
	Failing string  `json:"ledger_failing,omitempty"`
}

// Feed is a stream of market data.
type Feed struct {
	Venue  string  `json:"venue"`
	Stream string  `json:"stream"`
	P50    float64 `json:"p50_ms"`
	P99    float64 `json:"p99_ms"`
}

// Strategy is how one strategy is.
type Strategy struct {
	Name       string           `json:"name"`
	Path       string           `json:"path,omitempty"` // "" of one in Go
	Version    int              `json:"version"`
	Hash       string           `json:"hash,omitempty"`
	Loaded     *time.Time       `json:"loaded,omitempty"`  // when the version was
	Refused    string           `json:"refused,omitempty"` // why the last save was; the version before runs
	State      string           `json:"state"`             // "running", "paused", "halted", "asleep", "ended"
	Why        string           `json:"why,omitempty"`     // it is paused, halted or asleep
	Errors     int              `json:"errors"`            // of callbacks, of this run
	LastError  string           `json:"last_error,omitempty"`
	HandlerP50 float64          `json:"handler_p50_us"`
	HandlerP99 float64          `json:"handler_p99_us"`
	Params     []Param          `json:"params"`
	Positions  []Position       `json:"positions"`
	Pairs      int              `json:"pairs"`
	Orders     int              `json:"orders"`
	PnL        *decimal.Decimal `json:"pnl,omitempty"` // booked, quote, as perilune pnl has it
}

// Param is a parameter of a strategy.
type Param struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"`  // "number", "integer", "string", "boolean", "decimal", ...
	Value   string   `json:"value"` // as it is set by hand
	Default string   `json:"default"`
	Min     string   `json:"min,omitempty"`
	Max     string   `json:"max,omitempty"`
	Choices []string `json:"choices,omitempty"`
	Doc     string   `json:"doc,omitempty"`
}

// Account is a wallet at a venue.
type Account struct {
	Venue    string    `json:"venue"`
	Wallet   string    `json:"wallet"`
	Balances []Balance `json:"balances"`
	// Margin is left out where the wallet backs nothing.
	Margin *Margin `json:"margin,omitempty"`
}

// Balance is what a wallet holds of an asset.
type Balance struct {
	Asset    string           `json:"asset"`
	Total    decimal.Decimal  `json:"total"`
	Free     *decimal.Decimal `json:"free,omitempty"`
	Borrowed *decimal.Decimal `json:"borrowed,omitempty"`
	Value    *decimal.Decimal `json:"value,omitempty"` // in the account's currency
}

// Margin is how far a wallet is from liquidation.
type Margin struct {
	Equity      decimal.Decimal `json:"equity"`
	Maintenance decimal.Decimal `json:"maintenance"`
	Ratio       float64         `json:"ratio"` // maintenance / equity; liquidation at 1
}

// Position is a position in an instrument, of the account or of a strategy.
type Position struct {
	Instrument  string           `json:"instrument"` // its key
	Strategy    string           `json:"strategy,omitempty"`
	Qty         decimal.Decimal  `json:"qty"` // coins or contracts; below 0 is short
	Entry       decimal.Decimal  `json:"entry"`
	Mark        *decimal.Decimal `json:"mark,omitempty"`
	Notional    *decimal.Decimal `json:"notional,omitempty"` // at mark, quote
	Unrealised  *decimal.Decimal `json:"unrealised,omitempty"`
	Realised    decimal.Decimal  `json:"realised"`
	Liquidation *decimal.Decimal `json:"liquidation,omitempty"` // price, as far as it is known
}

// Order is a working order, or one that the host holds: a stop, a leg of a bracket, an iceberg.
type Order struct {
	ID         uint64          `json:"id"`
	ClientID   string          `json:"client_id,omitempty"`
	Strategy   string          `json:"strategy"`
	Instrument string          `json:"instrument"`
	Side       string          `json:"side"`
	Type       string          `json:"type"`
	TIF        string          `json:"tif"`
	Price      decimal.Decimal `json:"price"` // 0: at the market
	Qty        decimal.Decimal `json:"qty"`
	Filled     decimal.Decimal `json:"filled"`
	Status     string          `json:"status"`
	ReduceOnly bool            `json:"reduce_only,omitempty"`
	PostOnly   bool            `json:"post_only,omitempty"`
	Pair       uint64          `json:"pair,omitempty"`
	Schedule   uint64          `json:"schedule,omitempty"`
	Created    time.Time       `json:"created"`
	// Ahead is the quantity before it at its price, as far as it is known or modelled.
	Ahead  *decimal.Decimal `json:"ahead,omitempty"`
	Reason string           `json:"reason,omitempty"`

	Held    bool             `json:"held_by_host,omitempty"`   // nothing watches it while no session runs
	Trigger *decimal.Decimal `json:"trigger,omitempty"`        // price that lets it go now
	Source  string           `json:"trigger_source,omitempty"` // last, mark, mid
	When    string           `json:"when,omitempty"`           // in words: "when the mark falls to 61000"
	Role    string           `json:"role,omitempty"`           // entry or leg
	Group   uint64           `json:"group,omitempty"`          // number of the first order of its bracket or OCO
	Child   uint64           `json:"child,omitempty"`          // order that it has at the venue
	Parent  uint64           `json:"parent,omitempty"`         // order that the host held, and that sent it
	Expires *time.Time       `json:"expires,omitempty"`
}

// Pair is a trade of two legs.
type Pair struct {
	ID            uint64          `json:"id"`
	Strategy      string          `json:"strategy"`
	State         string          `json:"state"`
	Why           string          `json:"why,omitempty"` // what it waits for, or why it closes
	Tag           string          `json:"tag,omitempty"`
	Notional      decimal.Decimal `json:"notional"`
	Legs          []Leg           `json:"legs"`
	Unhedged      decimal.Decimal `json:"unhedged"`    // notional now
	UnhedgedMS    float64         `json:"unhedged_ms"` // for how long; 0: it is hedged
	MaxUnhedged   decimal.Decimal `json:"max_unhedged"`
	MaxUnhedgedMS float64         `json:"max_unhedged_ms"`
	OpenBasis     float64         `json:"basis_entry"` // fraction
	Basis         *float64        `json:"basis_now,omitempty"`
	Funding       decimal.Decimal `json:"funding"` // received, settlement asset
	Fees          decimal.Decimal `json:"fees"`
	Interest      decimal.Decimal `json:"interest"`
	Realised      decimal.Decimal `json:"realised"`
	Settlements   int             `json:"settlements"`
	Next          *time.Time      `json:"next_settlement,omitempty"`
	Rate          *float64        `json:"next_rate,omitempty"` // fraction per interval that the pair receives
	Opened        time.Time       `json:"opened"`
	Closed        *time.Time      `json:"closed,omitempty"`
}

// Leg is one side of a pair.
type Leg struct {
	Instrument string          `json:"instrument"`
	Side       string          `json:"side"` // "long", "short"
	Qty        decimal.Decimal `json:"qty"`
	Cost       decimal.Decimal `json:"cost"`
}

// Book is an order book, as deep as was asked for.
type Book struct {
	Instrument string           `json:"instrument"`
	State      string           `json:"state"` // "ready", or why it is not
	Time       time.Time        `json:"time"`
	AgeMS      float64          `json:"age_ms"`
	Integrity  string           `json:"integrity,omitempty"` // "verified", "forward-only", "unverifiable"
	Bids       [][2]string      `json:"bids"`                // price, quantity; best first
	Asks       [][2]string      `json:"asks"`
	Mark       *decimal.Decimal `json:"mark,omitempty"`
	Last       *decimal.Decimal `json:"last,omitempty"`
}

// Rate is what a perpetual pays.
type Rate struct {
	Instrument string     `json:"instrument"`
	Rate       float64    `json:"rate"` // fraction per interval; above 0 longs pay
	IntervalH  float64    `json:"interval_hours"`
	Annual     float64    `json:"annual"`
	Next       *time.Time `json:"next,omitempty"`
	Basis      *float64   `json:"basis,omitempty"`
}

// Limit is a limit of the risk gate and how much of it is used.
type Limit struct {
	Name  string `json:"name"` // as in [risk]
	Value string `json:"value"`
	Used  string `json:"used,omitempty"`
	Doc   string `json:"doc"`
}

// Fill is an execution.
type Fill struct {
	Seq        uint64          `json:"seq"` // the event of the journal
	Time       time.Time       `json:"time"`
	Strategy   string          `json:"strategy"`
	Instrument string          `json:"instrument"`
	Side       string          `json:"side"`
	Price      decimal.Decimal `json:"price"`
	Qty        decimal.Decimal `json:"qty"`
	Fee        decimal.Decimal `json:"fee"`
	FeeAsset   string          `json:"fee_asset"`
	Maker      bool            `json:"maker"`
	Order      uint64          `json:"order"`
	Pair       uint64          `json:"pair,omitempty"`
	Schedule   uint64          `json:"schedule,omitempty"`
	TradeID    string          `json:"trade_id"`
}

// Funding is a payment of funding.
type Funding struct {
	Seq        uint64          `json:"seq"`
	Time       time.Time       `json:"time"`
	Strategy   string          `json:"strategy"`
	Instrument string          `json:"instrument"`
	Rate       float64         `json:"rate"`
	Amount     decimal.Decimal `json:"amount"` // above 0: received
	Asset      string          `json:"asset"`
	Pair       uint64          `json:"pair,omitempty"`
}

// Point is a value at a time.
type Point struct {
	T int64   `json:"t"` // ms since 1970
	V float64 `json:"v"` // to look at, not to reckon with
}

// Series is one line to draw: a price, or what a strategy plots.
type Series struct {
	Name       string  `json:"name"` // "price", or the name in chart.plot
	Strategy   string  `json:"strategy,omitempty"`
	Instrument string  `json:"instrument,omitempty"`
	Points     []Point `json:"points"`
}

// LogLine is a line of the log.
type LogLine struct {
	Seq      uint64    `json:"seq,omitempty"`
	Time     time.Time `json:"time"`
	Level    string    `json:"level"`
	Strategy string    `json:"strategy"`
	Where    string    `json:"where,omitempty"` // file:line
	Text     string    `json:"text"`
}

// Version is a version of a script.
type Version struct {
	Strategy string    `json:"strategy"`
	Number   int       `json:"version"`
	Time     time.Time `json:"time"`
	Hash     string    `json:"hash"`
	Path     string    `json:"path"`
	Loaded   bool      `json:"loaded"`
	Problem  string    `json:"problem,omitempty"`
	Running  bool      `json:"running"`
	Rollback bool      `json:"rollback,omitempty"` // it is a version of before again
	Undone   string    `json:"undone,omitempty"`   // why it was rolled back
	By       string    `json:"by,omitempty"`       // "save", "socket uid 1000", "probation"
	Why      string    `json:"why,omitempty"`      // in the words of who asked for it
	TookMS   float64   `json:"took_ms,omitempty"`  // that reading, compiling and trying it took
	Diff     string    `json:"diff,omitempty"`     // unified, from the loaded version before
	Source   string    `json:"source,omitempty"`   // when it was asked for
}

// Command is something that the session was told.
type Command struct {
	Seq     uint64    `json:"seq"`
	Time    time.Time `json:"time"`
	By      string    `json:"by"`
	Op      string    `json:"op"`
	Args    string    `json:"args,omitempty"` // JSON
	Outcome string    `json:"outcome"`        // "done", or why not
}

// Trace is how something came about: the event, the handler, the order, the
// acknowledgement, the fill, with what passed between them.
type Trace struct {
	Subject string `json:"subject"` // "order 12"
	Steps   []Step `json:"steps"`
}

// Step is one thing of a Trace.
type Step struct {
	Seq     uint64    `json:"seq,omitempty"`
	Time    time.Time `json:"time"`
	Kind    string    `json:"kind"` // "event", "handler", "gate", "intent", "order", "ack", "fill", "pair", ...
	Text    string    `json:"text"`
	AfterUS float64   `json:"after_us"` // since the step before; 0 of the first
}

// Event is something that happened, as followers are told it.
type Event struct {
	Kind string          `json:"kind"` // "fill", "order", "equity", "halt", "liquidation", "reload", "pair", "funding", "plot", "log", "command", "dropped"
	Seq  uint64          `json:"seq,omitempty"`
	Time time.Time       `json:"time"`
	Data json.RawMessage `json:"data"` // the view of its kind: Fill, Order, Point, LogLine, ...
}

// Evaluated is what an expression came to.
type Evaluated struct {
	Values []string `json:"values"` // as people read them
	Output string   `json:"output,omitempty"`
}
