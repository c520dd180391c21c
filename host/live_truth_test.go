package host

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger"
)

// truth is the simulator's own view of an account.
type truth struct {
	Time     int64 // of the market, in milliseconds
	Balances []struct {
		Wallet, Asset string
		Total         decimal.Decimal
	}
	Positions []struct {
		Market, Symbol string
		Side           string `json:"position_side"` // in hedge mode
		Qty            decimal.Decimal
	}
	OpenOrders []struct {
		Market string
	} `json:"open_orders"`
	Orders []struct {
		Market, Symbol, Status string
		ID                     int64
		Client                 string `json:"client_id"`
		Filled                 decimal.Decimal
	}
	Trades []struct {
		Market, Symbol, Side string
		ID, Order            int64
		Price, Qty, Fee      decimal.Decimal
		Asset                string `json:"fee_asset"`
		Realised             decimal.Decimal
	}
	Income []struct {
		Wallet, Symbol, Type, Asset string
		Amount                      decimal.Decimal
	}
}

func (h *liveHouse) truth() *truth {
	h.t.Helper()
	out := &truth{}
	h.ask(http.MethodGet, "/sim/account?account=0", nil, out)
	return out
}

// audited compares a ledger with the exchange's own truth, to the last digit, and
// replays its journals. It returns how many fills there are.
func (h *liveHouse) audited() int { return h.auditedAt(h.options(nil).DB) }

func (h *liveHouse) auditedAt(path string) int {
	h.t.Helper()
	db, err := ledger.Open(ledger.Options{Path: path, ReadOnly: true})
	if err != nil {
		h.t.Fatal(err)
	}
	defer db.Close()
	if err := soundLedger(db); err != nil {
		h.t.Error(err)
	}
	tr := h.truth()
	compareMoney(h.t, db, tr)
	compareFills(h.t, db, tr)
	compareOrders(h.t, db, tr)
	checkJournals(h.t, db, withoutCrossings(h.t, checkFillsOf(h.t, db)))
	return len(tr.Trades)
}

func compareMoney(t *testing.T, db *ledger.DB, tr *truth) {
	t.Helper()
	snap, err := db.Restore("live-1")
	if err != nil {
		t.Fatal(err)
	}
	differ(t, "balance", ledgerBalances(snap), trueBalances(tr))
	have := map[string]decimal.Decimal{}
	for _, p := range snap.Positions {
		if p.Venue != "spot" {
			have[string(p.Venue)+":"+p.Symbol] = have[string(p.Venue)+":"+p.Symbol].Add(p.Qty)
		}
	}
	want := map[string]decimal.Decimal{}
	for _, p := range tr.Positions {
		want[p.Market+":"+p.Symbol] = p.Qty
	}
	differ(t, "position", have, want)
	funding := map[string]decimal.Decimal{}
	paid, err := db.Funding(ledger.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range paid {
		funding[string(f.Venue)+":"+f.Symbol] = funding[string(f.Venue)+":"+f.Symbol].Add(f.Amount)
	}
	income := map[string]decimal.Decimal{}
	for _, r := range tr.Income {
		if r.Type == "FUNDING_FEE" {
			income[r.Wallet+":"+r.Symbol] = income[r.Wallet+":"+r.Symbol].Add(r.Amount)
		}
	}
	differ(t, "funding", funding, income)
	if n := count(t, db, "SELECT count(*) FROM txn WHERE kind = 'adjust'"); n != 0 {
		t.Errorf("%d adjustments: something was not explained", n)
	}
}

func ledgerBalances(snap *ledger.Snapshot) map[string]decimal.Decimal {
	out := map[string]decimal.Decimal{}
	for _, b := range snap.Balances {
		if wallet, ok := strings.CutPrefix(b.Account, "A:"); ok {
			out[wallet+" "+b.Asset] = b.Amount
		}
	}
	return out
}

func trueBalances(tr *truth) map[string]decimal.Decimal {
	out := map[string]decimal.Decimal{}
	for _, b := range tr.Balances {
		out[b.Wallet+" "+b.Asset] = b.Total
	}
	return out
}

// differ names what two accounts do not have alike.
func differ(t *testing.T, what string, have, want map[string]decimal.Decimal) {
	t.Helper()
	for key, w := range want {
		if !have[key].Equal(w) {
			t.Errorf("%s %s: the ledger has %s, the venue %s", what, key, have[key], w)
		}
	}
	for key, v := range have {
		if _, ok := want[key]; !ok && !v.IsZero() {
			t.Errorf("%s %s: the ledger has %s, the venue nothing", what, key, v)
		}
	}
}

func count(t *testing.T, db *ledger.DB, query string) (n int) {
	t.Helper()
	rows, err := db.Query(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

func compareFills(t *testing.T, db *ledger.DB, tr *truth) {
	t.Helper()
	fills := map[string]*ledger.Fill{}
	for key, f := range withoutCrossings(t, checkFillsOf(t, db)) {
		i := strings.LastIndexByte(key, ':') + 1
		fills[key[:i]+bare(key[i:])] = f
	}
	for _, x := range tr.Trades {
		key := x.Market + ":" + x.Symbol + ":" + strconv.FormatInt(x.ID, 10)
		f := fills[key]
		if f == nil {
			t.Errorf("trade %s (%s %s at %s) is lost", key, x.Side, x.Qty, x.Price)
			continue
		}
		delete(fills, key)
		have := fmt.Sprintln(strings.ToUpper(f.Side.String()), f.Qty, f.Price, f.Fee, f.FeeAsset, f.Realised, bare(f.VenueID))
		if want := fmt.Sprintln(x.Side, x.Qty, x.Price, x.Fee, x.Asset, x.Realised, x.Order); have != want {
			t.Errorf("trade %s: the ledger has %s, the venue %s", key, have, want)
		}
	}
	for key := range fills {
		t.Errorf("fill %s is not at the venue", key)
	}
}

// bare is the number of an id: some venues put the currency before it.
func bare(id string) string { return id[strings.LastIndexByte(id, '-')+1:] }

// withoutCrossings leaves the trades inside the account out, of which the venue knows
// nothing and which follow from the journal: each has two sides that cancel.
func withoutCrossings(t *testing.T, fills map[string]*ledger.Fill) map[string]*ledger.Fill {
	t.Helper()
	out := map[string]*ledger.Fill{}
	for key, f := range fills {
		sold, ok := strings.CutSuffix(key, "-s")
		switch {
		case !strings.HasPrefix(f.TradeID, "cross-"):
			out[key] = f
		case ok:
			b := fills[sold+"-b"]
			if b == nil || b.Side == f.Side || !b.Qty.Equal(f.Qty) || !b.Price.Equal(f.Price) || !b.Fee.IsZero() || !f.Fee.IsZero() {
				t.Errorf("the trade %s inside the account has no other side: %+v and %+v", key, f, b)
			}
		case fills[strings.TrimSuffix(key, "-b")+"-s"] == nil:
			t.Errorf("the trade %s inside the account has no other side", key)
		}
	}
	return out
}

// compareOrders: an order that the venue has was asked for once, by one of ours,
// and filled as much; one that it does not have never traded.
func compareOrders(t *testing.T, db *ledger.DB, tr *truth) {
	t.Helper()
	list, err := db.Orders(ledger.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	ours := map[string]*ledger.Order{}
	for i := range list {
		if ours[list[i].ClientID] != nil {
			t.Errorf("order %s is in the ledger twice", list[i].ClientID)
		}
		ours[list[i].ClientID] = &list[i]
		if !list[i].Status.Terminal() {
			t.Errorf("order %s is %s at the end", list[i].ClientID, list[i].Status)
		}
	}
	seen := map[string]bool{}
	for _, o := range tr.Orders {
		if !strings.HasPrefix(o.Client, "pl") {
			continue // a liquidation or the like
		}
		mine := ours[o.Client]
		switch {
		case seen[o.Client]:
			t.Errorf("order %s is at the venue twice", o.Client)
		case mine == nil:
			t.Errorf("order %s is at the venue and not in the ledger", o.Client)
		case !mine.Filled.Equal(o.Filled):
			t.Errorf("order %s: filled %s, at the venue %s", o.Client, mine.Filled, o.Filled)
		}
		seen[o.Client] = true
	}
	for client, o := range ours {
		rejected := o.Status == exchange.StatusRejected // a number may be given to what is rejected a moment later
		if !seen[client] && (o.VenueID != "" && !rejected || !o.Filled.IsZero()) {
			t.Errorf("order %s is %s with number %q, and the venue never had it", client, o.Status, o.VenueID)
		}
	}
	if len(tr.OpenOrders) > 0 {
		t.Errorf("%d orders rest at the venue", len(tr.OpenOrders))
	}
}
