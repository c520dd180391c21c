package cli

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/tearsheet"
)

// reportOut is a report as JSON shows it. What is not defined is null.
type reportOut struct {
	DB         string            `json:"db"`
	Session    string            `json:"session"` // "": all of the ledger
	Strategy   string            `json:"strategy,omitempty"`
	Currency   string            `json:"currency"`
	From       string            `json:"from"`
	To         string            `json:"to"`
	Metrics    tearsheet.Metrics `json:"metrics"`
	Failed     []string          `json:"failed,omitempty"` // of --fail-if
	ByStrategy []groupOut        `json:"by_strategy"`
	BySymbol   []groupOut        `json:"by_symbol"`
	BySide     []groupOut        `json:"by_side"`
	Months     []monthOut        `json:"months"`
	Drawdowns  []drawdownOut     `json:"drawdowns"`
	Slippage   []slippageOut     `json:"slippage"`
	Windows    []fundingOut      `json:"funding_windows"`
	Trips      []tripOut         `json:"trades"`
	Open       []tripOut         `json:"open"`
	Notes      []string          `json:"notes"`
}

type groupOut struct {
	Name         string      `json:"name"`
	Trades       int         `json:"trades"`
	WinRate      *float64    `json:"win_rate"`
	ProfitFactor *float64    `json:"profit_factor"`
	Expectancy   *host.Money `json:"expectancy"`
	AverageWin   *host.Money `json:"average_win"`
	AverageLoss  *host.Money `json:"average_loss"`
	Value        host.Money  `json:"value"`
	Gross        host.Money  `json:"gross"`
	Funding      host.Money  `json:"funding"`
	Fees         host.Money  `json:"fees"`
	Net          host.Money  `json:"net"`
	HeldHours    *float64    `json:"average_holding_hours"`
}

type monthOut struct {
	Month  string     `json:"month"` // 2026-01
	Net    host.Money `json:"net"`
	Return *float64   `json:"return"`
	Whole  bool       `json:"whole"`
}

type drawdownOut struct {
	Part     float64    `json:"part"`
	Amount   host.Money `json:"amount"`
	Peak     string     `json:"peak"`
	Trough   string     `json:"trough"`
	Regained *string    `json:"regained"`
	Days     float64    `json:"days"`
}

type slippageOut struct {
	Instrument string     `json:"instrument"` // "": all
	Orders     int        `json:"orders"`
	Value      host.Money `json:"value"`
	Cost       host.Money `json:"cost"`
	BP         *float64   `json:"bp"`
	Maker      float64    `json:"maker_share"`
}

type fundingOut struct {
	Settled string     `json:"settled"`
	Pairs   int        `json:"pairs"`
	Funding host.Money `json:"funding"`
	Basis   host.Money `json:"basis"`
	Fees    host.Money `json:"fees"`
}

type tripOut struct {
	Session  string     `json:"session"`
	Strategy string     `json:"strategy"`
	Pair     uint64     `json:"pair,omitempty"`
	Symbol   string     `json:"symbol"`
	Side     string     `json:"side"`
	Entered  string     `json:"entered"`
	Exited   *string    `json:"exited"`
	Qty      host.Money `json:"qty"`
	Entry    host.Money `json:"entry"`
	Exit     host.Money `json:"exit"`
	Value    host.Money `json:"value"`
	Gross    host.Money `json:"gross"`
	Funding  host.Money `json:"funding"`
	Fees     host.Money `json:"fees"`
	Net      host.Money `json:"net"`
	Return   *float64   `json:"return"`
	MAE      host.Money `json:"mae"`
	MFE      host.Money `json:"mfe"`
	Hours    *float64   `json:"holding_hours"`
	Why      string     `json:"exit_reason"`
	Tag      string     `json:"tag,omitempty"`
	Fills    int        `json:"fills"`
}

// defined is nil for what is not.
func defined[T any](v T, ok bool) *T {
	if !ok {
		return nil
	}
	return &v
}

func sheetJSON(db, session string, s *tearsheet.Sheet, m tearsheet.Metrics, failed []string) *reportOut {
	out := &reportOut{DB: db, Session: session, Strategy: s.Strategy, Currency: s.Currency, From: s.From.String(), To: s.To.String(), Metrics: m, Failed: failed,
		ByStrategy: groupsJSON(s.ByStrategy), BySymbol: groupsJSON(s.BySymbol), BySide: groupsJSON(s.BySide),
		Months: []monthOut{}, Drawdowns: []drawdownOut{}, Slippage: []slippageOut{}, Windows: []fundingOut{},
		Trips: tripsJSON(s.Trips), Open: tripsJSON(s.Open), Notes: append([]string{}, s.Notes...)}
	for _, x := range s.Months {
		out.Months = append(out.Months, monthOut{fmt.Sprintf("%04d-%02d", x.Year, x.Month), host.Money{Decimal: x.Net}, defined(x.Return, x.Known), x.Whole})
	}
	for _, d := range s.Drawdowns {
		out.Drawdowns = append(out.Drawdowns, drawdownOut{d.Fraction, host.Money{Decimal: d.Amount}, d.Peak.String(), d.Trough.String(),
			defined(d.Regained.String(), d.Regained != 0), days(d.Lasted(s.To))})
	}
	for _, x := range s.Slippage {
		out.Slippage = append(out.Slippage, slippageOut{x.Instrument, x.Orders, host.Money{Decimal: x.Value}, host.Money{Decimal: x.Cost}, defined(x.BP()), x.Maker})
	}
	for _, x := range s.Windows {
		out.Windows = append(out.Windows, fundingOut{x.Settled.String(), x.Pairs, host.Money{Decimal: x.Funding}, host.Money{Decimal: x.Basis}, host.Money{Decimal: x.Fees}})
	}
	return out
}

func groupsJSON(list []tearsheet.Group) []groupOut {
	out := []groupOut{}
	for i := range list {
		g := &list[i]
		held, ok := g.AverageHeld()
		x := groupOut{Name: g.Name, Trades: g.Trades, WinRate: defined(g.WinRate()), ProfitFactor: defined(g.ProfitFactor()), Value: host.Money{Decimal: g.Value},
			Gross: host.Money{Decimal: g.Gross}, Funding: host.Money{Decimal: g.Funding}, Fees: host.Money{Decimal: g.Fees}, Net: host.Money{Decimal: g.Net},
			HeldHours: defined(hours(held), ok)}
		v, ok := g.Expectancy()
		x.Expectancy = defined(host.Money{Decimal: v}, ok)
		v, ok = g.AverageWin()
		x.AverageWin = defined(host.Money{Decimal: v}, ok)
		v, ok = g.AverageLoss()
		x.AverageLoss = defined(host.Money{Decimal: v}, ok)
		out = append(out, x)
	}
	return out
}

func tripsJSON(list []tearsheet.Trip) []tripOut {
	out := []tripOut{}
	for i := range list {
		t := &list[i]
		out = append(out, tripOut{Session: t.Account, Strategy: t.Strategy, Pair: uint64(t.Pair), Symbol: t.Instrument, Side: t.Side,
			Entered: t.Entered.String(), Exited: defined(t.Exited.String(), t.Exited != 0), Qty: host.Money{Decimal: t.Qty},
			Entry: host.Money{Decimal: t.Entry}, Exit: host.Money{Decimal: t.Exit}, Value: host.Money{Decimal: t.Value}, Gross: host.Money{Decimal: t.Gross},
			Funding: host.Money{Decimal: t.Funding}, Fees: host.Money{Decimal: t.Fees}, Net: host.Money{Decimal: t.Net}, Return: defined(t.Return()),
			MAE: host.Money{Decimal: t.MAE}, MFE: host.Money{Decimal: t.MFE}, Hours: defined(hours(t.Held()), t.Exited != 0), Why: t.Why, Tag: t.Tag, Fills: t.Fills})
	}
	return out
}

func hours(t exchange.Time) float64 { return float64(t) / float64(exchange.Hour) }
func days(t exchange.Time) float64  { return float64(t) / float64(exchange.Day) }
