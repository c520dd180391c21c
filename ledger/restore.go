package ledger

import (
	"cmp"
	"database/sql"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Snapshot is what the ledger knows of an account: enough to go on with it.
// The fills behind the positions come from DB.EachFill.
type Snapshot struct {
	Session   Session
	LastRun   *Run       // nil: the account never ran
	Balances  []Balance  // not zero, by account and asset
	Positions []Position // not flat, by strategy, market and symbol
	Orders    []Order    // that may still fill, by number
	Pairs     []Pair     // that are not done, by number
	Schedules []Schedule // that are not done, by number
	// Conditionals are those of groups of which any is not done, by group and number.
	Conditionals []Conditional
	Transit      []Transfer    // neither arrived nor failed, by number
	States       []State       // latest of each strategy, by strategy
	Versions     []Version     // latest loaded of each strategy, by strategy
	LastTime     exchange.Time // of the latest row
	// The first numbers that were not used.
	NextOrder    exchange.OrderID
	NextPair     exchange.PairID
	NextSchedule exchange.ScheduleID
	NextTransfer uint64
	NextQuestion uint64 // to the advisor
	NextTrade    uint64 // over all instruments, of trade ids that are numbers
}

// Balance is the sum of the postings of one asset account, A:<wallet>.
type Balance struct {
	Account string // "A:spot", "A:transit"
	Asset   string
	Amount  decimal.Decimal
}

// Transfer is the latest state of a transfer between wallets.
type Transfer struct {
	exchange.Transfer        // Strategy is -1: the name counts
	StrategyName      string // empty: the host
	Time              exchange.Time
}

// State is what a strategy left to find again.
type State struct {
	Strategy string
	Version  int
	Time     exchange.Time
	JSON     string
}

// Restore reads what the ledger knows of an account. Call it while no Writer is
// at work. ErrNotFound if there is no such account.
func (rd *Reader) Restore(account string) (*Snapshot, error) {
	session, err := rd.Session(account)
	if err != nil {
		return nil, err
	}
	r := restoring{rd, &Snapshot{Session: *session, LastTime: session.LastTime}}
	if err := r.fill(Filter{Account: account}); err != nil {
		return nil, err
	}
	return r.to, nil
}

// restoring is a snapshot that is being read.
type restoring struct {
	*Reader
	to *Snapshot
}

func (r restoring) fill(f Filter) error {
	for _, read := range []func() error{
		r.lastRun,
		func() (err error) { r.to.Balances, err = r.Balances(f.Account); return },
		func() (err error) { r.to.Positions, err = r.openPositions(f); return },
		func() (err error) {
			r.to.Orders, err = r.orders(f, " AND x.status IN ('new', 'accepted', 'partial', 'unknown')")
			return
		},
		func() (err error) { r.to.Pairs, err = r.pairs(f, " AND x.done = 0"); return },
		func() (err error) { r.to.Schedules, err = r.schedules(f, " AND x.done = 0"); return },
		func() (err error) {
			r.to.Conditionals, err = conditionals(r.Reader, f, ` AND EXISTS (SELECT 1 FROM conditionals y
				WHERE y.session = x.session AND y.group_id = x.group_id AND y.done = 0)`)
			return
		},
		func() (err error) { r.to.Transit, err = r.inTransit(); return },
		func() (err error) { r.to.States, err = r.latestStates(); return },
		func() (err error) { r.to.Versions, err = r.latestVersions(f); return },
		r.nextNumbers,
	} {
		if err := read(); err != nil {
			return err
		}
	}
	return nil
}

func (r restoring) lastRun() error {
	runs, err := r.runs("WHERE r.session = ?", int64(r.to.Session.ID))
	if len(runs) > 0 {
		r.to.LastRun = &runs[len(runs)-1]
	}
	return err
}

// Balances adds up the postings of an account's wallets exactly. Those that are
// zero are left out.
func (rd *Reader) Balances(account string) ([]Balance, error) {
	type key struct{ account, asset string }
	sums := make(map[key]decimal.Decimal)
	err := each(rd, `SELECT p.account, p.asset, p.amount FROM posting p JOIN txn t ON t.id = p.txn JOIN session s ON s.id = t.session
		WHERE s.account = ? AND p.account LIKE 'A:%'`,
		func(rows *sql.Rows) error {
			var k key
			var amount decimal.Decimal
			if err := rows.Scan(&k.account, &k.asset, &amount); err != nil {
				return err
			}
			sums[k] = sums[k].Add(amount)
			return nil
		}, account)
	var out []Balance
	for k, sum := range sums {
		if !sum.IsZero() {
			out = append(out, Balance{k.account, k.asset, sum})
		}
	}
	slices.SortFunc(out, func(a, b Balance) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Asset, b.Asset))
	})
	return out, err
}

func (r restoring) openPositions(f Filter) ([]Position, error) {
	all, err := r.Positions(f)
	return slices.DeleteFunc(all, func(p Position) bool { return p.Qty.IsZero() }), err
}

func (r restoring) inTransit() ([]Transfer, error) {
	return collect(r.Reader, `SELECT id, time, strategy, asset, from_wallet, to_wallet, amount, reason FROM transfers
		WHERE session = ? AND state = 'sent' ORDER BY id`,
		func(rows *sql.Rows, t *Transfer) error {
			t.Strategy = -1
			return rows.Scan(&t.ID, &t.Time, &t.StrategyName, &t.Asset, &t.From, &t.To, &t.Amount, &t.Reason)
		}, int64(r.to.Session.ID))
}

func (r restoring) latestStates() ([]State, error) {
	return collect(r.Reader, `SELECT x.strategy, x.version, x.time, x.json FROM strategy_state x
		WHERE x.session = ?1 AND NOT EXISTS (
			SELECT 1 FROM strategy_state y WHERE y.session = ?1 AND y.strategy = x.strategy AND (y.run, y.seq) > (x.run, x.seq))
		ORDER BY x.strategy`,
		func(rows *sql.Rows, x *State) error { return rows.Scan(&x.Strategy, &x.Version, &x.Time, &x.JSON) }, int64(r.to.Session.ID))
}

func (r restoring) latestVersions(f Filter) ([]Version, error) {
	all, err := r.Versions(f)
	latest := make(map[string]int)
	for i, v := range all {
		if v.Outcome != "refused" {
			latest[v.Strategy] = i
		}
	}
	var out []Version
	for _, i := range latest {
		out = append(out, all[i])
	}
	slices.SortFunc(out, func(a, b Version) int { return cmp.Compare(a.Strategy, b.Strategy) })
	return out, err
}

func (r restoring) nextNumbers() error {
	return each(r.Reader, `SELECT
		(SELECT max((SELECT coalesce(max(id), 0) FROM orders WHERE session = ?1), (SELECT coalesce(max(id), 0) FROM conditionals WHERE session = ?1)) + 1),
		(SELECT coalesce(max(id), 0) + 1 FROM pairs WHERE session = ?1),
		(SELECT coalesce(max(id), 0) + 1 FROM schedules WHERE session = ?1),
		(SELECT coalesce(max(id), 0) + 1 FROM transfers WHERE session = ?1),
		(SELECT coalesce(max(id), 0) + 1 FROM advice WHERE session = ?1),
		(SELECT coalesce(max(CAST(trade_id AS INTEGER)), 0) + 1 FROM fills WHERE session = ?1)`,
		func(rows *sql.Rows) error {
			return rows.Scan(&r.to.NextOrder, &r.to.NextPair, &r.to.NextSchedule, &r.to.NextTransfer, &r.to.NextQuestion, &r.to.NextTrade)
		}, int64(r.to.Session.ID))
}
