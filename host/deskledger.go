package host

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/control"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/ledger"
)

// deskLedger answers from a session's ledger, also while it is written.
type deskLedger struct {
	ledger.Pages
	house string // the default one of the session
}

// page is a range of rows within bounds.
func (k deskLedger) page(a control.RangeArgs) (ledger.Page, error) {
	n, err := rowsIn(a.Limit, 200, 2000)
	return ledger.Page{Strategy: a.Strategy, Instrument: exchange.Within(a.Instrument, k.house), Pair: exchange.PairID(a.Pair),
		From: timeOf(a.From), To: timeOf(a.To), Before: a.Before, Limit: n}, err
}

// ofHost names whose a row is that is no strategy's.
func ofHost(strategy string) string { return cmp.Or(strategy, "host") }

func (k deskLedger) fills(ctx context.Context, a control.RangeArgs) ([]control.Fill, error) {
	page, err := k.page(a)
	if err != nil {
		return nil, err
	}
	rows, err := k.Fills(ctx, page)
	out := []control.Fill{}
	for i := range rows {
		f := &rows[i]
		out = append(out, control.Fill{Seq: f.Seq, Time: f.Time.UTC(), Strategy: ofHost(f.Strategy), Instrument: string(f.Venue) + ":" + f.Symbol, Side: f.Side.String(),
			Price: f.Price, Qty: f.Qty, Fee: f.Fee, FeeAsset: f.FeeAsset, Maker: f.Maker, Order: uint64(f.Order), Pair: uint64(f.Pair), Schedule: uint64(f.Schedule), TradeID: f.TradeID})
	}
	return out, sorted(err)
}

func (k deskLedger) funding(ctx context.Context, a control.RangeArgs) ([]control.Funding, error) {
	page, err := k.page(a)
	if err != nil {
		return nil, err
	}
	rows, err := k.Funding(ctx, page)
	out := []control.Funding{}
	for i := range rows {
		f := &rows[i]
		out = append(out, control.Funding{Seq: f.Seq, Time: f.Time.UTC(), Strategy: ofHost(f.Strategy), Instrument: f.Market + ":" + f.Symbol,
			Rate: f.Rate.InexactFloat64(), Amount: f.Amount, Asset: f.Asset, Pair: uint64(f.Pair)})
	}
	return out, sorted(err)
}

func (k deskLedger) commands(ctx context.Context, a control.RangeArgs) ([]control.Command, error) {
	page, err := k.page(a)
	if err != nil {
		return nil, err
	}
	rows, err := k.Commands(ctx, page)
	out := []control.Command{}
	for i := range rows {
		c := &rows[i]
		by := c.By
		if c.Why != "" {
			by += ": " + c.Why
		}
		args := c.Args
		if args == "{}" {
			args = ""
		}
		out = append(out, control.Command{Seq: c.Seq, Time: c.Time.UTC(), By: by, Op: c.Op, Args: args, Outcome: c.Outcome})
	}
	return out, sorted(err)
}

// pointsIn is how many points of a line were asked for, within bounds.
func pointsIn(asked int) (int, error) {
	if asked < 0 || asked > 5000 {
		return 0, control.Errorf(control.BadRequest, "points: %d: want 1 to 5000", asked)
	}
	return cmp.Or(asked, 1000), nil
}

func (k deskLedger) equity(ctx context.Context, a control.SeriesArgs) ([]control.Point, error) {
	most, err := pointsIn(a.Points)
	if err != nil {
		return nil, err
	}
	// More than are shown, so that extremes are among them.
	rows, err := k.Equity(ctx, timeOf(a.From), timeOf(a.To), 4*most)
	out := []control.Point{}
	for _, p := range rows {
		out = append(out, control.Point{T: int64(p.Time / exchange.Millisecond), V: p.Value})
	}
	return thinned(out, most), sorted(err)
}

// plots are what strategies plotted.
func (k deskLedger) plots(ctx context.Context, a control.SeriesArgs) ([]control.Series, error) {
	most, err := pointsIn(a.Points)
	if err != nil {
		return nil, err
	}
	rows, err := k.Chart(ctx, a.Strategy, timeOf(a.From), timeOf(a.To), 4*most)
	out := []control.Series{}
	for _, p := range rows {
		if n := len(out); n == 0 || out[n-1].Strategy != p.Strategy || out[n-1].Name != p.Series {
			out = append(out, control.Series{Name: p.Series, Strategy: p.Strategy, Points: []control.Point{}})
		}
		s := &out[len(out)-1]
		s.Points = append(s.Points, control.Point{T: int64(p.Time / exchange.Millisecond), V: p.Value})
	}
	for i := range out {
		out[i].Points = thinned(out[i].Points, most)
	}
	return out, sorted(err)
}

// thinned keeps at most so many points: the first and the last, and of each stretch
// between them the lowest and the highest.
func thinned(list []control.Point, most int) []control.Point {
	if len(list) <= most || most < 4 {
		return list[:min(len(list), max(most, 1))]
	}
	out := make([]control.Point, 0, most)
	out = append(out, list[0])
	inner := list[1 : len(list)-1]
	stretches := (most - 2) / 2
	for i := range stretches {
		part := inner[i*len(inner)/stretches : (i+1)*len(inner)/stretches]
		if len(part) == 0 {
			continue
		}
		low, high := 0, 0
		for j := range part {
			if part[j].V < part[low].V {
				low = j
			}
			if part[j].V > part[high].V {
				high = j
			}
		}
		out = append(out, part[min(low, high)])
		if low != high {
			out = append(out, part[max(low, high)])
		}
	}
	return append(out, list[len(list)-1])
}

// versions are those of scripts. running names the hash that runs, by strategy.
func (k deskLedger) versions(ctx context.Context, a control.VersionsArgs, running func(string) string) ([]control.Version, error) {
	n, err := rowsIn(a.Limit, 50, 500)
	if err != nil {
		return nil, err
	}
	rows, err := k.Versions(ctx, a.Strategy, 0, n+1)
	out := []control.Version{}
	seen, undone := map[string]bool{}, map[string]string{}
	for i := range rows {
		v := &rows[i]
		view := control.Version{Strategy: v.Strategy, Number: v.Version, Time: v.Time.UTC(), Hash: v.Hash, Path: v.Path, Loaded: v.Outcome != "refused", Problem: v.Problem,
			Rollback: v.Outcome == "rollback", By: byWhom(v), Why: v.Why, TookMS: float64(v.Took) / 1e6}
		if view.Loaded {
			view.Undone = undone[v.Strategy]
			undone[v.Strategy] = ""
			if view.Rollback {
				undone[v.Strategy] = cmp.Or(v.Why, "by "+cmp.Or(v.By, "hand"))
			}
		}
		if view.Loaded && !seen[v.Strategy] && (running == nil || running(v.Strategy) == v.Hash) {
			seen[v.Strategy], view.Running = true, running != nil
		}
		if a.Version != 0 && v.Version != a.Version {
			continue
		}
		if before := loadedBefore(rows[i+1:], v.Strategy); before != nil {
			view.Diff = diffOf(before.Sources, v.Sources)
		}
		if a.Version != 0 {
			view.Source = sourceText(v.Sources)
		}
		if len(out) < n {
			out = append(out, view)
		}
	}
	return out, sorted(err)
}

// byWhom is who asked for a version.
func byWhom(v *ledger.Version) string {
	if v.By == "" && v.Version == 1 && v.Outcome == "loaded" {
		return "start"
	}
	return cmp.Or(v.By, bySave)
}

// loadedBefore is the version of a strategy that ran before, of rows that are newest first.
func loadedBefore(rows []ledger.Version, strategy string) *ledger.Version {
	at := slices.IndexFunc(rows, func(v ledger.Version) bool { return v.Strategy == strategy && v.Outcome != "refused" })
	if at < 0 {
		return nil
	}
	return &rows[at]
}

// version finds the sources of a version that was loaded, the newest of its number.
func (k deskLedger) version(ctx context.Context, strategy string, number int) (*ledger.Version, error) {
	rows, err := k.Versions(ctx, strategy, number, 500)
	if err != nil {
		return nil, sorted(err)
	}
	if v := loadedBefore(rows, strategy); v != nil {
		return v, nil
	}
	return nil, control.Errorf(control.NotFound, "no version %d of %s was loaded", number, strategy)
}

// sourceText is the sources of a version, one after the other; a script alone as it is.
func sourceText(list []exchange.Source) string {
	if len(list) == 1 {
		return list[0].Text
	}
	var b strings.Builder
	for _, s := range list {
		fmt.Fprintf(&b, "-- %s\n%s\n", s.Path, strings.TrimSuffix(s.Text, "\n"))
	}
	return b.String()
}

// booked is what each strategy made, in the account's currency.
func (k deskLedger) booked(currency string) (map[string]decimal.Decimal, error) {
	sums, err := k.PnL(ledger.Filter{Account: k.Account})
	if err != nil {
		return nil, err
	}
	out := map[string]decimal.Decimal{}
	for i := range sums {
		if p := &sums[i]; p.Asset == currency || exchange.IsDollar(p.Asset) {
			out[p.Strategy] = out[p.Strategy].Add(p.Net)
		}
	}
	return out, nil
}

// closedPairs are pairs that are done, newest first.
func (k deskLedger) closedPairs(strategy string, most int) ([]control.Pair, error) {
	return k.pairs(ledger.Filter{Account: k.Account, Strategy: strategy}, most, func(p *ledger.Pair) bool { return p.Done })
}

func (k deskLedger) pairs(f ledger.Filter, most int, wanted func(*ledger.Pair) bool) ([]control.Pair, error) {
	rows, err := k.Pairs(f)
	out := []control.Pair{}
	for i := len(rows) - 1; i >= 0 && len(out) < most; i-- {
		if p := &rows[i]; wanted(p) {
			out = append(out, keptPair(p))
		}
	}
	return out, sorted(err)
}

// keptPair is a pair as its row has it.
func keptPair(p *ledger.Pair) control.Pair {
	v := control.Pair{ID: uint64(p.ID), Strategy: p.Strategy, State: p.State, Why: p.Reason, Tag: p.Tag, Notional: p.Notional, Legs: []control.Leg{
		{Instrument: p.Spot, Side: "long", Qty: p.SpotQty, Cost: p.SpotCost}, {Instrument: p.Perp, Side: "short", Qty: p.PerpQty, Cost: p.PerpCost}},
		MaxUnhedged: p.MaxUnhedged, MaxUnhedgedMS: millis(p.MaxUnhedgedTime), OpenBasis: p.OpenBasis, Funding: p.Funding, Fees: p.Fees, Interest: p.Interest,
		Realised: p.Realised, Settlements: p.Settlements, Opened: p.Opened.UTC(), Closed: utc(p.Closed)}
	var saved core.SavedPair
	if json.Unmarshal([]byte(p.Detail), &saved) == nil && saved.Pair.Spread.Is() {
		for i := range v.Legs {
			h := &saved.Pair.Spread.Legs[[...]int{intent.LongLeg, intent.ShortLeg}[i]]
			v.Legs[i].Cost = h.Cash
		}
	}
	return v
}

// levelsFrom are the levels of lines that are as bad as one, or worse.
func levelsFrom(level string) ([]string, error) {
	all := []string{"debug", "info", "warn", "error"}
	if level == "" {
		return nil, nil
	}
	at := slices.Index(all, level)
	if at < 0 {
		return nil, control.Errorf(control.BadRequest, "level: %q: want one of %s", level, strings.Join(all, ", "))
	}
	return all[at:], nil
}

func (k deskLedger) log(ctx context.Context, a control.LogArgs) ([]control.LogLine, error) {
	n, err := rowsIn(a.Limit, 200, 2000)
	if err != nil {
		return nil, err
	}
	levels, err := levelsFrom(a.Level)
	if err != nil {
		return nil, err
	}
	from := timeOf(a.Since)
	rows, err := k.Lines(ctx, ledger.Page{Strategy: ownStrategy(a.Strategy), From: max(from, 1), Limit: n}, levels, a.Grep)
	out := []control.LogLine{}
	for i := len(rows) - 1; i >= 0; i-- {
		l := &rows[i]
		out = append(out, control.LogLine{Time: l.Time.UTC(), Level: l.Level, Strategy: ofHost(l.Strategy), Where: l.Where, Text: l.Text})
	}
	return out, sorted(err)
}

// ownStrategy is a strategy as rows have it.
func ownStrategy(name string) string {
	if name == "host" {
		return ""
	}
	return name
}
