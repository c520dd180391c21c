// Package report writes what a run did as one HTML file that explains itself.
//
// It assumes that its reader doubts it. So it says first whether money was
// real, it adds up profit from its parts and shows what they do not explain, it
// lists what was assumed, and it ends with the command that makes the same
// numbers again. The file loads nothing from anywhere, reads without
// JavaScript, prints, and is the same byte for byte for the same Data.
//
// Nothing here decides anything or reads a clock: the host hands over Data.
// Amounts are exact decimals; ratios such as volatility are floats.
package report

import (
	"bufio"
	"io"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/tearsheet"
)

// Mode says what the figures are worth. The zero value claims the least.
type Mode uint8

const (
	// Simulated is a backtest or a replay: recorded or synthetic markets, fills
	// by a model.
	Simulated Mode = iota
	// Paper is live markets with fills by a model.
	Paper
	// Live is fills of a real venue.
	Live
)

func (m Mode) String() string {
	switch m {
	case Paper:
		return "paper"
	case Live:
		return "live"
	}
	return "simulated"
}

// Data is everything a report shows. Sections without data are left out, except
// where their absence is itself news.
type Data struct {
	Title string
	Mode  Mode
	Asset string // that all amounts are in, such as USDT

	Totals Totals
	// Equity is the account's value over time, oldest first. The run's span,
	// its return and its risk are computed from it.
	Equity []Point
	// Funding is the funding received since the start, oldest first.
	Funding        []Point
	FundingSymbols []SymbolFunding
	Pairs          []Pair
	Fills          []Fill // oldest first
	// FillCount is how many fills there were, when Fills holds only the last of
	// them; otherwise it may be 0.
	FillCount int
	// FillsCommand shows the fills that the report leaves out.
	FillsCommand string
	Series       []Series
	Schedules    []Schedule
	Strategies   []Strategy

	Assumptions []string // one sentence each: fill model, fees, latency, spread
	Sources     []string // one sentence each: what data, from where, which span
	Sure        Sure
	// Sheet is what the record came to; nil: it is computed from Equity alone.
	Sheet *tearsheet.Sheet
	// Prices are of what was held, with its fills.
	Prices []PricePath
	// Latencies are how late market data came.
	Latencies []Latency
	Feeds     []string // one sentence for each venue with two feeds of its books: what they came to
	// Problems say what was wrong with the data: holes, bad rows, marks far away.
	Problems []string
	Again    Reproduction
}

// Totals are sums over the run in Data.Asset. A profit is positive.
type Totals struct {
	// Price is the profit of what was not hedged: the legs' profit without what
	// Basis counts.
	Price decimal.Decimal
	// Basis is the profit of the hedged part: the change of the difference
	// between perpetual and spot.
	Basis   decimal.Decimal
	Funding decimal.Decimal // received less paid
	// Insurance is what insurance funds paid after liquidations.
	Insurance decimal.Decimal
	Interest  decimal.Decimal // charged on borrowed coins; negative
	Fees      decimal.Decimal // paid; a rebate is negative

	PairsOpened, PairsClosed int
	MaxUnhedged              decimal.Decimal // largest value without a hedge at any moment
	MaxUnhedgedTime          exchange.Time   // longest time any value was without a hedge
	TradingDays              int             // UTC days with at least one fill
}

// Point is an amount at a time.
type Point = tearsheet.Point

// SymbolFunding is the funding of one perpetual over the run.
type SymbolFunding struct {
	Symbol      string
	Settlements int             // that found a position
	Amount      decimal.Decimal // received less paid
	// MeanNotional is the position's mean value at those settlements, in
	// Data.Asset.
	MeanNotional decimal.Decimal
}

// Pair is one pair trade and its result. Its parts have the meaning they have
// in Totals, and add up to its total.
type Pair struct {
	ID             exchange.PairID
	Name           string // such as BTCUSDT
	State          string
	Opened, Closed exchange.Time // Closed is 0 while it is open
	Notional       decimal.Decimal
	Price, Basis   decimal.Decimal
	Funding, Fees  decimal.Decimal
	Insurance      decimal.Decimal
	Interest       decimal.Decimal
}

// Total is the result of the pair after funding, interest and fees.
func (p *Pair) Total() decimal.Decimal {
	return p.Price.Add(p.Basis).Add(p.Funding).Add(p.Insurance).Add(p.Interest).Sub(p.Fees)
}

// Fill is one execution.
type Fill struct {
	Time       exchange.Time
	Instrument string // its key, such as usdm:BTCUSDT
	Side       exchange.Side
	Price, Qty decimal.Decimal
	Maker      bool
	Fee        decimal.Decimal // paid, in FeeAsset
	FeeAsset   string
	Pair       exchange.PairID // 0: none
	ClientID   string
	Reason     string // empty for an ordinary fill, or "liquidation", "adl"
}

// Latency is how long messages of a stream were under way, in milliseconds.
type Latency struct {
	Venue, Stream string
	Messages      uint64
	P50, P99, Max float64
	Clock         string // by which clocks
}

// Series is what a strategy charted under one name.
type Series struct {
	Strategy, Name string
	Samples        []Sample // oldest first
}

// Sample is a value of a signal at a time; NaN is a hole in the line.
type Sample = tearsheet.Sample

// Strategy is what ran.
type Strategy struct {
	Name, Path string
	Versions   []Version // oldest first
	Params     []Param
}

// Version is one state of a strategy's source.
type Version struct {
	Hash string
	From exchange.Time // when it began to run
	Note string        // such as "loaded", "saved", "rolled back"
}

// Param is a parameter of a strategy as it was at the end of the run.
type Param struct{ Name, Value, Default, Doc string }

// Reproduction is how to get the same numbers again.
type Reproduction struct {
	Command     string
	Seed        string
	EventsHash  string // of the input, event for event
	EffectsHash string // of everything the core decided
}

// Write renders d as one HTML file. The error is w's: d can be anything.
func Write(w io.Writer, d Data) error {
	buf := bufio.NewWriter(w)
	if err := page.Execute(buf, newView(&d)); err != nil {
		return err
	}
	return buf.Flush()
}
