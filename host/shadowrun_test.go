package host

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/shadow"
	"github.com/perilune/perilune/ledger"
	"github.com/perilune/perilune/ledger/journal"
)

// shadowed runs a script on recorded books with another one in its shadow.
func shadowed(t *testing.T, edit func(string) string, set ...func(*Options)) (*Summary, string) {
	t.Helper()
	o := quotesOfData(t)
	dir := t.TempDir()
	o.Ledger, o.DB, o.Shadow, o.Twin = LedgerFile, filepath.Join(dir, "x.db"), filepath.Join(dir, "new.lua"), true
	if err := os.WriteFile(o.Shadow, []byte(edit(quoter)), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, f := range set {
		f(&o)
	}
	sum, err := Run(context.Background(), &o)
	if err != nil {
		t.Fatal(err)
	}
	if sum.Shadow == nil || sum.Twin == nil {
		t.Fatalf("shadow %v, twin %v", sum.Shadow, sum.Twin)
	}
	return sum, sum.Shadow.DB
}

func fillsOf(t *testing.T, path string) (accounts []string, fills int) {
	t.Helper()
	db, err := ledger.Open(ledger.Options{Path: path, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	list, err := db.Sessions()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		accounts = append(accounts, s.Account)
	}
	if err := db.EachFill(ledger.Filter{}, func(*ledger.Fill) error { fills++; return nil }); err != nil {
		t.Fatal(err)
	}
	return accounts, fills
}

// The same script in the shadow does the same to the order and the cent, and its rows are in
// a ledger of their own. So does the paper twin of a session on paper.
func TestShadowOfTheSameScript(t *testing.T) {
	sum, path := shadowed(t, func(s string) string { return s })
	x := sum.Shadow
	x.Shadow.Cancels = x.Running.Cancels // the session takes back what rests when it ends
	if !x.Shadow.PnL.Equal(x.Running.PnL.Decimal) {
		t.Errorf("profit %s of the shadow, %s of what runs", x.Shadow.PnL, x.Running.PnL)
	}
	x.Shadow.PnL = x.Running.PnL
	if x.Running.Orders < 60 || x.Running.Fills != sum.Fills || x.Shadow != x.Running {
		t.Errorf("running %+v\nshadow %+v", x.Running, x.Shadow)
	}
	if x.Restarts != 0 || x.Stopped != "" || x.Running.PnL.IsZero() {
		t.Errorf("standing %+v", x)
	}
	if d := sum.PnL.Sub(x.Running.PnL.Decimal).Abs(); d.GreaterThan(sum.PnL.Abs().Div(decimal.NewFromInt(10))) {
		t.Errorf("profit of the account %s, of its only strategy %s", sum.PnL, x.Running.PnL)
	}
	if g := &sum.Twin.Resting; g.FillError != 0 || g.Real.Filled != g.Paper.Filled || g.Orders < 60 {
		t.Errorf("twin %+v", g)
	}
	own, n := fillsOf(t, path)
	real, m := fillsOf(t, sum.DB)
	if len(own) != 1 || own[0] != "shadow-1" || n != sum.Fills || len(real) != 1 || strings.HasPrefix(real[0], "shadow") || m != sum.Fills {
		t.Errorf("ledgers: %v with %d fills and %v with %d, of %d", own, n, real, m, sum.Fills)
	}
}

// Another script does something else, and the session is none the worse.
func TestShadowOfAnotherScript(t *testing.T) {
	alone := quotesOfData(t)
	without, err := Run(context.Background(), &alone)
	if err != nil {
		t.Fatal(err)
	}
	sum, _ := shadowed(t, func(s string) string { return strings.Replace(s, `"2s"`, `"4s"`, 1) })
	if x := sum.Shadow; x.Shadow.Orders >= x.Running.Orders || x.Shadow.Orders == 0 {
		t.Errorf("orders: %d of the shadow, that quotes half as often, against %d", x.Shadow.Orders, x.Running.Orders)
	}
	if sum.EffectsHash != without.EffectsHash {
		t.Error("the session decided something else beside a shadow")
	}
	broken, _ := shadowed(t, func(s string) string { return strings.Replace(s, "if not book", "local x = nil + 1 if not book", 1) })
	if x := broken.Shadow; x.Shadow.Errors == 0 || broken.Errors != 0 || x.Running.Fills == 0 {
		t.Errorf("a shadow with an error: %+v", x)
	}
}

// The bounds of the session's scripts are those of the one in the shadow.
func TestShadowIsBoundAsTheSessionIs(t *testing.T) {
	sum, _ := shadowed(t, func(s string) string {
		return strings.Replace(s, "if not book", "for _ = 1, 200000 do end if not book", 1)
	},
		func(o *Options) { o.For, o.Script.Instructions = 20*exchange.Second, 100_000 })
	if x := sum.Shadow; x.Shadow.Errors == 0 || x.Shadow.Orders != 0 || sum.Errors != 0 || x.Running.Orders == 0 {
		t.Errorf("a shadow beyond the session's bound: %+v", x)
	}
}

// hearer is a follower that counts.
type hearer struct {
	points []bool // whether each was after a loss
	events int
}

func (h *hearer) begin(p *cleanPoint, _ *shadow.Books) error {
	h.points = append(h.points, p.lost)
	return nil
}
func (h *hearer) event(*exchange.Event) error { h.events++; return nil }
func (h *hearer) effect(*core.Effect) error   { return nil }
func (h *hearer) end()                        {}

// What falls behind by more than is kept loses it, is told, and begins anew; the loop is not
// held up meanwhile.
func TestSidelineFallsBehind(t *testing.T) {
	u, err := exchange.NewUniverse([]exchange.Instrument{oneCoin})
	if err != nil {
		t.Fatal(err)
	}
	c, err := core.New(core.Config{Universe: u}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	h := &hearer{}
	b := &sideline{core: c, warn: func(s string) { told = append(told, s) }, books: shadow.NewBooks(u), list: []*sidelined{{follower: h, name: "x"}}}
	b.room = sync.NewCond(&b.mu)
	at := exchange.Date(2026, 1, 1)
	b.keep(&exchange.Event{Kind: exchange.KindCommand, Name: core.CommandStart, Time: at}, nil)
	trade := exchange.Event{Kind: exchange.KindTrade, Time: at, Price: 1, Qty: 1, Side: exchange.Buy, Reason: strings.Repeat("x", 1000)}
	raw := journal.AppendEvent(nil, &trade)
	n := 0
	for ; !b.lost; n++ {
		b.keep(&trade, raw)
	}
	if n > sideBytes/len(raw)+2 {
		t.Errorf("%d events of %d bytes were kept", n, len(raw))
	}
	b.after(&trade, nil) // the loop is between two instants
	b.keep(&trade, raw)
	if err := b.show(&b.queue); err != nil {
		t.Fatal(err)
	}
	if len(h.points) != 1 || !h.points[0] || h.events != 1 {
		t.Errorf("points after a loss: %v, then %d events, want one of each", h.points, h.events)
	}
	if len(told) != 1 || !strings.Contains(told[0], "fell behind") {
		t.Errorf("told %q", told)
	}
}
