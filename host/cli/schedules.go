package cli

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/ledger"
)

// scheduleOut is a parent order as JSON shows it. What is not known is left out.
type scheduleOut struct {
	Session       string     `json:"session"`
	ID            uint64     `json:"id"`
	Strategy      string     `json:"strategy"`
	Algo          string     `json:"algo"`
	Side          string     `json:"side"`
	Symbol        string     `json:"symbol"`
	State         string     `json:"state"`
	Reason        string     `json:"reason,omitempty"`
	Tag           string     `json:"tag,omitempty"`
	Curve         string     `json:"curve"`
	Starts        string     `json:"starts"`
	Ends          string     `json:"ends"`
	Total         host.Money `json:"total"`
	Filled        host.Money `json:"filled"`
	Late          host.Money `json:"late"`
	Completion    float64    `json:"completion"`
	Price         float64    `json:"price,omitempty"`
	Arrival       float64    `json:"arrival,omitempty"`
	MarketVWAP    float64    `json:"market_vwap,omitempty"`
	SlipVWAP      *float64   `json:"slippage_vwap_bp,omitempty"`
	SlipArrival   *float64   `json:"slippage_arrival_bp,omitempty"`
	AtOnce        *onceOut   `json:"at_once,omitempty"`
	Participation *float64   `json:"participation,omitempty"`
	MakerShare    *float64   `json:"maker_share,omitempty"`
	Fees          host.Money `json:"fees"`
	Orders        int        `json:"orders"`
	Refused       int        `json:"refused"`
}

// onceOut is what one market order for the whole would have done to the book at the
// start, measured as the order's own slippage against arrival is.
type onceOut struct {
	Filled      host.Money  `json:"filled"`
	Short       *host.Money `json:"short,omitempty"` // what the book did not hold
	Cost        host.Money  `json:"cost"`
	Price       float64     `json:"price"`
	SlipArrival float64     `json:"slippage_arrival_bp"`
}

func shownOnce(x *ledger.Schedule) *onceOut {
	bp := x.SlippageAtOnce()
	if bp == nil {
		return nil
	}
	out := &onceOut{Filled: host.Money{Decimal: x.OnceQty}, Cost: host.Money{Decimal: x.OnceCost}, Price: x.OncePrice, SlipArrival: *bp}
	if held, less := x.HeldOnly(); less {
		out.Short = &host.Money{Decimal: x.Total.Sub(held)}
	}
	return out
}

// String is the figure and, where the book did not hold the whole, what it held.
func (o *onceOut) String() string {
	if o == nil {
		return "-"
	}
	text := fmt.Sprintf("%+.2f bp", o.SlipArrival)
	if o.Short != nil {
		text += fmt.Sprintf(" (book held only %s)", o.Filled)
	}
	return text
}

func schedulesVerb(_ context.Context, e *env, args []string) error {
	f := e.flags("schedules", "[flags]", "perilune schedules --db perilune-paper.db")
	var l ledgerFlags
	l.define(f)
	if err := parseAlone(f, args); err != nil {
		return err
	}
	db, filter, err := l.open(e)
	if err != nil {
		return err
	}
	defer db.Close()
	list, err := db.Schedules(filter)
	if err != nil {
		return err
	}
	out := make([]scheduleOut, 0, len(list))
	for i := range list {
		out = append(out, shownSchedule(&list[i]))
	}
	if l.json {
		return e.printJSON(map[string]any{"db": l.db, "session": filter.Account, "schedules": out})
	}
	return e.scheduleTable(out)
}

func shownSchedule(x *ledger.Schedule) scheduleOut {
	out := scheduleOut{
		Session: x.Account, ID: uint64(x.ID), Strategy: x.Strategy, Algo: x.Algo, Side: x.Side.String(),
		Symbol: string(x.Venue) + ":" + x.Symbol, State: x.State, Reason: x.Reason, Tag: x.Tag, Curve: x.Curve,
		Starts: x.Starts.String(), Ends: x.Ends.String(), Total: host.Money{Decimal: x.Total}, Filled: host.Money{Decimal: x.Filled},
		Late: host.Money{Decimal: x.Late}, Price: x.Price, Arrival: x.Arrival, MarketVWAP: x.MarketVWAP,
		SlipVWAP: x.Slippage(x.MarketVWAP), SlipArrival: x.Slippage(x.Arrival), AtOnce: shownOnce(x),
		Participation: part(x.Filled.InexactFloat64(), x.MarketQty), MakerShare: part(x.Maker.InexactFloat64(), x.Filled.InexactFloat64()),
		Fees: host.Money{Decimal: x.Fees}, Orders: x.Orders, Refused: x.Refused,
	}
	if x.Total.IsPositive() {
		out.Completion = x.Filled.DivRound(x.Total, 6).InexactFloat64()
	}
	return out
}

func part(of, whole float64) *float64 {
	if whole <= 0 {
		return nil
	}
	v := of / whole
	return &v
}

func (e *env) scheduleTable(list []scheduleOut) error {
	t := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "id\tstrategy\torder\tstate\tdone\tprice\tvwap\tvs vwap\tvs arrival\tat once\tpart\tmaker\tfees\tcurve\treason")
	for _, x := range list {
		fmt.Fprintf(t, "%d\t%s\t%s %s %s %s\t%s\t%.1f %%\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", x.ID, x.Strategy, x.Algo, x.Side, x.Total, x.Symbol,
			x.State, 100*x.Completion, price(x.Price), price(x.MarketVWAP), scaled(x.SlipVWAP, 1, "%+.2f bp"), scaled(x.SlipArrival, 1, "%+.2f bp"), x.AtOnce,
			scaled(x.Participation, 100, "%.2f %%"), scaled(x.MakerShare, 100, "%.0f %%"), x.Fees.Decimal.Round(decimalsOfFees).String(), x.Curve, x.Reason)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(e.err, "%d schedules; slippage is positive when the fills were worse; at once is that of one market order for the whole at the start, against arrival\n", len(list))
	return nil
}

const decimalsOfFees = 4

func price(v float64) string {
	if v == 0 {
		return "-"
	}
	return decimal.NewFromFloat(v).Round(8).String()
}

func scaled(v *float64, by float64, format string) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf(format, *v*by)
}
