package cli

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/shopspring/decimal"
	"github.com/spf13/pflag"

	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/twin"
	"github.com/perilune/perilune/ledger"
)

// journalFlags are what a verb that runs a session's journal again takes.
type journalFlags struct {
	db, session, journal string
	json                 bool
}

func (j *journalFlags) define(f *pflag.FlagSet) {
	f.StringVar(&j.db, "db", "perilune-live.db", "ledger file, of whose session the last journal is taken")
	f.StringVar(&j.session, "session", "", "of another session of the ledger than the last")
	f.StringVar(&j.journal, "journal", "", "directory of a run's journal, in the place of --db")
	f.BoolVar(&j.json, "json", false, "print one JSON object on stdout")
}

// dir is where the journal lies.
func (j *journalFlags) dir() (string, error) {
	if j.journal != "" {
		return j.journal, nil
	}
	if _, err := os.Stat(j.db); err != nil {
		return "", fail(ExitLedger, "ledger %s: there is no such file: want --db FILE, or --journal DIR", j.db)
	}
	db, err := ledger.Open(ledger.Options{Path: j.db, ReadOnly: true})
	if err != nil {
		return "", err
	}
	defer db.Close()
	account := j.session
	if account == "" {
		list, err := db.Sessions()
		if err != nil {
			return "", err
		}
		if len(list) == 0 {
			return "", fail(ExitLedger, "ledger %s: it has no session", j.db)
		}
		account = list[len(list)-1].Account
	}
	runs, err := db.Runs(account)
	if err != nil {
		return "", err
	}
	if len(runs) == 0 || runs[len(runs)-1].Journal == "" {
		return "", fail(ExitLedger, "ledger %s: session %q has no journal, which holds the market that its orders met", j.db, account)
	}
	return runs[len(runs)-1].Journal, nil
}

func twinVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("twin", "[--db FILE | --journal DIR] [flags]", "perilune twin --db sim.db --orders")
	var j journalFlags
	var s sessionFlags
	j.define(f)
	orders := f.Bool("orders", false, "list order by order, too")
	f.Float64Var(&s.latency, "latency", 0, "fixed latency of the twin in ms, one way (default: log-normal, median 20)")
	f.StringVar(&s.queue, "queue", "", "how the twin's resting orders queue (default risk_averse)")
	f.StringVar(&s.config, "config", "", "TOML file whose [paper] section the twin has")
	if err := parseAlone(f, args); err != nil {
		return err
	}
	s.seed = 1
	o, err := s.options(f)
	if err != nil {
		return err
	}
	dir, err := j.dir()
	if err != nil {
		return err
	}
	list, err := host.TwinOf(ctx, dir, []host.PaperModels{o.Paper.Models()})
	if err != nil {
		return err
	}
	if j.json {
		return e.printJSON(list[0])
	}
	printTwin(e.out, list[0])
	if *orders {
		printTwinOrders(e.out, list[0])
	}
	return nil
}

func calibrateVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("calibrate", "[--db FILE | --journal DIR] [flags]", "perilune calibrate --db sim.db >> paper.toml")
	var j journalFlags
	j.define(f)
	if err := parseAlone(f, args); err != nil {
		return err
	}
	dir, err := j.dir()
	if err != nil {
		return err
	}
	c, err := host.Calibrate(ctx, dir)
	if err != nil {
		return err
	}
	if j.json {
		return e.printJSON(calibrationJSON(c))
	}
	for _, line := range c.Describe() {
		fmt.Fprintln(e.out, "# "+line)
	}
	fmt.Fprint(e.out, c.Section())
	return nil
}

// figureOr words a figure, and nothing where it is not defined.
func figureOr(format string, v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "–"
	}
	return fmt.Sprintf(format, v)
}

func printTwin(w io.Writer, r *host.TwinReport) {
	fmt.Fprintf(w, "%s to %s UTC: %d orders", second(r.From.String()), second(r.To.String()), r.Orders)
	if r.Left > 0 {
		fmt.Fprintf(w, ", %d of them under way and in no figure", r.Left)
	}
	fmt.Fprint(w, "\n\n")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\torders\tfilled\tmaker\tfirst fill\tfirst word\tfees\tonly here\t\n")
	for _, g := range []struct {
		name  string
		group *twin.Group
	}{{"taking", &r.Taking}, {"resting", &r.Resting}} {
		if g.group.Orders == 0 {
			continue
		}
		for _, s := range []struct {
			name string
			side *twin.Side
			only int
		}{{"real", &g.group.Real, g.group.OnlyReal}, {"paper", &g.group.Paper, g.group.OnlyPaper}} {
			fmt.Fprintf(t, "%s, %s\t%d\t%s\t%s\t%s\t%s\t%s\t%d\t\n", g.name, s.name, g.group.Orders, figureOr("%.1f %%", 100*s.side.Filled),
				figureOr("%.1f %%", 100*s.side.Maker), figureOr("%.3f s", s.side.FirstFill), figureOr("%.3f s", s.side.Answer), s.side.Fees.StringFixed(4), s.only)
		}
	}
	t.Flush()
	fmt.Fprintln(w)
	for _, g := range []struct {
		name  string
		group *twin.Group
	}{{"taking", &r.Taking}, {"resting", &r.Resting}} {
		if g.group.Orders == 0 {
			continue
		}
		fmt.Fprintf(w, "%s: filled fractions differ by %s on average, prices by %s bp; paper was better by %s bp", g.name,
			figureOr("%.3f", g.group.FillError), figureOr("%.3f", g.group.PriceMiss), figureOr("%+.3f", g.group.PriceError))
		if g.group.Refused > 0 {
			fmt.Fprintf(w, "; paper alone refused %d", g.group.Refused)
		}
		fmt.Fprintln(w)
	}
	for _, m := range r.Money {
		fmt.Fprintf(w, "profit after fees, at the last prices: real %s, paper %s %s: paper is off by %s\n", m.Real.StringFixed(4), m.Paper.StringFixed(4), m.Currency, m.Paper.Sub(m.Real).StringFixed(4))
	}
	for _, x := range r.Funding {
		fmt.Fprintf(w, "funding: real %s, paper %s %s\n", x.Real.StringFixed(8), x.Paper.StringFixed(8), x.Asset)
	}
}

func printTwinOrders(w io.Writer, r *host.TwinReport) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\nsent\torder\tinstrument\tside\ttype\tquantity\tfilled\ton paper\tprice\ton paper\toff, bp\tfirst fill\ton paper\t\n")
	for i := range r.Rows {
		x := &r.Rows[i]
		p, in := x.Pair, x.Instrument
		first := func(o *twin.Outcome) string {
			if o.First == 0 {
				return "–"
			}
			return fmt.Sprintf("%.3f s", float64(o.First-p.Sent)/1e9)
		}
		price := func(v decimal.Decimal) string {
			if v.IsZero() {
				return "–"
			}
			return v.String()
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", second(p.Sent.String()), p.Order.ClientID, in.Key(), p.Order.Side, orderWords(p), in.QtyDecimal(p.Order.Qty),
			in.QtyDecimal(p.Real.Filled), in.QtyDecimal(p.Paper.Filled), price(x.RealPrice), price(x.PaperPrice), figureOr("%+.3f", x.PriceError), first(&p.Real), first(&p.Paper))
	}
	t.Flush()
}

// orderWords is an order's type and time in force in a word.
func orderWords(p *twin.Pair) string {
	return strings.TrimSpace(fmt.Sprintf("%s %s", p.Order.Type, p.Order.TIF))
}

func calibrationJSON(c *host.Calibration) map[string]any {
	return map[string]any{"orders": c.Orders, "fitted_by": c.Fitted, "kept": c.Kept, "section": c.Section(),
		"before": c.Held[0], "after": c.Held[1]}
}
