package export

// Kind is what the values of a column of a Table are.
type Kind uint8

// The kinds of columns. Any may be null but Text.
const (
	Text    Kind = iota
	Integer      // a number of something
	Bool         // 0 or 1
	Amount       // a decimal in canonical text
	Real         // a ratio or a signal, not money
	Moment       // nanoseconds since the Unix epoch, UTC
)

// Column is a column of a Table.
type Column struct {
	Name string
	Kind Kind
	Doc  string
}

// Table is a part of a ledger as other programs take it: names instead of numbers of rows,
// and null where there is nothing. Query has three arguments: the name of a session or "",
// and the first and the first later moment, 0 for no bound.
type Table struct {
	Name    string
	Doc     string
	Query   string
	Columns []Column
}

// within is the condition of a Table's query, whose rows have a time and a session s.
const within = " WHERE ?1 IN ('', s.account) AND x.time >= ?2 AND (?3 = 0 OR x.time < ?3) "

// Columns that several tables have.
var (
	colSession  = Column{"session", Text, "name of the account's life in the ledger"}
	colTime     = Column{"time", Moment, "when it happened"}
	colStrategy = Column{"strategy", Text, "empty: the account itself"}
	colPair     = Column{"pair", Integer, "number of the pair in its session; null: outside of pairs"}
	colMarket   = Column{"market", Text, "venue"}
	colSymbol   = Column{"symbol", Text, "as the venue spells it"}
	colSide     = Column{"side", Text, "buy or sell"}
	colAsset    = Column{"asset", Text, "that amount is in"}
	colRun      = Column{"run", Integer, "run of the program"}
	colSeq      = Column{"seq", Integer, "event of the run that caused it"}
)

// Tables are the tables that can be exported.
func Tables() []Table {
	return []Table{
		{"fills", "executions; one that belongs to several holders is a row for each, with the same trade_id",
			`SELECT x.account, x.time, x.strategy, nullif(x.pair, 0), x.market, x.symbol, x.side, x.price, x.qty, x.maker, x.fee, x.fee_asset,
				x.realised, x.reason, x.trade_id, nullif(x.order_id, 0), x.client_id, x.venue_id, x.run, x.seq
			FROM fill_parts x JOIN session s ON s.id = x.session` + within + `ORDER BY x.id, x.n`,
			[]Column{colSession, colTime, colStrategy, colPair, colMarket, colSymbol, colSide,
				{"price", Amount, "quote for a unit of qty"}, {"qty", Amount, "coins, or contracts where they are inverse"},
				{"maker", Bool, "it rested"}, {"fee", Amount, "charged; a rebate is negative"}, {"fee_asset", Text, "that fee is in"},
				{"realised", Amount, "by the venue, without fees; 0 on spot"}, {"reason", Text, "liquidation, adl or empty"},
				{"trade_id", Text, "the venue's, unique within market and symbol"}, {"order_id", Integer, "in the session; null: no order of ours"},
				{"client_id", Text, "of the order"}, {"venue_id", Text, "the venue's number of the order"}, colRun, colSeq}},
		{"orders", "orders in their latest state; time is of the creation",
			`SELECT s.account, x.time, x.id, x.client_id, x.venue_id, x.strategy, nullif(x.pair, 0), nullif(x.schedule, 0), x.market, x.symbol, x.side,
				x.type, x.tif, x.reduce_only, CASE x.price WHEN '0' THEN NULL ELSE x.price END, a.price, x.qty, x.filled, x.status, x.reason, x.updated, x.run, x.seq
			FROM (SELECT *, created AS time FROM orders) x JOIN session s ON s.id = x.session LEFT JOIN arrival a ON a.session = x.session AND a.id = x.id` + within + `ORDER BY x.session, x.id`,
			[]Column{colSession, colTime, {"id", Integer, "dense within the session"}, {"client_id", Text, "ours at the venue"},
				{"venue_id", Text, "the venue's"}, colStrategy, colPair, {"schedule", Integer, "parent order; null: none"}, colMarket, colSymbol, colSide,
				{"type", Text, "limit or market"}, {"tif", Text, "time in force"}, {"reduce_only", Bool, "it may only make a position smaller"},
				{"price", Amount, "null: a market order"}, {"arrival", Amount, "middle of the book when it was decided on; null: not known"}, {"qty", Amount, "asked for"}, {"filled", Amount, "of qty"}, {"status", Text, "the latest"},
				{"reason", Text, "why it is over"}, {"updated", Moment, "of the latest change"}, colRun, colSeq}},
		{"funding", "funding received or paid at settlements",
			`SELECT x.account, x.time, x.settled, x.strategy, nullif(x.pair, 0), x.market, x.symbol, x.rate, x.mark, x.position, x.amount, x.asset, x.tran_id, x.run, x.seq
			FROM funding x JOIN session s ON s.id = x.session` + within + `ORDER BY x.id`,
			[]Column{colSession, colTime, {"settled", Moment, "of the settlement"}, colStrategy, colPair, colMarket, colSymbol,
				{"rate", Amount, "of the interval"}, {"mark", Amount, "mark price"}, {"position", Amount, "signed, at the settlement"},
				{"amount", Amount, "received, or paid when negative"}, colAsset, {"tran_id", Text, "the venue's"}, colRun, colSeq}},
		{"interest", "interest on borrowed coins, in coins",
			`SELECT s.account, x.time, x.strategy, nullif(x.pair, 0), substr(p.account, 3), p.amount, p.asset, x.ref, x.run, x.seq
			FROM txn x JOIN posting p ON p.txn = x.id AND p.account LIKE 'A:%' JOIN session s ON s.id = x.session` + within + `AND x.kind = 'interest' ORDER BY x.id, p.n`,
			[]Column{colSession, colTime, colStrategy, colPair, {"wallet", Text, "that was charged"}, {"amount", Amount, "negative: paid"}, colAsset,
				{"ref", Text, "key of the transaction"}, colRun, colSeq}},
		{"transfers", "money moved between wallets",
			`SELECT s.account, x.time, x.id, x.strategy, x.asset, x.from_wallet, x.to_wallet, x.amount, x.state, x.reason, x.run, x.seq
			FROM transfers x JOIN session s ON s.id = x.session` + within + `ORDER BY x.session, x.id`,
			[]Column{colSession, colTime, {"id", Integer, "dense within the session"}, colStrategy, colAsset, {"from_wallet", Text, "where it was"},
				{"to_wallet", Text, "where it went"}, {"amount", Amount, "moved"}, {"state", Text, "sent, done or failed"}, {"reason", Text, "why it failed"}, colRun, colSeq}},
		{"postings", "double entry: those of a txn sum to zero for each asset",
			`SELECT s.account, x.time, x.id, x.kind, x.ref, x.strategy, nullif(x.pair, 0), p.n, p.account, p.asset, p.amount, x.run, x.seq
			FROM txn x JOIN posting p ON p.txn = x.id JOIN session s ON s.id = x.session` + within + `ORDER BY x.id, p.n`,
			[]Column{colSession, colTime, {"txn", Integer, "number of the transaction"}, {"kind", Text, "deposit, fill, funding, transfer_out, …"},
				{"ref", Text, "its key"}, colStrategy, colPair, {"n", Integer, "place in the transaction"},
				{"account", Text, "A: assets by wallet, T: exchanged, I: income, X: expense, Q: equity"}, colAsset, {"amount", Amount, "signed"}, colRun, colSeq}},
		{"equity", "samples of the account's value, in its currency",
			`SELECT s.account, x.time, x.amount, x.run, x.seq FROM equity x JOIN run r ON r.id = x.run JOIN session s ON s.id = r.session` + within + `ORDER BY x.run, x.seq`,
			[]Column{colSession, colTime, {"amount", Amount, "value"}, colRun, colSeq}},
		{"prices", "prices of what was held, beside samples of the equity, when they moved",
			`SELECT s.account, x.time, x.market, x.symbol, x.price, x.run, x.seq FROM price x JOIN run r ON r.id = x.run JOIN session s ON s.id = r.session` + within + `ORDER BY x.run, x.seq, x.market, x.symbol`,
			[]Column{colSession, colTime, colMarket, colSymbol, {"price", Amount, "that the equity counts"}, colRun, colSeq}},
		{"pairs", "pair trades in their latest state; time is of the opening",
			`SELECT s.account, nullif(x.time, 0), x.id, x.strategy, x.spot, x.perp, x.state, x.done, x.reason, x.tag, x.notional, x.spot_qty, x.perp_qty, x.spot_cost, x.perp_cost,
				x.open_basis, CASE x.done WHEN 1 THEN x.close_basis END, x.funding, x.insurance, x.interest, x.fees, CASE x.done WHEN 1 THEN x.realised END,
				nullif(x.closed, 0), x.settlements, x.max_unhedged, x.max_unhedged_time, x.run, x.seq
			FROM (SELECT *, opened AS time FROM pairs) x JOIN session s ON s.id = x.session` + within + `ORDER BY x.session, x.id`,
			[]Column{colSession, {"time", Moment, "of the opening; null: it never opened"}, {"id", Integer, "dense within the session"}, colStrategy,
				{"spot", Text, "what is long: market:symbol"}, {"perp", Text, "what is short"}, {"state", Text, "the latest"}, {"done", Bool, "it is over"},
				{"reason", Text, "why it is over"}, {"tag", Text, "the strategy's"}, {"notional", Amount, "asked for, quote"}, {"spot_qty", Amount, "net coins held"},
				{"perp_qty", Amount, "signed"}, {"spot_cost", Amount, "signed cash of the fills, quote"}, {"perp_cost", Amount, "the same of the short leg"},
				{"open_basis", Real, "a ratio"}, {"close_basis", Real, "a ratio; null: not closed"}, {"funding", Amount, "of the pair"}, {"insurance", Amount, "of the pair"},
				{"interest", Amount, "of the pair"}, {"fees", Amount, "charged"}, {"realised", Amount, "after funding and fees; null: not closed"},
				{"closed", Moment, "null: not closed"}, {"settlements", Integer, "of funding"}, {"max_unhedged", Amount, "as measured, quote"},
				{"max_unhedged_ns", Integer, "as measured, nanoseconds"}, colRun, colSeq}},
		{"log", "warnings and errors, and what strategies logged as far as the ledger keeps it",
			`SELECT s.account, x.time, x.strategy, x.level, x.place, x.text, x.run, x.seq FROM log x JOIN run r ON r.id = x.run JOIN session s ON s.id = r.session` + within + `ORDER BY x.run, x.seq, x.n`,
			[]Column{colSession, colTime, colStrategy, {"level", Text, "of the line"}, {"place", Text, "file:line"}, {"text", Text, "the line"}, colRun, colSeq}},
	}
}
