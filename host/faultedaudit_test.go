package host

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger"
)

// compared is what of a session was compared with the simulator's account.
type compared struct {
	trades, orders, pairs, funding, balances, positions int
	foreign                                             int // trades of nobody's orders: the venue's own
}

func (c *compared) String() string {
	return fmt.Sprintf("compared with the simulator's account: %d trades (number, side, quantity, price, fee, what each realised; %d by the venue itself), %d orders (each once, filled as much, none resting), "+
		"%d balances, %d positions, %d payments of funding; %d pairs hedged or flat; the ledger verifies, and its journals replay", c.trades, c.foreign, c.orders, c.balances, c.positions, c.funding, c.pairs)
}

// compareAll compares a ledger with the account of a simulated venue to the last digit, and looks
// for what is unhedged.
func (h *liveHouse) compareAll(house string) *compared {
	h.t.Helper()
	db, err := ledger.Open(ledger.Options{Path: filepath.Join(h.dir, "live.db"), ReadOnly: true})
	if err != nil {
		h.t.Fatal(err)
	}
	defer db.Close()
	if err := soundLedger(db); err != nil {
		h.t.Errorf("ledger verify: %v", err)
	}
	tr := h.truth()
	a := &houseAudit{liveHouse: h, house: house, db: db, truth: tr, compared: &compared{}}
	a.money()
	fills := a.fills()
	a.tradesAndOrders(fills)
	a.hedged()
	checkJournals(h.t, db, fills)
	return a.compared
}

type houseAudit struct {
	*liveHouse
	house string
	db    *ledger.DB
	truth *truth
	*compared
}

// full is a name with its house, which ledgers and simulators may leave out.
func (a *houseAudit) full(name string) string {
	if !strings.HasPrefix(name, a.house+".") {
		return a.house + "." + name
	}
	return name
}

// money compares balances, positions and funding. Of funding that accrues by the millisecond
// (Deribit) what the venue has not paid yet is in no ledger.
func (a *houseAudit) money() {
	snap, err := a.db.Restore("live-1")
	if err != nil {
		a.t.Fatal(err)
	}
	paid, err := a.db.Funding(ledger.Filter{})
	if err != nil {
		a.t.Fatal(err)
	}
	funding, income, owed := map[string]decimal.Decimal{}, map[string]decimal.Decimal{}, map[string]decimal.Decimal{}
	for _, f := range paid {
		key := a.full(string(f.Venue)) + ":" + f.Symbol
		funding[key] = funding[key].Add(f.Amount)
	}
	for _, r := range a.truth.Income {
		if r.Type == "FUNDING_FEE" {
			if a.accrues() {
				owed[r.Asset] = owed[r.Asset].Add(r.Amount)
				continue
			}
			income[r.Symbol] = income[r.Symbol].Add(r.Amount)
			a.funding++
		}
	}
	if !a.accrues() {
		bySymbol := map[string]decimal.Decimal{}
		for key, v := range funding {
			symbol := key[strings.IndexByte(key, ':')+1:]
			bySymbol[symbol] = bySymbol[symbol].Add(v)
		}
		differ(a.t, "funding", bySymbol, income)
	}
	have, want := map[string]decimal.Decimal{}, map[string]decimal.Decimal{}
	for key, v := range ledgerBalances(snap) {
		have[a.full(key)] = v
	}
	held := map[string]bool{}
	for key := range have {
		wallet, _, _ := strings.Cut(key, " ")
		held[wallet] = true
	}
	for key, v := range trueBalances(a.truth) {
		wallet, asset, _ := strings.Cut(key, " ")
		if !held[a.full(wallet)] {
			continue // of which the session trades nothing
		}
		want[a.full(key)] = v.Sub(owed[asset])
	}
	differ(a.t, "balance", have, want)
	a.balances = len(want)
	have, want = map[string]decimal.Decimal{}, map[string]decimal.Decimal{}
	for _, p := range snap.Positions {
		if key := a.full(string(p.Venue)) + ":" + p.Symbol; exchange.Venue(a.full(string(p.Venue))).Within(a.house) != "spot" {
			have[key] = have[key].Add(p.Qty)
		}
	}
	for _, p := range a.truth.Positions {
		want[a.full(p.Market)+":"+p.Symbol] = p.Qty
	}
	differ(a.t, "position", have, want)
	a.positions = len(want)
	if n := count(a.t, a.db, "SELECT count(*) FROM txn WHERE kind = 'adjust'"); n != 0 {
		a.t.Errorf("%d adjustments: something was not explained", n)
	}
}

// accrues reports a venue whose simulator settles funding by the millisecond.
func (a *houseAudit) accrues() bool { return a.house == "deribit" }

// fills are the ledger's, by their trades. One that the venue made by itself is there in the
// parts of those whose position it was.
func (a *houseAudit) fills() map[string]*ledger.Fill {
	list, err := a.db.Fills(ledger.Filter{})
	if err != nil {
		a.t.Fatal(err)
	}
	out := map[string]*ledger.Fill{}
	for i := range list {
		f := &list[i]
		key := fillKey(f.Venue, f.Symbol, f.TradeID)
		switch whole := out[key]; {
		case whole == nil:
			out[key] = f
		case f.Order != 0:
			a.t.Errorf("fill %s is there twice", key)
		default:
			whole.Qty, whole.Fee, whole.Realised = whole.Qty.Add(f.Qty), whole.Fee.Add(f.Fee), whole.Realised.Add(f.Realised)
		}
	}
	return withoutCrossings(a.t, out)
}

// tradesAndOrders compares each trade by all that it says. Some venues' ids of trades are no
// numbers, so that those that say the same are counted.
func (a *houseAudit) tradesAndOrders(fills map[string]*ledger.Fill) {
	foreign := map[string]bool{}
	for _, o := range a.truth.Orders {
		if o.Status == "NEW" || o.Status == "PARTIALLY_FILLED" {
			a.t.Errorf("order %s rests at the venue", o.Client)
		}
	}
	line := func(market, symbol, side string, v ...decimal.Decimal) string {
		return strings.TrimSpace(fmt.Sprintln(a.full(market)+":"+symbol, strings.ToUpper(side), v))
	}
	want := map[string]int{}
	for _, x := range a.truth.Trades {
		want[line(x.Market, x.Symbol, x.Side, x.Qty, x.Price, x.Fee, x.Realised)+" "+x.Asset]++
		a.trades++
	}
	for key, f := range fills {
		said := line(string(f.Venue), f.Symbol, f.Side.String(), f.Qty, f.Price, f.Fee, f.Realised) + " " + f.FeeAsset
		if want[said]--; want[said] < 0 {
			a.t.Errorf("the ledger has %s (%s) once more than the venue", said, key)
		}
		if f.Order == 0 {
			foreign[key] = true
		}
	}
	for said, n := range want {
		if n > 0 {
			a.t.Errorf("the venue has %s, the ledger not (%d)", said, n)
		}
	}
	a.foreign = len(foreign)
	a.spell()
	compareOrders(a.t, a.db, a.truth)
	a.orders = len(a.truth.Orders)
}

// spell gives the venue's orders their client ids as the ledger has them: a venue that takes no
// hyphens, or numbers alone, is told another.
func (a *houseAudit) spell() {
	list, err := a.db.Orders(ledger.Filter{})
	if err != nil {
		a.t.Fatal(err)
	}
	client := map[string]string{}
	for i := range list {
		if list[i].VenueID != "" {
			client[bare(list[i].VenueID)] = list[i].ClientID
		}
		client[strings.ReplaceAll(list[i].ClientID, "-", "Z")] = list[i].ClientID
	}
	for i := range a.truth.Orders {
		o := &a.truth.Orders[i]
		if o.Client == "" {
			continue // the venue's own
		}
		if c := client[o.Client]; c != "" {
			o.Client = c
		} else if c := client[fmt.Sprint(o.ID)]; c != "" {
			o.Client = c
		}
	}
}

// hedged: a pair that is done holds nothing, one that is held no more on one leg than on the
// other.
func (a *houseAudit) hedged() {
	list, err := a.db.Pairs(ledger.Filter{})
	if err != nil {
		a.t.Fatal(err)
	}
	for i := range list {
		p := &list[i]
		a.pairs++
		if !p.Done {
			a.t.Errorf("pair %d (%s, %s) is %s at the end: %s coins, %s: %s", p.ID, p.Spot, p.Perp, p.State, p.SpotQty, p.PerpQty, p.Reason)
		}
	}
}
