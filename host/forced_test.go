package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/risk"
	"github.com/perilune/perilune/ledger"
)

// climbing writes a history in which LINK rises by 12 % an hour after ten hours.
func climbing(t *testing.T) string {
	t.Helper()
	const start = 1767225600000
	dir := t.TempDir()
	bars, rates := "open_time,open,high,low,close,volume\n", "time,interval_hours,funding_rate\n"
	price := decimal.NewFromInt(20)
	for h := range 48 {
		if h > 10 && h <= 22 {
			price = price.Mul(decimal.RequireFromString("1.12")).Round(3)
		}
		tenth := decimal.RequireFromString("0.1")
		bars += fmt.Sprintf("%d,%s,%s,%s,%s,1000000\n", start+h*3600000, price, price.Add(tenth), price.Sub(tenth), price)
		if h%8 == 0 {
			rates += fmt.Sprintf("%d,8,0.0001\n", start+h*3600000)
		}
	}
	for name, text := range map[string]string{"perp_1h": bars, "spot_1h": bars, "mark_1h": bars, "funding": rates} {
		if err := errors.Join(os.MkdirAll(filepath.Join(dir, name), 0o755), os.WriteFile(filepath.Join(dir, name, "LINKUSDT.csv"), []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A short that plain orders made is liquidated, and the insurance fund makes its wallet
// good: its strategy hears of it, its position is gone, and every view comes to what
// the equity lost, to the last digit.
func TestALiquidationIsToldToWhoeverHeldIt(t *testing.T) {
	var dir = climbing(t)
	db := filepath.Join(t.TempDir(), "plain.db")
	sum, said, err := runScript(t, `local M = { name = "plain", universe = { "usdm:LINKUSDT", "spot:LINKUSDT" } }
function M.on_start() timer.after("short", "2h"); timer.every("look", "4h") end
function M.on_timer(n)
  if n == "short" then order.submit { symbol = "usdm:LINKUSDT", side = "sell", qty = "50", type = "market" }
  else log.info(string.format("position=%g exposure=%.2f", account.position("usdm:LINKUSDT").qty, account.margin("usdm", "USDT").exposure)) end
end
function M.on_fill(f) log.info("fill " .. f.side .. " " .. f.qty .. " " .. tostring(f.reason) .. " order=" .. tostring(f.order)) end
return M`, func(o *Options) {
		o.Market, o.For, o.DB = []string{dir}, 0, db
		o.Paper = PaperOptions{Leverage: 5, Balances: []paper.Deposit{
			{Wallet: "spot", Asset: "USDT", Amount: decimal.NewFromInt(2000)}, {Wallet: "usdm", Asset: "USDT", Amount: decimal.NewFromInt(300)}}}
		o.Limits.DailyLoss = decimal.RequireFromString("0.9")
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said, "fill buy 50 liquidation order=nil") {
		t.Errorf("on_fill did not come with its reason:\n%s", said)
	}
	if last := said[strings.LastIndex(said, "position="):]; !strings.HasPrefix(last, "position=0 exposure=0.00") {
		t.Errorf("at the end %q, want no position", last)
	}
	if views := readViews(t, db); !views.pnl.Equal(sum.PnL.Decimal) || !sum.Insurance.IsPositive() || !views.insurance["plain"].Equal(sum.Insurance.Decimal) {
		t.Errorf("pnl comes to %s, of which insurance of %s; the equity changed by %s, and the fund paid %s", views.pnl, views.insurance, sum.PnL, sum.Insurance)
	}
}

// A pair loses its perpetual to a liquidation. Every account of it comes to the
// change of equity, and the next run begins where that one ended.
func TestEveryViewOfALiquidatedPairIsTheEquity(t *testing.T) {
	db := filepath.Join(t.TempDir(), "pair.db")
	script := scriptFile(t, `local M = { name = "r", universe = { "spot:DOGEUSDT", "usdm:DOGEUSDT" } }
function M.on_start() timer.after("open", "5m"); log.info("START pos=" .. account.position("usdm:DOGEUSDT").qty) end
function M.on_timer(n)
  if not state.opened then state.opened = true; exec.pair.open { spot = "spot:DOGEUSDT", perp = "usdm:DOGEUSDT", notional = 9000, max_unhedged = 3000 } end
end
return M`)
	var said strings.Builder
	o := Options{Scripts: []string{script}, DB: db, Seed: 3, For: 42 * exchange.Hour, Journal: "off",
		Log:    func(l Line) { said.WriteString(l.Text + "\n") },
		Limits: risk.Limits{DailyLoss: decimal.RequireFromString("0.9"), MaxOrderNotional: decimal.NewFromInt(50000), MaxPositionNotional: decimal.NewFromInt(250000)},
		Paper: PaperOptions{Leverage: 50, Balances: []paper.Deposit{
			{Wallet: "spot", Asset: "USDT", Amount: decimal.NewFromInt(20000)}, {Wallet: "usdm", Asset: "USDT", Amount: decimal.NewFromInt(230)}}}}
	first := o
	sum, err := Run(context.Background(), &first)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said.String(), "foreign fill (liquidation)") {
		t.Fatal("nothing was liquidated: the market has changed, and the test needs another")
	}
	views := readViews(t, db)
	if near(views.pnl, sum.PnL.Decimal) || near(views.pairs, sum.PnL.Decimal) || near(views.pairRow, sum.PnL.Decimal) {
		t.Errorf("pnl %s, pnl --pairs %s, pair %s; the equity changed by %s", views.pnl, views.pairs, views.pairRow, sum.PnL)
	}
	for _, p := range views.positions {
		if p.Venue == "usdm" && !p.Qty.IsZero() {
			t.Errorf("%q still holds %s %s", p.Strategy, p.Qty, p.Symbol)
		}
	}
	said.Reset()
	o.For = exchange.Hour
	if sum, err = Run(context.Background(), &o); err != nil || !sum.Resumed {
		t.Fatalf("resumed %v, %v", sum.Resumed, err)
	}
	if !strings.Contains(said.String(), "START pos=0\n") {
		t.Errorf("the next run says:\n%s", said.String())
	}
}

// near reports a difference of more than a few cents: dust that was not sold is
// valued at cost by some and at the price by others.
func near(a, b decimal.Decimal) bool {
	return a.Sub(b).Abs().GreaterThan(decimal.RequireFromString("0.01"))
}

// views is what the ledger says of one session.
type views struct {
	pnl, pairs, pairRow decimal.Decimal
	positions           []ledger.Position
	insurance           map[string]decimal.Decimal // by strategy
}

func readViews(t *testing.T, path string) (v views) {
	t.Helper()
	db, err := ledger.Open(ledger.Options{Path: path, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := soundLedger(db); err != nil {
		t.Error(err)
	}
	list, err1 := db.PnL(ledger.Filter{})
	carries, err2 := db.Carries(ledger.Filter{})
	var err3 error
	if v.positions, err3 = db.Positions(ledger.Filter{}); errors.Join(err1, err2, err3) != nil {
		t.Fatal(errors.Join(err1, err2, err3))
	}
	for i := range list {
		v.pnl = v.pnl.Add(list[i].Net)
		if v.insurance == nil {
			v.insurance = map[string]decimal.Decimal{}
		}
		v.insurance[list[i].Strategy] = v.insurance[list[i].Strategy].Add(list[i].Insurance)
	}
	for i := range carries {
		v.pairs, v.pairRow = v.pairs.Add(carries[i].Net()), v.pairRow.Add(carries[i].Realised)
	}
	return v
}

// gambler trades at random, by plain orders and pairs, with far too much leverage.
// The first of them also plays the venue and the person at it: positions are
// deleveraged, and bought and sold by hand.
type gambler struct {
	name  string
	rnd   *rand.Rand
	venue func() *paper.Venue // nil: only trades
	t     *testing.T
	held  map[exchange.InstrumentID]exchange.Lots // by what on_fill told, since the start
	began map[exchange.InstrumentID]exchange.Lots
	told  tally
	hands uint64
}

func (g *gambler) Name() string                              { return g.name }
func (g *gambler) Subscriptions() []string                   { return []string{"*"} }
func (g *gambler) State() ([]byte, error)                    { return json.Marshal(0) }
func (g *gambler) Close()                                    {}
func (g *gambler) Restart(*core.Port) (core.Strategy, error) { return nil, nil }
func (g *gambler) Reload(*core.Port, *exchange.Reload) (core.Strategy, error) {
	return nil, errors.New("no")
}
func (g *gambler) Wants(h core.Handler) bool {
	return h == core.OnStart || h == core.OnTimer || h == core.OnFill
}

func (g *gambler) Call(p *core.Port, n *core.Callback) error {
	switch n.Handler {
	case core.OnStart:
		for _, in := range p.Universe().All() {
			g.began[in.ID] = p.Position(in.ID).Qty
		}
		p.SetTimer("act", p.Now()+exchange.Minute, 7*exchange.Minute)
	case core.OnFill:
		g.held[n.Fill.Instrument] += exchange.Lots(n.Fill.Side) * n.Fill.Qty
		if n.Order == nil {
			g.told[n.Fill.Reason]++
		}
	case core.OnTimer:
		for _, in := range p.Universe().All() {
			if got, want := p.Position(in.ID).Qty, g.began[in.ID]+g.held[in.ID]; got != want {
				g.t.Errorf("%s: position in %s is %d lots, its fills came to %d", g.name, in.Key(), got, want)
			}
		}
		g.act(p)
	}
	return nil
}

func (g *gambler) act(p *core.Port) {
	coin := []string{"DOGE", "LINK", "ETH"}[g.rnd.IntN(3)]
	spot, _ := p.Universe().Find("spot", coin+"USDT")
	perp, _ := p.Universe().Find("usdm", coin+"USDT")
	if coin == "ETH" {
		perp, _ = p.Universe().Find("coinm", "ETHUSD_PERP")
	}
	in := []*exchange.Instrument{spot, perp, perp}[g.rnd.IntN(3)]
	side := exchange.Buy
	if g.rnd.IntN(2) == 0 {
		side = exchange.Sell
	}
	ask, ok := p.Book(in.ID).Best(exchange.Sell)
	if !ok {
		return
	}
	value := decimal.NewFromInt(100 + g.rnd.Int64N(4000))
	lots := exchange.Lots(value.Div(in.Notional(ask.Price, 1)).IntPart())
	if in == spot && side == exchange.Sell {
		lots = min(lots, p.Position(in.ID).Qty-exchange.Lots(in.Lot.Floor(in.QtyDecimal(p.Position(in.ID).Qty).Mul(decimal.RequireFromString("0.002")))))
	}
	switch g.rnd.IntN(8) {
	case 0:
		_, _ = p.OpenPair(intent.PairRequest{Spot: spot.ID, Perp: perp.ID, Notional: decimal.NewFromInt(500 + g.rnd.Int64N(2500))})
	case 1:
		for _, pair := range p.Pairs() {
			if pair.State == intent.PairOpen {
				_ = p.ClosePair(intent.CloseRequest{Pair: pair.ID})
				return
			}
		}
	case 2:
		if g.venue != nil {
			g.venue().Deleverage(perp.ID, lots, p.Now())
		}
	case 3:
		if g.venue != nil && in == perp {
			g.hands++
			g.venue().Submit(&exchange.Order{ID: exchange.OrderID(1<<40 + g.hands), ClientID: fmt.Sprintf("hand-%d-%d", p.Now(), g.hands),
				Instrument: in.ID, Side: side, Type: exchange.MarketOrder, TIF: exchange.IOC, Qty: lots}, p.Now())
		}
	default:
		if lots > 0 {
			p.Submit(exchange.Order{Instrument: in.ID, Side: side, Type: exchange.MarketOrder, TIF: exchange.IOC, Qty: lots})
		}
	}
}

// Whatever strategies, the venue and hands do to an account, over restarts, the parts
// that everybody is said to hold sum to the account's positions, and what everybody
// is said to have made sums to what its wallets changed by: to the last digit.
func TestPartsSumToTheAccount(t *testing.T) {
	all := eachSeed(t, 2**partsSeeds, func(t *testing.T, seed uint64) tally {
		told := tally{}
		db := filepath.Join(t.TempDir(), "parts.db")
		rnd := rand.New(rand.NewPCG(seed, 5))
		for run := range 4 {
			var r *runner
			o := &Options{DB: db, Seed: seed + 1, For: exchange.Time(4+rnd.IntN(12)) * exchange.Hour, Journal: "off",
				Limits: risk.Limits{DailyLoss: decimal.RequireFromString("0.99"), MaxOrderNotional: decimal.NewFromInt(50000), MaxPositionNotional: decimal.NewFromInt(500000)},
				Paper: PaperOptions{Leverage: 50, Balances: []paper.Deposit{
					{Wallet: "spot", Asset: "USDT", Amount: decimal.NewFromInt(60000)}, {Wallet: "usdm", Asset: "USDT", Amount: decimal.NewFromInt(400)},
					{Wallet: "coinm", Asset: "ETH", Amount: decimal.RequireFromString("0.15")}}}}
			for i, name := range []string{"ann", "bob", "eve"} {
				if run == 2 && i == 1 {
					continue // a strategy stays away for a run, and its parts stay its own
				}
				g := &gambler{name: name, rnd: rand.New(rand.NewPCG(seed, uint64(10*run+i))), t: t, told: told,
					held: map[exchange.InstrumentID]exchange.Lots{}, began: map[exchange.InstrumentID]exchange.Lots{}}
				if i == 0 {
					g.venue = func() *paper.Venue { return onPaper(r) }
				}
				o.Strategies = append(o.Strategies, g)
			}
			if err := o.Validate(); err != nil {
				t.Fatal(err)
			}
			r = newRunner(o)
			if err := r.open(context.Background()); err != nil {
				t.Fatal(err)
			}
			err := r.loop.Run(context.Background())
			checkParts(t, r)
			if _, err := r.finish(context.Background(), err); err != nil {
				t.Fatal(err)
			}
			r.close()
			checkSums(t, db, fmt.Sprintf("seed %d run %d", seed, run))
		}
		return told
	})
	for _, what := range []string{"liquidation", "adl", "foreign"} {
		if all[what] == 0 {
			t.Errorf("no strategy was told of a fill with the reason %q: %v", what, all)
		}
	}
}

// checkParts: at the venue, in our own account and among the holders there is the
// same position in everything.
func checkParts(t *testing.T, r *runner) {
	t.Helper()
	for _, in := range r.core.Universe().All() {
		if in.Perp() && onPaper(r).Position(in.ID).Qty != r.core.AccountPosition(in.ID).Qty {
			t.Errorf("%s: the venue has %d lots, we %d", in.Key(), onPaper(r).Position(in.ID).Qty, r.core.AccountPosition(in.ID).Qty)
		}
	}
}

// checkSums adds the rows of the ledger up, by whom they belong to and all together.
func checkSums(t *testing.T, path, when string) {
	t.Helper()
	db, err := ledger.Open(ledger.Options{Path: path, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := soundLedger(db); err != nil {
		t.Error(err)
	}
	wallets, parts, whole := map[string]decimal.Decimal{}, map[string]decimal.Decimal{}, map[string]decimal.Decimal{}
	add := func(m map[string]decimal.Decimal, asset string, amount decimal.Decimal) {
		m[asset] = m[asset].Add(amount)
	}
	each := func(query string, do func(a, b string, n decimal.Decimal)) {
		t.Helper()
		rows, err := db.Query(context.Background(), query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var a, b string
			var n decimal.Decimal
			if err := rows.Scan(&a, &b, &n); err != nil {
				t.Fatal(err)
			}
			do(a, b, n)
		}
	}
	each(`SELECT p.asset, '', p.amount FROM posting p JOIN txn t ON t.id = p.txn WHERE p.account LIKE 'A:%' AND t.kind NOT IN ('deposit', 'adjust')`,
		func(asset, _ string, n decimal.Decimal) { add(wallets, asset, n) })
	err = db.EachFill(ledger.Filter{}, func(f *ledger.Fill) error {
		signed := f.Qty
		if f.Side == exchange.Sell {
			signed = signed.Neg()
		}
		if f.Venue == "spot" {
			add(parts, f.Terms.Base, signed)
			add(parts, f.Terms.Quote, signed.Mul(f.Price).Neg())
		}
		add(parts, f.Terms.Settle, f.Realised)
		add(parts, f.FeeAsset, f.Fee.Neg())
		add(whole, string(f.Venue)+f.Symbol, signed)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	each(`SELECT asset, '', amount FROM funding`, func(asset, _ string, n decimal.Decimal) { add(parts, asset, n) })
	insurance, err := db.Insurance(ledger.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range insurance {
		add(parts, insurance[i].Asset, insurance[i].Amount)
	}
	for asset, n := range wallets { // order does not matter
		if !parts[asset].Equal(n) {
			t.Errorf("%s: the parts came to %s %s, the wallets to %s", when, parts[asset], asset, n)
		}
	}
	each(`SELECT market, symbol, CASE side WHEN 'buy' THEN qty ELSE '-' || qty END FROM fills`, func(market, symbol string, n decimal.Decimal) {
		add(whole, market+symbol, n.Neg())
	})
	for name, n := range whole { // order does not matter
		if !n.IsZero() {
			t.Errorf("%s: the shares of %s differ from its fills by %s", when, name, n)
		}
	}
}
