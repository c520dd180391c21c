package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/ledger"
)

// ReconcileOptions are the period that is compared, by the venues' clocks: From <= time < To.
type ReconcileOptions struct {
	From exchange.Time // 0: since the ledger's first session was opened
	To   exchange.Time // 0: to now
}

// What a Difference is.
const (
	MissingInLedger = "missing in the ledger"
	MissingAtVenue  = "missing at the venue"
	Differs         = "differs"
)

// Difference is one thing that a ledger and a venue do not have alike.
type Difference struct {
	House  string        `json:"house"`
	Kind   string        `json:"kind"` // trade, funding, transfer, interest, insurance or other
	What   string        `json:"what"` // MissingInLedger, MissingAtVenue or Differs
	Name   string        `json:"name"` // instrument or wallets
	ID     string        `json:"id"`
	Time   exchange.Time `json:"time"`             // ns since 1970, by the venue
	Ledger string        `json:"ledger,omitempty"` // what the ledger says
	Venue  string        `json:"venue,omitempty"`  // what the venue says
}

func (d *Difference) String() string {
	text := fmt.Sprintf("%s %s %s %s of %s: %s", d.House, d.Kind, d.Name, d.ID, d.Time, d.What)
	switch {
	case d.Ledger != "" && d.Venue != "":
		return text + ": the ledger has " + d.Ledger + ", the venue " + d.Venue
	case d.Ledger != "":
		return text + ": " + d.Ledger
	}
	return text + ": " + d.Venue
}

// ReconcileTotal is what one kind sums to in an asset. Of trades it is their fees.
type ReconcileTotal struct {
	House  string `json:"house"`
	Kind   string `json:"kind"`
	Asset  string `json:"asset"`
	Rows   int    `json:"rows"` // in the ledger
	Ledger Money  `json:"ledger"`
	Venue  Money  `json:"venue"`
}

// Reconciliation is what came of a comparison.
type Reconciliation struct {
	From        exchange.Time    `json:"from"`
	To          exchange.Time    `json:"to"` // 0: to now
	Houses      []string         `json:"houses"`
	Compared    int              `json:"compared"` // rows of either side
	Differences []Difference     `json:"differences"`
	More        int              `json:"more"` // beyond the first 10,000
	Totals      []ReconcileTotal `json:"totals"`
	NotAsked    []string         `json:"not_asked"` // what a venue keeps no history of, or did not tell
	Failed      bool             `json:"failed"`    // something of NotAsked is kept, and was not told
}

// mostDifferences bounds what a person has to read.
const mostDifferences = 10_000

// late is how far the time of the same row may be apart on the two sides of a period's ends.
const late = exchange.Hour

// Reconcile compares a ledger with what the venues of o themselves have of a period: trades,
// funding, transfers, interest and other income, row by row. It pages through each venue's
// history within its limits of requests, waiting for room until ctx ends, takes no lock and changes nothing, also beside a
// session that runs. What a venue can't be asked is told, and compared nowhere.
func Reconcile(ctx context.Context, o *Options, p ReconcileOptions) (*Reconciliation, error) {
	if err := needsContext(ctx, "Reconcile"); err != nil {
		return nil, err
	}
	b, err := readBooked(ctx, cmp.Or(o.DB, "perilune-live.db"))
	if err != nil {
		return nil, err
	}
	r := &Reconciliation{From: max(p.From, b.opened), To: p.To, Houses: []string{}, Differences: []Difference{}, Totals: []ReconcileTotal{}, NotAsked: []string{}}
	err = o.visit(ctx, func(house string, c connect.Account, say func(string), failed error) {
		x := &reconciling{Reconciliation: r, house: house, c: c, say: say, booked: b, asked: p, totals: map[string]*ReconcileTotal{}}
		if failed == nil {
			var uid string
			uid, failed = untilTold(ctx, say, func() (string, error) { return c.UID(ctx) })
			if failed == nil && !strings.Contains(b.accounts, uid) {
				failed = fmt.Errorf("the key is of account %s, and the ledger of %s", uid, b.accounts)
			}
		}
		if failed != nil {
			x.notTold("anything", failed)
			return
		}
		r.Houses = append(r.Houses, house)
		x.trades(ctx)
		x.income(ctx)
		x.transfers(ctx)
		x.sum()
	})
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	slices.SortFunc(r.Differences, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.House, b.House), cmp.Compare(a.ID, b.ID))
	})
	if more := len(r.Differences) - mostDifferences; more > 0 {
		r.Differences, r.More = r.Differences[:mostDifferences], more
	}
	return r, nil
}

// bookedRows are what a ledger has of all its sessions.
type bookedRows struct {
	opened   exchange.Time
	accounts string
	house    string // that names leave out
	trades   []ledger.Booked
	payments []ledger.Booked
	income   []ledger.Booked
	moves    []ledger.Booked
}

func readBooked(ctx context.Context, path string) (*bookedRows, error) {
	db, err := ledger.Open(ledger.Options{Path: path, ReadOnly: true})
	if err != nil {
		return nil, &LedgerError{err}
	}
	defer db.Close()
	if db.Mode() != ledger.Live {
		return nil, &LedgerError{fmt.Errorf("ledger %s is of mode %s: no venue has anything of it", path, db.Mode())}
	}
	all, err := db.Sessions()
	if err != nil || len(all) == 0 {
		return nil, cmp.Or(err, error(&LedgerError{fmt.Errorf("ledger %s has no session yet", path)}))
	}
	b := &bookedRows{opened: cmp.Or(all[0].Opened, all[0].Started), house: HouseOf(all[0].Market), accounts: db.Account()}
	err = db.At(ctx, func(v *ledger.View) error {
		for _, read := range []struct {
			into *[]ledger.Booked
			rows func(context.Context) ([]ledger.Booked, error)
		}{{&b.trades, v.Trades}, {&b.payments, v.Payments}, {&b.income, v.Income}, {&b.moves, v.Moves}} {
			list, err := read.rows(ctx)
			if err != nil {
				return err
			}
			for i := range list {
				list[i].Market = fullName(b.house, list[i].Market)
			}
			*read.into = list
		}
		return nil
	})
	return b, err
}

// reconciling is a comparison with one venue.
type reconciling struct {
	*Reconciliation
	house  string
	c      connect.Account
	say    func(string)
	booked *bookedRows
	asked  ReconcileOptions
	totals map[string]*ReconcileTotal
}

// within reports whether a time is of the period.
func (x *reconciling) within(t exchange.Time) bool { return t >= x.From && (x.To == 0 || t < x.To) }

// inLedger is within for a row that the venue does not have, by the ledger's own time: the
// ledger has none of before it was begun.
func (x *reconciling) inLedger(t exchange.Time) bool {
	return (x.asked.From == 0 || t >= x.From) && (x.To == 0 || t < x.To)
}

// near is within with what may be on the other side of an end.
func (x *reconciling) near(t exchange.Time) bool {
	return t >= x.From-late && (x.To == 0 || t < x.To+late)
}

// ours reports whether a name of the ledger is of the venue.
func (x *reconciling) ours(name string) bool { return exchange.Venue(name).House() == x.house }

// notTold notes what the venue was not compared in. An error is one of asking.
func (x *reconciling) notTold(what string, err error) {
	text := x.house + ": " + what
	if err != nil {
		text += " could not be asked for: " + advised(err).Error()
		x.Failed = true
	}
	x.NotAsked = append(x.NotAsked, text)
}

// listed is one thing on one side.
type listed struct {
	name, id string
	time     exchange.Time
	amount   decimal.Decimal // that totals add up
	asset    string
	says     string // all that is compared
}

func (x *reconciling) total(kind, asset string) *ReconcileTotal {
	key := kind + " " + asset
	if x.totals[key] == nil {
		x.totals[key] = &ReconcileTotal{House: x.house, Kind: kind, Asset: asset}
	}
	return x.totals[key]
}

func (x *reconciling) sum() {
	for _, key := range sortedKeys(x.totals) {
		x.Totals = append(x.Totals, *x.totals[key])
	}
}

// compare compares the rows of a kind by their names and ids.
func (x *reconciling) compare(kind string, booked, told []listed) {
	key := func(r *listed) string { return r.name + " " + r.id + " " + r.asset }
	there, here := map[string]*listed{}, map[string]*listed{}
	for i := range told {
		there[key(&told[i])] = &told[i]
	}
	for i := range booked {
		r := &booked[i]
		here[key(r)] = r
		v := there[key(r)]
		if v != nil && !x.within(v.time) || v == nil && !x.inLedger(r.time) {
			continue
		}
		t := x.total(kind, r.asset)
		t.Rows, t.Ledger = t.Rows+1, Money{t.Ledger.Add(r.amount)}
		x.Compared++
		if v == nil {
			x.differ(Difference{Kind: kind, What: MissingAtVenue, Name: r.name, ID: r.id, Time: r.time, Ledger: r.says})
		} else if v.says != r.says {
			x.differ(Difference{Kind: kind, What: Differs, Name: r.name, ID: r.id, Time: v.time, Ledger: r.says, Venue: v.says})
		}
	}
	for i := range told {
		r := &told[i]
		b := here[key(r)]
		if !x.within(r.time) {
			continue
		}
		t := x.total(kind, r.asset)
		t.Venue = Money{t.Venue.Add(r.amount)}
		if b == nil {
			x.Compared++
			x.differ(Difference{Kind: kind, What: MissingInLedger, Name: r.name, ID: r.id, Time: r.time, Venue: r.says})
		}
	}
}

func (x *reconciling) differ(d Difference) {
	d.House = x.house
	x.Differences = append(x.Differences, d)
}

// trades compares the executions in every instrument that the ledger or the account has
// anything of. Venues list them by instrument.
func (x *reconciling) trades(ctx context.Context) {
	type instrument struct{ venue, symbol string }
	var list []instrument
	booked := map[instrument][]listed{}
	before := map[instrument]*ledger.Booked{} // the last one that is not of the period
	for i := range x.booked.trades {
		b := &x.booked.trades[i]
		if !x.ours(b.Market) || strings.HasPrefix(b.ID, oms.Adjusted) || strings.HasPrefix(b.ID, crossed) {
			continue // what no execution of the venue is behind
		}
		in := instrument{b.Market, b.Symbol}
		if _, ok := booked[in]; !ok {
			list = append(list, in)
			booked[in] = nil
		}
		if last := before[in]; b.Time < x.From-late && (last == nil || b.Time > last.Time) {
			before[in] = b
		}
		booked[in] = append(booked[in], listed{in.venue + ":" + in.symbol, b.ID, b.Time, b.Fee, b.Asset, trade(b.Side, b.Qty, b.Price, b.Fee, b.Asset)})
	}
	segments := x.c.Profile().Segments
	for _, g := range segments {
		if g.Spot {
			continue
		}
		open, err := untilTold(ctx, x.say, func() ([]oms.Position, error) { return x.c.Positions(ctx, g.Venue) })
		if err != nil {
			x.notTold("positions of "+string(g.Venue), err)
		}
		for i := range open {
			in := instrument{fullName(x.house, string(open[i].Venue)), open[i].Symbol}
			if _, ok := booked[in]; !ok {
				list = append(list, in)
				booked[in] = nil
			}
		}
	}
	x.notTold("trades in instruments that the ledger has never traded and the account holds nothing of: the venue lists them by instrument", nil)
	for _, in := range list {
		at := slices.IndexFunc(segments, func(g oms.Segment) bool { return fullName(x.house, string(g.Venue)) == in.venue })
		if at < 0 {
			x.notTold("trades of "+in.venue+":"+in.symbol+": the account has no such part", nil)
			continue
		}
		told, err := untilTold(ctx, x.say, func() ([]oms.Execution, error) {
			return x.c.Executions(ctx, segments[at].Venue, in.symbol, x.from(before[in]))
		})
		if err != nil {
			x.notTold("trades of "+in.venue+":"+in.symbol, err)
			continue
		}
		var rows []listed
		for i := range told {
			if e := &told[i]; x.near(e.Time) {
				rows = append(rows, listed{in.venue + ":" + in.symbol, e.TradeID, e.Time, e.Fee, e.FeeAsset, trade(e.Side.String(), e.Qty, e.Price, e.Fee, e.FeeAsset)})
			}
		}
		x.compare("trade", booked[in], rows)
	}
}

// crossed begins the id of a trade inside the account.
const crossed = "cross-"

func trade(side string, qty, price, fee decimal.Decimal, asset string) string {
	return fmt.Sprintf("%s %s at %s, fee %s %s", side, qty, price, fee, asset)
}

// from is where a listing of executions begins for the period.
func (x *reconciling) from(before *ledger.Booked) oms.Cursor {
	cursor := x.c.Profile().Cursor
	switch {
	case cursor == nil:
		return oms.CursorOfTime("", max(0, x.From-late))
	case before == nil:
		return ""
	}
	return cursor(before.ID, before.Time)
}

// kinds are what income is called.
var kinds = map[oms.IncomeKind]string{oms.IncomeFunding: "funding", oms.IncomeInsurance: "insurance", oms.IncomeInterest: "interest", oms.IncomeOther: "other"}

// income compares funding, interest, insurance and the rest of the logs of the wallets.
func (x *reconciling) income(ctx context.Context) {
	asked, ok := x.c.(oms.Incomes)
	if !ok {
		x.notTold("funding and other income: the venue keeps no log of it", nil)
		return
	}
	told := map[string][]listed{}
	logged := x.c.Profile().Income
	for _, w := range logged {
		list, err := untilTold(ctx, x.say, func() ([]oms.Income, error) { return asked.Income(ctx, w, max(0, x.From-late)) })
		if err != nil {
			x.notTold("income of "+string(w), err)
			return // what is not told would look as if it were missing
		}
		for i := range list {
			r := &list[i]
			kind, ok := kinds[r.Kind]
			if !ok || !x.near(r.Time) {
				continue
			}
			name, id := fullName(x.house, string(r.Wallet)), r.Row()
			if r.Kind == oms.IncomeFunding {
				name = fullKey(x.house, r.Venue, r.Symbol)
			}
			told[kind] = append(told[kind], listed{name, id, r.Time, r.Amount, r.Asset, r.Amount.String() + " " + r.Asset})
		}
	}
	booked := map[string][]listed{}
	for i := range x.booked.payments {
		if b := &x.booked.payments[i]; x.ours(b.Market) {
			booked["funding"] = append(booked["funding"], listed{name: b.Market + ":" + b.Symbol, id: oms.FundingRow(b.Symbol, b.ID), time: b.Time, amount: b.Qty, asset: b.Asset})
		}
	}
	for i := range x.booked.income {
		if b := &x.booked.income[i]; x.ours(b.Market) {
			kind := b.Kind
			if kind == "adjust" {
				kind = "other"
			}
			booked[kind] = append(booked[kind], listed{name: b.Market, id: b.ID, time: b.Time, amount: b.Qty, asset: b.Asset})
		}
	}
	for _, w := range walletsOf(x.c) {
		if !slices.Contains(logged, w) {
			x.notTold("income of wallet "+string(w)+": the venue keeps no log of it", nil)
		}
	}
	for _, kind := range []string{"funding", "interest", "insurance", "other"} {
		x.compare(kind, summed(booked[kind]), told[kind])
	}
}

// summed are rows that several holders have parts of, each once.
func summed(parts []listed) (out []listed) {
	at := map[string]int{}
	for _, p := range parts {
		key := p.name + " " + p.id + " " + p.asset
		if i, ok := at[key]; ok {
			out[i].amount = out[i].amount.Add(p.amount)
			continue
		}
		at[key] = len(out)
		out = append(out, p)
	}
	for i := range out {
		out[i].says = out[i].amount.String() + " " + out[i].asset
	}
	return out
}

// transfers compares what was moved between the account's wallets. The ledger has no number of
// the venue's for a transfer, so those between the same wallets of the same amount are paired in
// the order of their times. Where the venue's history has no room for a number of ours, the last
// decimals of the amount that was asked for are it, and tell two of a sum apart.
func (x *reconciling) transfers(ctx context.Context) {
	asked, ok := x.c.(oms.Transfers)
	wallets := walletsOf(x.c)
	if !ok || len(wallets) < 2 {
		if len(wallets) > 1 {
			x.notTold("transfers: the venue keeps no history of them", nil)
		}
		return
	}
	route := x.c.Profile().Route
	var told []listed
	for _, from := range wallets {
		for _, to := range wallets {
			if from == to || route != nil && route(from, to) != "" {
				continue
			}
			list, err := untilTold(ctx, x.say, func() ([]oms.TransferRow, error) {
				return asked.TransferHistory(ctx, from, to, max(0, x.From-late))
			})
			if err != nil {
				x.notTold(fmt.Sprintf("transfers from %s to %s", from, to), err)
				return
			}
			for i := range list {
				if t := &list[i]; t.Done && x.near(t.Time) {
					told = append(told, moved(x.house, string(t.From), string(t.To), t.Time, t.Amount, t.Asset))
				}
			}
		}
	}
	var booked []listed
	for i := range x.booked.moves {
		if b := &x.booked.moves[i]; x.ours(b.Market) {
			booked = append(booked, moved(x.house, b.Market, b.Symbol, b.Time, x.askedFor(b), b.Asset))
		}
	}
	numbered(told)
	numbered(booked)
	x.compare("transfer", booked, told)
}

// askedFor is the amount of a transfer as the venue was asked for it: see oms.Profile. The
// ledger has it as it was decided on.
func (x *reconciling) askedFor(b *ledger.Booked) decimal.Decimal {
	mark := x.c.Profile().MarkTransfer
	if mark == nil {
		return b.Qty
	}
	_, number, _ := strings.Cut(b.ID, "/")
	id, err := strconv.ParseUint(number, 10, 64)
	if marked := mark(b.Qty, id); err == nil && marked.IsPositive() {
		return marked
	}
	return b.Qty
}

func moved(house, from, to string, at exchange.Time, amount decimal.Decimal, asset string) listed {
	return listed{name: fullName(house, from) + " to " + fullName(house, to), id: amount.String(), time: at, amount: amount, asset: asset, says: amount.String() + " " + asset}
}

// numbered makes rows that are the same different by their place.
func numbered(rows []listed) {
	slices.SortStableFunc(rows, func(a, b listed) int { return cmp.Compare(a.time, b.time) })
	seen := map[string]int{}
	for i := range rows {
		key := rows[i].name + " " + rows[i].id + " " + rows[i].asset
		if seen[key]++; seen[key] > 1 {
			rows[i].id += fmt.Sprintf(" (%d)", seen[key])
		}
	}
}

// ErrDiffers is that a ledger and its venues do not agree.
var ErrDiffers = errors.New("the ledger and the venue differ")

// Err is nil when both have the same and everything that is kept was told.
func (r *Reconciliation) Err() error {
	n := len(r.Differences) + r.More
	switch {
	case n > 0:
		return fmt.Errorf("%w in %d rows of %d", ErrDiffers, n, r.Compared)
	case r.Failed:
		return &AccountError{errors.New("not everything could be compared: " + strings.Join(r.NotAsked, "; "))}
	}
	return nil
}
