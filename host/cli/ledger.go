package cli

import (
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/pflag"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/ledger"
)

// ledgerFlags are what every verb that reads a ledger takes.
type ledgerFlags struct {
	db, account, strategy, symbol, from, to string
	last                                    int
	all, json, csv                          bool
}

func (l *ledgerFlags) define(f *pflag.FlagSet) {
	l.ofSessions(f)
	f.StringVar(&l.symbol, "symbol", "", "only this symbol, e.g. BTCUSDT, or spot:BTCUSDT in one market, or a pattern: usdm:*")
	f.BoolVar(&l.json, "json", false, "print one JSON object on stdout")
}

// ofSessions are the flags of what is told of sessions as a whole.
func (l *ledgerFlags) ofSessions(f *pflag.FlagSet) {
	f.StringVar(&l.db, "db", "perilune-paper.db", "ledger file")
	f.StringVar(&l.account, "session", "", "only this session, e.g. paper-1 (default: the latest)")
	f.BoolVar(&l.all, "all", false, "all sessions")
	f.StringVar(&l.strategy, "strategy", "", "only this strategy")
	f.StringVar(&l.from, "from", "", "from this day on, UTC")
	f.StringVar(&l.to, "to", "", "before this day, UTC")
}

// open opens the ledger for reading and builds the filter. What is asked for and is not in
// the ledger at all is told: no rows would look as if it had done nothing.
func (l *ledgerFlags) open(e *env) (*ledger.DB, ledger.Filter, error) {
	f := ledger.Filter{Account: l.account, Strategy: l.strategy, House: host.Venues()[0].House(), Symbol: l.symbol, Last: l.last}
	if l.all && l.account != "" {
		return nil, f, fail(ExitUsage, "--all and --session: want one of them")
	}
	var err error
	if f.From, f.To, err = parseDays(l.from, l.to); err != nil {
		return nil, f, err
	}
	if l.from != "" && l.to != "" && f.From >= f.To {
		return nil, f, fail(ExitUsage, "--from %s --to %s: there is no time between them: want a later --to", l.from, l.to)
	}
	if _, err := os.Stat(l.db); err != nil {
		return nil, f, fail(ExitLedger, "ledger %s: there is no such file; a run makes one", l.db)
	}
	db, err := ledger.Open(ledger.Options{Path: l.db, ReadOnly: true})
	if err != nil {
		return nil, f, err
	}
	if err := l.choose(e, db, &f); err != nil {
		db.Close()
		return nil, f, err
	}
	return db, f, nil
}

func (l *ledgerFlags) choose(e *env, db *ledger.DB, f *ledger.Filter) error {
	sessions, err := db.Sessions()
	if err != nil {
		return err
	}
	if f.Account == "" && !l.all && len(sessions) > 0 {
		f.Account = sessions[len(sessions)-1].Account
	}
	for i := range sessions {
		if sessions[i].Account == f.Account {
			f.House = host.HouseOf(sessions[i].Market)
		}
	}
	if err := known(f.Account, sessions); err != nil {
		return err
	}
	strategies, err := db.Strategies()
	if err != nil {
		return err
	}
	if f.Strategy != "" && !slices.Contains(strategies, f.Strategy) {
		e.nothingOf("--strategy", f.Strategy, "strategies", strategies)
	}
	if f.Symbol == "" {
		return nil
	}
	fit, err := db.FitSymbol(f.House, f.Symbol)
	if err != nil {
		return fail(ExitUsage, "--symbol: %w", err)
	}
	if len(fit) > 0 {
		return nil
	}
	symbols, err := db.Symbols()
	if err == nil {
		e.nothingOf("--symbol", f.Symbol, "symbols", symbols)
	}
	return err
}

// mostListed is how many names a message lists.
const mostListed = 12

// nothingOf tells that the ledger has nothing of a name, and what it has.
func (e *env) nothingOf(flag, name, what string, has []string) {
	listed := strings.Join(has[:min(len(has), mostListed)], ", ")
	switch {
	case len(has) == 0:
		listed = "none yet"
	case len(has) > mostListed:
		listed += fmt.Sprintf(" and %d more", len(has)-mostListed)
	}
	fmt.Fprintf(e.err, "%s %q: the ledger has nothing of it%s; its %s: %s\n", flag, name, bindings.DidYouMean(name, has), what, listed)
}

// known refuses a session that the ledger does not hold: an empty list would
// look like a session without fills.
func known(account string, sessions []ledger.Session) error {
	var names []string
	for _, s := range sessions {
		names = append(names, s.Account)
	}
	if account == "" || slices.Contains(names, account) {
		return nil
	}
	return fail(ExitUsage, "--session %q: the ledger has %s", account, cmp.Or(strings.Join(names, ", "), "no session yet"))
}

// fillOut is a fill as JSON shows it.
type fillOut struct {
	Time     string     `json:"time"`
	Session  string     `json:"session"`
	Strategy string     `json:"strategy"`
	Pair     uint64     `json:"pair"`
	Symbol   string     `json:"symbol"`
	Side     string     `json:"side"`
	Price    host.Money `json:"price"`
	Qty      host.Money `json:"qty"`
	Maker    bool       `json:"maker"`
	Fee      host.Money `json:"fee"`
	FeeAsset string     `json:"fee_asset"`
	Realised host.Money `json:"realised"`
	TradeID  string     `json:"trade_id"`
	ClientID string     `json:"client_id"`
	Reason   string     `json:"reason,omitempty"`
}

func fillsVerb(_ context.Context, e *env, args []string) error {
	f := e.flags("fills", "[flags]", "perilune fills --db perilune-paper.db --symbol BTCUSDT --last 20")
	var l ledgerFlags
	l.define(f)
	f.IntVar(&l.last, "last", 0, "only the newest so many")
	f.BoolVar(&l.csv, "csv", false, "print CSV on stdout")
	if err := parseAlone(f, args); err != nil {
		return err
	}
	if l.csv && l.json {
		return fail(ExitUsage, "--csv and --json: want one of them")
	}
	if l.last < 0 {
		return fail(ExitUsage, "--last %d: want 0 (all) or more", l.last)
	}
	db, filter, err := l.open(e)
	if err != nil {
		return err
	}
	defer db.Close()
	list, err := db.Fills(filter)
	if err != nil {
		return err
	}
	out := make([]fillOut, 0, len(list))
	for i := range list {
		out = append(out, shown(&list[i]))
	}
	switch {
	case l.json:
		return e.printJSON(map[string]any{"db": l.db, "session": filter.Account, "fills": out})
	case l.csv:
		return e.fillsCSV(out)
	}
	t := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "time\tsession\tstrategy\tpair\tsymbol\tside\tqty\tprice\trole\tfee\ttrade")
	for _, x := range out {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s %s\t%s\n", x.Time, x.Session, x.Strategy, pairText(x.Pair), x.Symbol,
			x.Side, x.Qty, x.Price, role(x.Maker), x.Fee, x.FeeAsset, strings.TrimSpace(x.TradeID+" "+x.Reason))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(e.err, "%d fills\n", len(out))
	return nil
}

func shown(x *ledger.Fill) fillOut {
	return fillOut{
		Time: x.Time.String(), Session: x.Account, Strategy: x.Strategy, Pair: uint64(x.Pair),
		Symbol: string(x.Venue) + ":" + x.Symbol, Side: x.Side.String(), Price: host.Money{Decimal: x.Price}, Qty: host.Money{Decimal: x.Qty},
		Maker: x.Maker, Fee: host.Money{Decimal: x.Fee}, FeeAsset: x.FeeAsset, Realised: host.Money{Decimal: x.Realised},
		TradeID: x.TradeID, ClientID: x.ClientID, Reason: x.Reason,
	}
}

func (e *env) fillsCSV(list []fillOut) error {
	w := csv.NewWriter(e.out)
	rows := [][]string{{"time", "session", "strategy", "pair", "symbol", "side", "qty", "price", "role", "fee", "fee_asset", "realised", "trade_id", "client_id", "reason"}}
	for _, x := range list {
		rows = append(rows, []string{x.Time, x.Session, x.Strategy, pairText(x.Pair), x.Symbol, x.Side, x.Qty.String(), x.Price.String(),
			role(x.Maker), x.Fee.String(), x.FeeAsset, x.Realised.String(), x.TradeID, x.ClientID, x.Reason})
	}
	return w.WriteAll(rows)
}

func pairText(id uint64) string {
	if id == 0 {
		return "-"
	}
	return fmt.Sprint(id)
}

func role(maker bool) string {
	if maker {
		return "maker"
	}
	return "taker"
}

// pnlOut is one line of profit as JSON shows it.
type pnlOut struct {
	Session  string     `json:"session"`
	Strategy string     `json:"strategy"`
	Pair     uint64     `json:"pair"`
	Asset    string     `json:"asset"`
	Price    host.Money `json:"price"`
	Basis    host.Money `json:"basis"`
	Funding  host.Money `json:"funding"`
	Insured  host.Money `json:"insurance"`
	Interest host.Money `json:"interest"`
	Fees     host.Money `json:"fees"`
	Net      host.Money `json:"net"`
	Fills    int        `json:"fills"`
}

func pnlVerb(_ context.Context, e *env, args []string) error {
	f := e.flags("pnl", "[flags]", "perilune pnl --db perilune-paper.db --pairs")
	var l ledgerFlags
	l.define(f)
	pairs := f.Bool("pairs", false, "the account of every pair: basis, funding and fees by asset, what is still open")
	pair := f.Uint64("pair", 0, "the account of one pair, window by window of its funding")
	if err := parseAlone(f, args); err != nil {
		return err
	}
	if f.Changed("pair") && *pair == 0 {
		return fail(ExitUsage, "--pair 0: want the number of a pair, 1 or more; --pairs lists them")
	}
	db, filter, err := l.open(e)
	if err != nil {
		return err
	}
	defer db.Close()
	if *pairs || *pair != 0 {
		filter.Pair = exchange.PairID(*pair)
		return e.carries(db, filter, &l)
	}
	list, err := db.PnL(filter)
	if err != nil {
		return err
	}
	names, err := pairNames(db, filter)
	if err != nil {
		return err
	}
	rows, totals := pnlRows(list)
	if l.json {
		return e.printJSON(map[string]any{"db": l.db, "session": filter.Account, "rows": rows, "totals": totals})
	}
	t := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "session\tstrategy\tpair\tasset\tprice\tbasis\tfunding\tinsurance\tinterest\tfees\tnet\tfills\t")
	for _, x := range rows {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t\n", x.Session, x.Strategy, pairText(x.Pair)+names[x.Pair], x.Asset,
			short(x.Asset, x.Price), short(x.Asset, x.Basis), short(x.Asset, x.Funding), short(x.Asset, x.Insured), short(x.Asset, x.Interest), short(x.Asset, host.Money{Decimal: x.Fees.Neg()}), short(x.Asset, x.Net), x.Fills)
	}
	for _, x := range totals {
		fmt.Fprintf(t, "total\t\t\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t\n", x.Asset, short(x.Asset, x.Price), short(x.Asset, x.Basis), short(x.Asset, x.Funding), short(x.Asset, x.Insured), short(x.Asset, x.Interest),
			short(x.Asset, host.Money{Decimal: x.Fees.Neg()}), short(x.Asset, x.Net), x.Fills)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(e.err, "what is still open counts only as far as it was closed, at average cost")
	return nil
}

// pairNames tells what each pair is long and short, for people.
func pairNames(db *ledger.DB, f ledger.Filter) (map[uint64]string, error) {
	f.Symbol, f.From, f.To = "", 0, 0
	pairs, err := db.Pairs(f)
	out := map[uint64]string{}
	for _, p := range pairs {
		if f.Account != "" {
			out[uint64(p.ID)] = " " + p.Spot + "/" + p.Perp
		}
	}
	return out, err
}

func pnlRows(list []ledger.PnL) (rows, totals []pnlOut) {
	row := func(x *ledger.PnL) pnlOut {
		return pnlOut{x.Account, x.Strategy, uint64(x.Pair), x.Asset, host.Money{Decimal: x.Trading}, host.Money{Decimal: x.Basis},
			host.Money{Decimal: x.Funding}, host.Money{Decimal: x.Insurance}, host.Money{Decimal: x.Interest}, host.Money{Decimal: x.Fees}, host.Money{Decimal: x.Net}, x.Fills}
	}
	rows = []pnlOut{}
	for i := range list {
		rows = append(rows, row(&list[i]))
	}
	for _, t := range ledger.Totals(list) {
		t.Account = "total"
		totals = append(totals, row(&t))
	}
	return rows, totals
}

// short rounds for a table; JSON has every digit: it shows four decimals, and of a coin the eight that venues account in.
func short(asset string, m host.Money) string {
	if exchange.IsDollar(asset) {
		return m.Decimal.StringFixed(4)
	}
	return m.Decimal.StringFixed(8)
}
