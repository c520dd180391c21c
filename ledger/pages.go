package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Pages reads a session's ledger page by page, newest first, while it is written. The
// zero fields of a Page do not narrow it.
type Pages struct {
	*Reader
	Account string
}

// Page chooses rows. Without From and To they are of the newest run alone, whose events
// Before counts.
type Page struct {
	Strategy   string
	Instrument string // its key, or "market:symbol"
	Pair       exchange.PairID
	From, To   exchange.Time // From <= time < To
	Before     uint64        // only rows of events before this one
	Limit      int
}

// where is the page in SQL, for a row x of a run r of a session s.
func (p *Page) where(account string, columns ...string) (string, []any) {
	cond, args := []string{"s.account = ?"}, []any{account}
	add := func(c string, a any) { cond, args = append(cond, c), append(args, a) }
	if p.From != 0 {
		add("x.time >= ?", int64(p.From))
	}
	if p.To != 0 {
		add("x.time < ?", int64(p.To))
	}
	if p.From == 0 && p.To == 0 {
		add("r.id = (SELECT max(run.id) FROM run JOIN session ON session.id = run.session WHERE session.account = ?)", account)
	}
	if p.Before != 0 {
		add("x.seq < ?", int64(p.Before))
	}
	if p.Strategy != "" && slices.Contains(columns, "strategy") {
		add("x.strategy = ?", p.Strategy)
	}
	if p.Instrument != "" && slices.Contains(columns, "symbol") {
		add("x.market || ':' || x.symbol = ?", p.Instrument)
	}
	if p.Pair != 0 && slices.Contains(columns, "pair") {
		add("x.pair = ?", int64(p.Pair))
	}
	return strings.Join(cond, " AND "), args
}

func paged[T any](ctx context.Context, rd *Reader, query string, args []any, scan func(*sql.Rows, *T) error) ([]T, error) {
	rows, err := rd.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("ledger: query: %w", err)
	}
	defer rows.Close()
	out := []T{}
	for rows.Next() {
		var v T
		if err := scan(rows, &v); err != nil {
			return nil, fmt.Errorf("ledger: read row: %w", err)
		}
		out = append(out, v)
	}
	return out, classify(rows.Err())
}

const joinRun = " x JOIN run r ON r.id = x.run JOIN session s ON s.id = r.session WHERE "

// Fills returns a page of executions.
func (p Pages) Fills(ctx context.Context, page Page) ([]Fill, error) {
	where, args := page.where(p.Account, "strategy", "symbol", "pair")
	return paged(ctx, p.Reader, `SELECT x.run, x.seq, x.time, x.strategy, x.pair, x.market, x.symbol, x.trade_id, x.order_id, x.client_id, x.side, x.price, x.qty,
			x.maker, x.fee, x.fee_asset, x.realised, x.reason, coalesce(o.schedule, 0)
		FROM fill_parts x JOIN run r ON r.id = x.run JOIN session s ON s.id = r.session LEFT JOIN orders o ON o.session = x.session AND o.id = x.order_id WHERE `+
		where+" ORDER BY x.run DESC, x.seq DESC, x.id DESC LIMIT ?", append(args, page.Limit),
		func(rows *sql.Rows, x *Fill) error {
			return rows.Scan(&x.Run, &x.Seq, &x.Time, &x.Strategy, &x.Pair, &x.Venue, &x.Symbol, &x.TradeID, &x.Order, &x.ClientID, scanSide(&x.Side), &x.Price, &x.Qty,
				&x.Maker, &x.Fee, &x.FeeAsset, &x.Realised, &x.Reason, &x.Schedule)
		})
}

// FillOf finds an execution by its trade id; false when there is none.
func (p Pages) FillOf(ctx context.Context, trade string) (f Fill, ok bool, err error) {
	list, err := paged(ctx, p.Reader, `SELECT x.run, x.seq, x.order_id FROM fills x JOIN run r ON r.id = x.run JOIN session s ON s.id = r.session
		WHERE s.account = ? AND x.trade_id = ? ORDER BY x.id DESC LIMIT 1`, []any{p.Account, trade},
		func(rows *sql.Rows, x *Fill) error { return rows.Scan(&x.Run, &x.Seq, &x.Order) })
	if err != nil || len(list) == 0 {
		return f, false, err
	}
	return list[0], true, nil
}

// PaidFunding is a settlement of funding as a page has it.
type PaidFunding struct {
	Seq      uint64
	Time     exchange.Time
	Strategy string
	Pair     exchange.PairID
	Market   string
	Symbol   string
	Rate     decimal.Decimal
	Amount   decimal.Decimal
	Asset    string
}

// Funding returns a page of settlements.
func (p Pages) Funding(ctx context.Context, page Page) ([]PaidFunding, error) {
	where, args := page.where(p.Account, "strategy", "symbol", "pair")
	return paged(ctx, p.Reader, "SELECT x.seq, x.time, x.strategy, x.pair, x.market, x.symbol, x.rate, x.amount, x.asset FROM funding"+joinRun+where+
		" ORDER BY x.run DESC, x.seq DESC, x.id DESC LIMIT ?", append(args, page.Limit),
		func(rows *sql.Rows, x *PaidFunding) error {
			return rows.Scan(&x.Seq, &x.Time, &x.Strategy, &x.Pair, &x.Market, &x.Symbol, &x.Rate, &x.Amount, &x.Asset)
		})
}

// Commands returns a page of what the session was told.
func (p Pages) Commands(ctx context.Context, page Page) ([]Command, error) {
	where, args := page.where(p.Account)
	if page.Strategy != "" {
		where, args = where+" AND json_extract(x.args, '$.strategy') = ?", append(args, page.Strategy)
	}
	return paged(ctx, p.Reader, "SELECT x.run, x.seq, x.time, x.by, x.why, x.op, x.args, x.outcome FROM commands"+joinRun+where+
		" ORDER BY x.run DESC, x.seq DESC, x.n DESC LIMIT ?", append(args, page.Limit),
		func(rows *sql.Rows, x *Command) error {
			return rows.Scan(&x.Run, &x.Seq, &x.Time, &x.By, &x.Why, &x.Op, &x.Args, &x.Outcome)
		})
}

// Lines returns a page of the log, newest first.
func (p Pages) Lines(ctx context.Context, page Page, levels []string, text string) ([]LogLine, error) {
	where, args := page.where(p.Account, "strategy")
	if len(levels) > 0 {
		where += " AND x.level IN (" + strings.TrimSuffix(strings.Repeat("?,", len(levels)), ",") + ")"
		for _, l := range levels {
			args = append(args, l)
		}
	}
	if text != "" {
		where, args = where+" AND instr(x.text, ?) > 0", append(args, text)
	}
	return paged(ctx, p.Reader, "SELECT x.time, x.strategy, x.level, x.place, x.text FROM log"+joinRun+where+
		" ORDER BY x.run DESC, x.seq DESC, x.n DESC LIMIT ?", append(args, page.Limit),
		func(rows *sql.Rows, x *LogLine) error {
			return rows.Scan(&x.Time, &x.Strategy, &x.Level, &x.Where, &x.Text)
		})
}

// Drawn is a point of a curve.
type Drawn struct {
	Time     exchange.Time
	Strategy string
	Series   string
	Value    float64
}

// Equity returns samples of the account's value, oldest first: one in so many that no
// more than most come.
func (p Pages) Equity(ctx context.Context, from, to exchange.Time, most int) ([]Drawn, error) {
	const rows = "FROM equity x JOIN run r ON r.id = x.run JOIN session s ON s.id = r.session WHERE s.account = ?1 AND x.time >= ?2 AND (?3 = 0 OR x.time < ?3)"
	return paged(ctx, p.Reader, `SELECT time, amount FROM (SELECT x.time, x.amount, row_number() OVER (ORDER BY x.run, x.seq) AS k, count(*) OVER () AS n `+rows+`)
		WHERE (k - 1) % max(1, (n + ?4 - 1) / ?4) = 0 OR k = n ORDER BY k`, []any{p.Account, int64(from), int64(to), most},
		func(rows *sql.Rows, x *Drawn) error { return rows.Scan(&x.Time, &x.Value) })
}

// Chart returns what strategies plotted, oldest first: of each series one point in so many
// that no more than most of each come.
func (p Pages) Chart(ctx context.Context, strategy string, from, to exchange.Time, most int) ([]Drawn, error) {
	const rows = `FROM chart x JOIN run r ON r.id = x.run JOIN session s ON s.id = r.session
		WHERE s.account = ?1 AND x.time >= ?2 AND (?3 = 0 OR x.time < ?3) AND ?4 IN ('', x.strategy)`
	return paged(ctx, p.Reader, `SELECT time, strategy, series, value FROM (SELECT x.time, x.strategy, x.series, x.value,
			row_number() OVER (PARTITION BY x.strategy, x.series ORDER BY x.run, x.seq, x.n) AS k, count(*) OVER (PARTITION BY x.strategy, x.series) AS n `+rows+`)
		WHERE (k - 1) % max(1, (n + ?5 - 1) / ?5) = 0 OR k = n ORDER BY strategy, series, k LIMIT 200000`, []any{p.Account, int64(from), int64(to), strategy, most},
		func(rows *sql.Rows, x *Drawn) error { return rows.Scan(&x.Time, &x.Strategy, &x.Series, &x.Value) })
}

// Versions returns versions of scripts, newest first. number 0 is any; sources come with
// those of a number only, unless all are wanted.
func (p Pages) Versions(ctx context.Context, strategy string, number, limit int) ([]Version, error) {
	return paged(ctx, p.Reader, `SELECT x.run, x.time, x.strategy, x.version, x.hash, x.path, x.sources, x.outcome, x.problem, x.by, x.why, x.took
		FROM strategy_version x JOIN run r ON r.id = x.run JOIN session s ON s.id = r.session
		WHERE s.account = ?1 AND ?2 IN ('', x.strategy) AND ?3 IN (0, x.version)
		ORDER BY x.run DESC, x.seq DESC, x.n DESC LIMIT ?4`, []any{p.Account, strategy, number, limit},
		func(rows *sql.Rows, x *Version) error {
			var sources string
			if err := rows.Scan(&x.Run, &x.Time, &x.Strategy, &x.Version, &x.Hash, &x.Path, &sources, &x.Outcome, &x.Problem, &x.By, &x.Why, &x.Took); err != nil {
				return err
			}
			return json.Unmarshal([]byte(sources), &x.Sources)
		})
}

// FirstEquity returns the first sample at or after a time of the newest run; false when
// there is none.
func (p Pages) FirstEquity(ctx context.Context, from exchange.Time) (v decimal.Decimal, ok bool, err error) {
	list, err := paged(ctx, p.Reader, `SELECT x.amount FROM equity`+joinRun+`s.account = ? AND x.time >= ?
		AND r.id = (SELECT max(id) FROM run WHERE session = s.id) ORDER BY x.seq LIMIT 1`, []any{p.Account, int64(from)},
		func(rows *sql.Rows, x *decimal.Decimal) error { return rows.Scan(x) })
	if err != nil || len(list) == 0 {
		return v, false, err
	}
	return list[0], true, nil
}

// OrderRun is an order, and in which run and event it last changed.
type OrderRun struct {
	Order
	Run RunID
	Seq uint64
}

// OrdersOf returns the order of a number, or those of a pair, by number: 500 at most.
func (p Pages) OrdersOf(ctx context.Context, id exchange.OrderID, pair exchange.PairID) ([]OrderRun, error) {
	return paged(ctx, p.Reader, `SELECT x.run, x.seq, x.id, x.client_id, x.strategy, x.pair, x.market, x.symbol, x.side, x.type, x.tif, x.reduce_only, x.price, x.qty,
			x.filled, x.status, x.reason, x.created, x.updated, x.schedule
		FROM orders x JOIN session s ON s.id = x.session WHERE s.account = ?1 AND (?2 <> 0 AND x.id = ?2 OR ?3 <> 0 AND x.pair = ?3) ORDER BY x.id LIMIT 500`,
		[]any{p.Account, int64(id), int64(pair)},
		func(rows *sql.Rows, x *OrderRun) error {
			return rows.Scan(&x.Run, &x.Seq, &x.ID, &x.ClientID, &x.Strategy, &x.Pair, &x.Venue, &x.Symbol, scanSide(&x.Side), scanType(&x.Type), scanTIF(&x.TIF), &x.ReduceOnly, &x.Price, &x.Qty,
				&x.Filled, scanStatus(&x.Status), &x.Reason, &x.Created, &x.Updated, &x.Schedule)
		})
}

// LastRun is the newest run of the account; 0 when there is none.
func (p Pages) LastRun(ctx context.Context) (RunID, error) {
	list, err := paged(ctx, p.Reader, "SELECT r.id FROM run r JOIN session s ON s.id = r.session WHERE s.account = ? ORDER BY r.id DESC LIMIT 1", []any{p.Account},
		func(rows *sql.Rows, id *RunID) error { return rows.Scan(id) })
	if err != nil || len(list) == 0 {
		return 0, err
	}
	return list[0], nil
}
