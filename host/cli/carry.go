package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/ledger"
)

// carryOut is the account of a pair as JSON shows it. Money without an asset beside
// it is in quote.
type carryOut struct {
	Session  string      `json:"session"`
	Strategy string      `json:"strategy"`
	Pair     uint64      `json:"pair"`
	Spot     string      `json:"spot"`
	Perp     string      `json:"perp"`
	Long     string      `json:"long"` // as spot, which a leg that is held need not be
	Short    string      `json:"short"`
	State    string      `json:"state"`
	Reason   string      `json:"reason,omitempty"`
	Opened   string      `json:"opened"`
	Closed   string      `json:"closed,omitempty"`
	Basis    host.Money  `json:"basis"`
	Open     host.Money  `json:"unrealised"`
	At       host.Money  `json:"at_price"`
	Funding  host.Money  `json:"funding"`
	Insured  host.Money  `json:"insurance"`
	Interest host.Money  `json:"interest"`
	Fees     host.Money  `json:"fees"`
	Net      host.Money  `json:"net"`
	Received []amountOut `json:"funding_by_asset"`
	Fund     []amountOut `json:"insurance_by_asset"`
	Charged  []amountOut `json:"interest_by_asset"`
	Paid     []amountOut `json:"fees_by_asset"`
	Windows  []windowOut `json:"windows"`
}

type amountOut struct {
	Asset  string     `json:"asset"`
	Amount host.Money `json:"amount"`
}

type windowOut struct {
	From     string     `json:"from"`
	Settled  string     `json:"settled,omitempty"`
	Rate     host.Money `json:"rate"`
	Mark     host.Money `json:"mark"`
	Position host.Money `json:"position"`
	Funding  host.Money `json:"funding"`
	Asset    string     `json:"asset"`
	Value    host.Money `json:"value"`
	Basis    host.Money `json:"basis"`
	Fees     host.Money `json:"fees"`
	Fills    int        `json:"fills"`
}

// carries prints the accounts of pairs; that of a single one with its windows.
func (e *env) carries(db *ledger.DB, f ledger.Filter, l *ledgerFlags) error {
	list, err := db.Carries(f)
	if err != nil {
		return err
	}
	if f.Pair != 0 && len(list) == 0 {
		return fail(ExitUsage, "--pair %d: there is no such pair in %s", f.Pair, l.db)
	}
	if l.json {
		out := []carryOut{}
		for i := range list {
			out = append(out, carryShown(&list[i]))
		}
		return e.printJSON(map[string]any{"db": l.db, "session": f.Account, "pairs": out})
	}
	t := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "pair\tlong\tshort\tstate\topened\tclosed\tbasis\tunrealised\tfunding\tinsurance\tinterest\tfees\tnet\tfunding in\tinterest in\tfees in\t")
	for i := range list {
		c := &list[i]
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", c.ID, c.Spot, c.Perp, c.State, minute(c.Opened), minute(c.Closed), fixed4(c.Basis),
			fixed4(c.Open), fixed4(c.FundingValue), fixed4(c.InsuranceValue), fixed4(c.InterestValue), fixed4(c.FeesValue.Neg()), fixed4(c.Net()), amounts(c.FundingIn), amounts(c.InterestIn), amounts(c.FeesIn))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for i := range list {
		if c := &list[i]; c.Reason != "" {
			fmt.Fprintf(e.out, "pair %d is %s: %s\n", c.ID, c.State, c.Reason)
		}
	}
	if f.Pair != 0 {
		if err := e.windows(&list[0]); err != nil {
			return err
		}
	}
	fmt.Fprintln(e.err, "in quote: coins at the price of their moment; unrealised with each leg at the last price that the ledger knows of it, or as far from the other one as it was entered; fees in a third asset are not in net")
	return nil
}

func (e *env) windows(c *ledger.Carry) error {
	fmt.Fprintln(e.out)
	t := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "from\tto\trate, bp\tposition\tmark\tfunding\t\tin quote\tbasis\tfees\tfills\t")
	for _, w := range c.Windows {
		funding := ""
		if w.Settled != 0 {
			funding = w.Funding.StringFixed(8)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t\n", minute(w.From), minute(w.Settled), w.Rate.Shift(4).String(), w.Position, w.Mark,
			funding, w.Asset, fixed4(w.Value), fixed4(w.Basis), fixed4(w.Fees.Neg()), w.Fills)
	}
	return t.Flush()
}

func carryShown(c *ledger.Carry) carryOut {
	money := func(d decimal.Decimal) host.Money { return host.Money{Decimal: d} }
	out := carryOut{Session: c.Account, Strategy: c.Strategy, Pair: uint64(c.ID), Spot: c.Spot, Perp: c.Perp, Long: c.Spot, Short: c.Perp, State: c.State, Reason: c.Reason,
		Opened: c.Opened.String(), Basis: money(c.Basis), Open: money(c.Open), At: money(c.At), Funding: money(c.FundingValue),
		Insured: money(c.InsuranceValue), Fund: amountsShown(c.InsuranceIn), Interest: money(c.InterestValue), Charged: amountsShown(c.InterestIn), Fees: money(c.FeesValue), Net: money(c.Net()), Received: amountsShown(c.FundingIn), Paid: amountsShown(c.FeesIn), Windows: []windowOut{}}
	if c.Closed != 0 {
		out.Closed = c.Closed.String()
	}
	for _, w := range c.Windows {
		x := windowOut{From: w.From.String(), Rate: money(w.Rate), Mark: money(w.Mark), Position: money(w.Position), Funding: money(w.Funding),
			Asset: w.Asset, Value: money(w.Value), Basis: money(w.Basis), Fees: money(w.Fees), Fills: w.Fills}
		if w.Settled != 0 {
			x.Settled = w.Settled.String()
		}
		out.Windows = append(out.Windows, x)
	}
	return out
}

func amountsShown(list []ledger.Amount) []amountOut {
	out := []amountOut{}
	for _, a := range list {
		out = append(out, amountOut{a.Asset, host.Money{Decimal: a.Sum}})
	}
	return out
}

func amounts(list []ledger.Amount) string {
	var parts []string
	for _, a := range list {
		parts = append(parts, a.Sum.Round(8).String()+" "+a.Asset)
	}
	return strings.Join(parts, ", ")
}

// minute is a time for a table; "-" when there is none.
func minute(t exchange.Time) string {
	if t == 0 {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

func fixed4(d decimal.Decimal) string { return d.StringFixed(4) }
