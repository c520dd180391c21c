package ledger

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/perilune/perilune/exchange"
)

// statement is one of the writer's prepared statements.
type statement int

const (
	insertInstrument statement = iota
	insertOrder
	insertFill
	findFill
	insertShare
	insertFunding
	insertTransfer
	insertTxn
	insertPosting
	insertPair
	insertSchedule
	insertConditional
	insertEquity
	insertPrice
	insertArrival
	insertState
	trimState
	insertVersion
	insertCommand
	insertChart
	insertLog
	trimLog
	countDropped
	insertAdvice
	insertNotice
	insertDelivery
	routeNotices
	trimOutbox
	insertLink
	advanceRun
	advanceSession
	statements
)

// newer keeps a row that is replayed from replacing a later state of itself.
const newer = " WHERE (excluded.run, excluded.seq) >= (run, seq)"

var statementText = [statements]string{
	insertInstrument: `INSERT INTO instrument (market, symbol, contract, wallet, base, quote, settle, tick, lot, multiplier, contract_size)
		VALUES (?,?,?,?,?,?,?,?,?,?,?)
		ON CONFLICT DO UPDATE SET tick = excluded.tick, lot = excluded.lot,
			multiplier = excluded.multiplier, contract_size = excluded.contract_size`,
	insertOrder: `INSERT INTO orders (session, id, run, seq, client_id, strategy, pair, leg, market, symbol, side, type, tif,
			reduce_only, price, qty, filled, status, venue_id, reason, created, updated, schedule)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
		ON CONFLICT DO UPDATE SET run = excluded.run, seq = excluded.seq, price = excluded.price, qty = excluded.qty,
			filled = excluded.filled, status = excluded.status, venue_id = excluded.venue_id, reason = excluded.reason,
			updated = excluded.updated` + newer,
	insertFill: `INSERT INTO fills (session, run, seq, time, venue, account, market, symbol, trade_id, order_id, client_id,
			venue_id, strategy, pair, side, price, qty, maker, fee, fee_asset, realised, reason)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING`,
	findFill: `SELECT side, price, qty FROM fills
		WHERE venue = ? AND account = ? AND market = ? AND symbol = ? AND trade_id = ?`,
	insertShare: `INSERT INTO fill_shares (fill, n, strategy, pair, qty, fee, realised) VALUES (?,?,?,?,?,?,?)`,
	insertFunding: `INSERT INTO funding (session, run, seq, time, venue, account, market, symbol, tran_id, strategy, pair,
			settled, rate, mark, position, amount, asset)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING`,
	insertTransfer: `INSERT INTO transfers (session, id, run, seq, time, strategy, asset, from_wallet, to_wallet, amount, state, reason)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?)
		ON CONFLICT DO UPDATE SET run = excluded.run, seq = excluded.seq, time = excluded.time, state = excluded.state,
			reason = excluded.reason` + newer,
	insertTxn: `INSERT INTO txn (session, run, seq, time, kind, ref, strategy, pair)
		VALUES (?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING`,
	insertPosting: `INSERT INTO posting (txn, n, account, asset, amount) VALUES (?,?,?,?,?)`,
	insertPair: `INSERT INTO pairs (session, id, run, seq, strategy, spot, perp, state, done, reason, tag, notional, spot_qty,
			perp_qty, spot_cost, perp_cost, open_basis, close_basis, funding, insurance, interest, fees, realised, opened, closed, settlements,
			max_unhedged, max_unhedged_time, detail, away)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
		ON CONFLICT DO UPDATE SET run = excluded.run, seq = excluded.seq, state = excluded.state, done = excluded.done,
			reason = excluded.reason, tag = excluded.tag, notional = excluded.notional, spot_qty = excluded.spot_qty,
			perp_qty = excluded.perp_qty, spot_cost = excluded.spot_cost, perp_cost = excluded.perp_cost,
			open_basis = excluded.open_basis, close_basis = excluded.close_basis, funding = excluded.funding, insurance = excluded.insurance,
			interest = excluded.interest, fees = excluded.fees, realised = excluded.realised, opened = excluded.opened, closed = excluded.closed,
			settlements = excluded.settlements, max_unhedged = excluded.max_unhedged,
			max_unhedged_time = excluded.max_unhedged_time, detail = excluded.detail, away = excluded.away` + newer,
	insertSchedule: `INSERT INTO schedules (session, id, run, seq, strategy, market, symbol, algo, side, state, done, reason, tag, curve,
			total, filled, maker, late, cost, fees, price, arrival, once_qty, once_cost, once_price, market_qty, market_vwap,
			starts, ends, closed, slices, orders, refused, detail)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
		ON CONFLICT DO UPDATE SET run = excluded.run, seq = excluded.seq, state = excluded.state, done = excluded.done,
			reason = excluded.reason, curve = excluded.curve, total = excluded.total, filled = excluded.filled,
			maker = excluded.maker, late = excluded.late, cost = excluded.cost, fees = excluded.fees, price = excluded.price,
			arrival = excluded.arrival, once_qty = excluded.once_qty, once_cost = excluded.once_cost,
			once_price = excluded.once_price, market_qty = excluded.market_qty, market_vwap = excluded.market_vwap,
			closed = excluded.closed, slices = excluded.slices, orders = excluded.orders, refused = excluded.refused,
			detail = excluded.detail` + newer,
	insertConditional: `INSERT INTO conditionals (session, id, run, seq, strategy, group_id, role, market, symbol, type, side, state, done, reason,
			reduces, trigger, source, price, size, filled, child, expires, created, triggered, closed, detail)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
		ON CONFLICT DO UPDATE SET run = excluded.run, seq = excluded.seq, state = excluded.state, done = excluded.done,
			reason = excluded.reason, trigger = excluded.trigger, price = excluded.price, size = excluded.size, filled = excluded.filled,
			child = excluded.child, triggered = excluded.triggered, closed = excluded.closed, detail = excluded.detail` + newer,
	insertEquity:  `INSERT INTO equity (run, seq, time, amount) VALUES (?,?,?,?) ON CONFLICT DO NOTHING`,
	insertPrice:   `INSERT INTO price (run, seq, market, symbol, time, price) VALUES (?,?,?,?,?,?) ON CONFLICT DO NOTHING`,
	insertArrival: `INSERT INTO arrival (session, id, price) VALUES (?,?,?) ON CONFLICT DO NOTHING`,
	insertState: `INSERT INTO strategy_state (session, strategy, run, seq, time, version, json)
		VALUES (?,?,?,?,?,?,?) ON CONFLICT DO NOTHING`,
	trimState: `DELETE FROM strategy_state WHERE session = ?1 AND strategy = ?2 AND (run, seq) < (
			SELECT run, seq FROM strategy_state WHERE session = ?1 AND strategy = ?2
			ORDER BY run DESC, seq DESC LIMIT 1 OFFSET 19)`,
	insertVersion: `INSERT INTO strategy_version (run, seq, n, time, strategy, version, hash, path, sources, outcome, problem, by, why, took)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING`,
	insertCommand: `INSERT INTO commands (run, seq, n, time, by, why, op, args, outcome)
		VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING`,
	insertChart: `INSERT INTO chart (run, seq, n, time, strategy, series, value)
		VALUES (?,?,?,?,?,?,?) ON CONFLICT DO NOTHING`,
	insertLog: `INSERT INTO log (session, run, seq, n, time, strategy, level, place, text, order_id, pair, instrument)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING`,
	trimLog: `DELETE FROM log WHERE session = ? AND id <= ?`,
	countDropped: `INSERT INTO meta (key, value) VALUES ('log_dropped', ?)
		ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + CAST(excluded.value AS INTEGER) AS TEXT)`,
	insertAdvice: `INSERT INTO advice (session, id, run, seq, strategy, tag, question, context, schema, verdict, reason, answer,
			model, tokens_in, tokens_out, cost, cached, asked, answered)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
		ON CONFLICT DO UPDATE SET run = excluded.run, seq = excluded.seq, verdict = excluded.verdict, reason = excluded.reason,
			answer = excluded.answer, model = excluded.model, tokens_in = excluded.tokens_in, tokens_out = excluded.tokens_out,
			cost = excluded.cost, cached = excluded.cached, answered = excluded.answered` + newer,
	insertNotice: `INSERT INTO outbox (run, key, target, time, severity, class, strategy, text, count, state, attempts, next, error, made)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING`,
	insertDelivery: `INSERT INTO outbox (run, key, target, time, severity, class, strategy, text, count, state, attempts, next, error, made)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)
		ON CONFLICT DO UPDATE SET count = excluded.count, state = excluded.state, attempts = excluded.attempts, next = excluded.next,
			error = excluded.error`,
	routeNotices:   `UPDATE outbox SET state = 'routed' WHERE state = 'new' AND class = ? AND strategy = ? AND text = ? AND time <= ?`,
	trimOutbox:     `DELETE FROM outbox WHERE id <= (SELECT max(id) FROM outbox) - ?`,
	advanceRun:     `UPDATE run SET committed_seq = max(committed_seq, ?) WHERE id = ?`,
	insertLink:     addLink,
	advanceSession: `UPDATE session SET last_time = max(last_time, ?), chain_n = ?, chain_hash = ? WHERE id = ?`,
}

func prepare(ctx context.Context, db *sql.DB) (all [statements]*sql.Stmt, err error) {
	for i, text := range statementText {
		if all[i], err = db.PrepareContext(ctx, text); err != nil {
			return all, fmt.Errorf("prepare %q: %w", text, err)
		}
	}
	return all, nil
}

// batch is the transaction that rows write themselves into.
type batch struct {
	ctx      context.Context
	tx       *sql.Tx
	prepared *[statements]*sql.Stmt
	bound    [statements]*sql.Stmt // prepared, bound to tx

	session int64
	run     int64
	stamp   stamp
	account string

	seq int64 // of the row being written
	n   int   // nth row of that event

	kept keptLog // of the session's log, after this transaction

	known map[*exchange.Instrument]bool // committed instruments
	fresh []*exchange.Instrument        // written in this transaction

	link *link // of the chained rows of this transaction
	head head  // after this transaction
}

func (b *batch) exec(s statement, args ...any) (sql.Result, error) {
	return b.stmt(s).ExecContext(b.ctx, args...)
}

func (b *batch) row(s statement, args ...any) *sql.Row {
	return b.stmt(s).QueryRowContext(b.ctx, args...)
}

func (b *batch) stmt(s statement) *sql.Stmt {
	if b.bound[s] == nil {
		b.bound[s] = b.tx.StmtContext(b.ctx, b.prepared[s])
	}
	return b.bound[s]
}

// instrument makes sure that the terms of an instrument are in the ledger.
func (b *batch) instrument(in *exchange.Instrument) error {
	if b.known[in] {
		return nil
	}
	for _, f := range b.fresh {
		if f == in {
			return nil
		}
	}
	_, err := b.exec(insertInstrument, in.Segment(), in.Symbol, in.Contract.String(), string(in.Wallet), in.Base, in.Quote, in.Settle(), in.Tick.String(),
		in.Lot.String(), in.Multiplier, in.ContractSize.String())
	if err == nil {
		b.fresh = append(b.fresh, in)
	}
	return err
}
