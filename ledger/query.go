package ledger

import (
	"database/sql"
	"encoding/json"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Filter narrows a query. Zero fields do not.
type Filter struct {
	Account  string
	Strategy string
	// Symbol is a key, with its house or without, a symbol in every market, or a glob
	// over either: "spot:BTCUSDT", "binance.spot:BTCUSDT", "BTCUSDT", "usdm:*". House is
	// the default one of the sessions.
	House    string
	Symbol   string
	Pair     exchange.PairID
	From, To exchange.Time // From <= time < To
	// Last keeps the newest rows only. The order stays oldest first.
	Last int
}

// whereRun and whereFull are the filter in SQL, for a query whose columns have these
// names. Their arguments are those of args.
const (
	whereRun  = "WHERE ?1 IN ('', s.account) AND ?2 IN ('', x.strategy) AND x.time >= ?5 AND (?6 = 0 OR x.time < ?6)"
	whereFull = whereRun + " AND (?3 = 'null' OR x.market || ':' || x.symbol IN (SELECT value FROM json_each(?3))) AND ?4 IN (0, x.pair)"
)

// last keeps the newest rows of a result that is oldest first.
func last[T any](rows []T, err error, n int) ([]T, error) {
	if n > 0 && len(rows) > n {
		rows = rows[len(rows)-n:]
	}
	return rows, err
}

// Terms are the contract terms that a fill is read with: see
// exchange.Instrument.
type Terms struct {
	Contract            exchange.Contract
	Base, Quote, Settle string
	Multiplier          int64
	ContractSize        decimal.Decimal
}

// Fill is one execution as it is in the ledger, or a holder's share of one that no
// order of ours made; shares have the trade id in common. Quantities are in the
// venue's unit: coins, or contracts where they are inverse. Time is when it was traded, by
// the venue's clock; the Txn that moved its money has when it was heard of and booked.
type Fill struct {
	Run      RunID
	Seq      uint64
	Time     exchange.Time
	Account  string
	Strategy string
	Pair     exchange.PairID
	Venue    exchange.Venue
	Symbol   string
	TradeID  string
	Order    exchange.OrderID
	Schedule exchange.ScheduleID // of the order; Pages alone knows it
	ClientID string
	VenueID  string
	Side     exchange.Side
	Price    decimal.Decimal
	Qty      decimal.Decimal
	Maker    bool
	Fee      decimal.Decimal
	FeeAsset string
	Realised decimal.Decimal // by the venue
	Reason   string
	Terms    Terms
}

// Fills returns fills in the order in which they were booked.
func (rd *Reader) Fills(f Filter) ([]Fill, error) {
	var out []Fill
	err := rd.EachFill(f, func(x *Fill) error {
		out = append(out, *x)
		return nil
	})
	return last(out, err, f.Last)
}

// EachFill calls do for each fill in the order in which they were booked,
// without holding them all. The Fill is valid during the call. Filter.Last
// is not honoured.
func (rd *Reader) EachFill(f Filter, do func(*Fill) error) error {
	var x Fill
	args, err := rd.args(f)
	if err != nil {
		return err
	}
	return each(rd, `SELECT x.run, x.seq, x.time, x.account, x.strategy, x.pair, x.market, x.symbol, x.trade_id, x.order_id,
			x.client_id, x.venue_id, x.side, x.price, x.qty, x.maker, x.fee, x.fee_asset, x.realised, x.reason,
			i.contract, i.base, i.quote, i.settle, i.multiplier, i.contract_size
		FROM fill_parts x JOIN session s ON s.id = x.session
		JOIN instrument i ON i.market = x.market AND i.symbol = x.symbol `+whereFull+" ORDER BY x.id, x.n",
		func(rows *sql.Rows) error {
			err := rows.Scan(&x.Run, &x.Seq, &x.Time, &x.Account, &x.Strategy, &x.Pair, &x.Venue, &x.Symbol,
				&x.TradeID, &x.Order, &x.ClientID, &x.VenueID, scanSide(&x.Side), &x.Price, &x.Qty, &x.Maker, &x.Fee,
				&x.FeeAsset, &x.Realised, &x.Reason, scanContract(&x.Terms.Contract), &x.Terms.Base, &x.Terms.Quote, &x.Terms.Settle, &x.Terms.Multiplier,
				&x.Terms.ContractSize)
			if err != nil {
				return err
			}
			return do(&x)
		}, args...)
}

// Funding is one settlement as it is in the ledger.
type Funding struct {
	Time     exchange.Time
	Account  string
	Strategy string
	Pair     exchange.PairID
	Venue    exchange.Venue
	Symbol   string
	TranID   string
	Settled  exchange.Time
	Rate     decimal.Decimal
	Mark     decimal.Decimal
	Position decimal.Decimal
	Amount   decimal.Decimal
	Asset    string
}

// Funding returns settlements, oldest first.
func (rd *Reader) Funding(f Filter) ([]Funding, error) {
	rows, err := filtered(rd, f, `SELECT x.time, x.account, x.strategy, x.pair, x.market, x.symbol, x.tran_id, x.settled, x.rate,
			x.mark, x.position, x.amount, x.asset
		FROM funding x JOIN session s ON s.id = x.session `+whereFull+" ORDER BY x.id",
		func(rows *sql.Rows, x *Funding) error {
			return rows.Scan(&x.Time, &x.Account, &x.Strategy, &x.Pair, &x.Venue, &x.Symbol, &x.TranID,
				&x.Settled, &x.Rate, &x.Mark, &x.Position, &x.Amount, &x.Asset)
		})
	return last(rows, err, f.Last)
}

// WalletIncome is what one holder had of something that a venue paid into a wallet, or took:
// of its insurance fund, after a liquidation that left the wallet below zero, or as interest.
type WalletIncome struct {
	Time     exchange.Time
	Account  string
	Strategy string          // empty: the account itself
	Pair     exchange.PairID // 0: outside of pairs
	Wallet   exchange.Wallet
	Amount   decimal.Decimal // received, or taken when negative
	Asset    string
}

// Insurance returns payments of insurance funds, oldest first. They are a wallet's, not
// an instrument's: with Filter.Symbol there are none.
func (rd *Reader) Insurance(f Filter) ([]WalletIncome, error) { return rd.walletIncome(f, "insurance") }

// Interest returns what was charged on borrowed coins, oldest first, in coins; see Insurance.
func (rd *Reader) Interest(f Filter) ([]WalletIncome, error) { return rd.walletIncome(f, "interest") }

func (rd *Reader) walletIncome(f Filter, kind string) ([]WalletIncome, error) {
	rows, err := filtered(rd, f, `SELECT x.time, s.account, x.strategy, x.pair, substr(p.account, 3), p.amount, p.asset
		FROM txn x JOIN posting p ON p.txn = x.id AND p.account LIKE 'A:%' JOIN session s ON s.id = x.session `+whereRun+
		" AND ?3 = 'null' AND ?4 IN (0, x.pair) AND x.kind = '"+kind+"' ORDER BY x.id",
		func(rows *sql.Rows, x *WalletIncome) error {
			return rows.Scan(&x.Time, &x.Account, &x.Strategy, &x.Pair, &x.Wallet, &x.Amount, &x.Asset)
		})
	return last(rows, err, f.Last)
}

// Correction is a change of a wallet that the venue booked for a reason of its own.
type Correction struct {
	Wallet exchange.Wallet
	Asset  string
	Reason string // as its event told it; "" in what older versions wrote
}

// Corrections returns what was booked of an account as an adjustment or interest, or paid by
// an insurance fund: each once, whoever had parts of it.
func (rd *Reader) Corrections(account string) ([]Correction, error) {
	return collect(rd, `SELECT DISTINCT substr(p.account, 3), p.asset, substr(x.ref, instr(x.ref || ' ', ' ') + 1)
		FROM txn x JOIN posting p ON p.txn = x.id AND p.account LIKE 'A:%' JOIN session s ON s.id = x.session
		WHERE s.account = ?1 AND x.kind IN ('adjust', 'insurance', 'interest')`,
		func(rows *sql.Rows, x *Correction) error {
			return rows.Scan(&x.Wallet, &x.Asset, &x.Reason)
		}, account)
}

// Order is the latest state of an order as it is in the ledger.
type Order struct {
	Account    string
	ID         exchange.OrderID
	ClientID   string
	Strategy   string
	Pair       exchange.PairID
	Leg        uint8
	Schedule   exchange.ScheduleID
	Venue      exchange.Venue
	Symbol     string
	Side       exchange.Side
	Type       exchange.OrderType
	TIF        exchange.TimeInForce
	ReduceOnly bool
	Price      decimal.Decimal // 0 for a market order
	Qty        decimal.Decimal
	Filled     decimal.Decimal
	Status     exchange.OrderStatus
	VenueID    string
	Reason     string
	Created    exchange.Time
	Updated    exchange.Time
}

// Orders returns orders by number.
func (rd *Reader) Orders(f Filter) ([]Order, error) {
	rows, err := rd.orders(f, "")
	return last(rows, err, f.Last)
}

// HasOrder reports whether an order of a client id is in the ledger, in any session.
func (rd *Reader) HasOrder(clientID string) (bool, error) {
	list, err := collect(rd, "SELECT 1 FROM orders WHERE client_id = ? LIMIT 1", func(rows *sql.Rows, n *int) error { return rows.Scan(n) }, clientID)
	return len(list) > 0, err
}

func (rd *Reader) orders(f Filter, and string) ([]Order, error) {
	return filtered(rd, f, `SELECT s.account, x.id, x.client_id, x.strategy, x.pair, x.leg, x.market, x.symbol, x.side, x.type,
			x.tif, x.reduce_only, x.price, x.qty, x.filled, x.status, x.venue_id, x.reason, x.created, x.updated, x.schedule
		FROM (SELECT *, created AS time FROM orders) x JOIN session s ON s.id = x.session `+whereFull+and+
		" ORDER BY x.session, x.id",
		func(rows *sql.Rows, x *Order) error {
			return rows.Scan(&x.Account, &x.ID, &x.ClientID, &x.Strategy, &x.Pair, &x.Leg, &x.Venue, &x.Symbol,
				scanSide(&x.Side), scanType(&x.Type), scanTIF(&x.TIF), &x.ReduceOnly, &x.Price, &x.Qty, &x.Filled,
				scanStatus(&x.Status), &x.VenueID, &x.Reason, &x.Created, &x.Updated, &x.Schedule)
		})
}

// Pair is the latest state of a pair trade as it is in the ledger; see PairRow.
type Pair struct {
	Account         string
	ID              exchange.PairID
	Strategy        string
	Spot, Perp      string // keys, of what is long and what is short: "spot:BTCUSDT"
	State           string
	Done            bool
	Reason, Tag     string
	Notional        decimal.Decimal
	SpotQty         decimal.Decimal
	PerpQty         decimal.Decimal
	SpotCost        decimal.Decimal
	PerpCost        decimal.Decimal
	OpenBasis       float64
	CloseBasis      float64
	Funding         decimal.Decimal
	Insurance       decimal.Decimal
	Interest        decimal.Decimal
	Fees            decimal.Decimal
	Realised        decimal.Decimal
	Opened, Closed  exchange.Time
	Settlements     int
	MaxUnhedged     decimal.Decimal
	MaxUnhedgedTime exchange.Time
	Detail          string
}

// Pairs returns pair trades by number. Filter.Symbol is compared with the keys
// of both legs; the times are of the opening.
func (rd *Reader) Pairs(f Filter) ([]Pair, error) {
	rows, err := rd.pairs(f, "")
	return last(rows, err, f.Last)
}

func (rd *Reader) pairs(f Filter, and string) ([]Pair, error) {
	return filtered(rd, f, `SELECT s.account, x.id, x.strategy, x.spot, x.perp, x.state, x.done, x.reason, x.tag, x.notional,
			x.spot_qty, x.perp_qty, x.spot_cost, x.perp_cost, x.open_basis, x.close_basis, x.funding, x.insurance, x.interest, x.fees, x.realised,
			x.opened, x.closed, x.settlements, x.max_unhedged, x.max_unhedged_time, x.detail
		FROM (SELECT *, opened AS time FROM pairs) x JOIN session s ON s.id = x.session `+whereRun+
		" AND (?3 = 'null' OR x.spot IN (SELECT value FROM json_each(?3)) OR x.perp IN (SELECT value FROM json_each(?3))) AND ?4 IN (0, x.id)"+and+" ORDER BY x.session, x.id",
		func(rows *sql.Rows, x *Pair) error {
			return rows.Scan(&x.Account, &x.ID, &x.Strategy, &x.Spot, &x.Perp, &x.State, &x.Done, &x.Reason, &x.Tag,
				&x.Notional, &x.SpotQty, &x.PerpQty, &x.SpotCost, &x.PerpCost, &x.OpenBasis, &x.CloseBasis, &x.Funding, &x.Insurance, &x.Interest,
				&x.Fees, &x.Realised, &x.Opened, &x.Closed, &x.Settlements, &x.MaxUnhedged, &x.MaxUnhedgedTime, &x.Detail)
		})
}

// EquityPoint is a sample of an account's value in USDT.
type EquityPoint struct {
	Run    RunID
	Time   exchange.Time
	Amount decimal.Decimal
}

// Equity returns an account's equity samples, oldest first.
func (rd *Reader) Equity(f Filter) ([]EquityPoint, error) {
	rows, err := filtered(rd, Filter{Account: f.Account, From: f.From, To: f.To}, `SELECT x.run, x.time, x.amount
		FROM (SELECT *, '' AS strategy FROM equity) x JOIN run r ON r.id = x.run JOIN session s ON s.id = r.session `+whereRun+
		" ORDER BY x.run, x.seq",
		func(rows *sql.Rows, x *EquityPoint) error { return rows.Scan(&x.Run, &x.Time, &x.Amount) })
	return last(rows, err, f.Last)
}

// ChartPoint is one point of a series that a strategy draws.
type ChartPoint struct {
	Time     exchange.Time
	Strategy string
	Series   string
	Value    float64
}

// Chart returns points of all series, oldest first.
func (rd *Reader) Chart(f Filter) ([]ChartPoint, error) {
	rows, err := filtered(rd, f, `SELECT x.time, x.strategy, x.series, x.value
		FROM chart x JOIN run r ON r.id = x.run JOIN session s ON s.id = r.session `+whereRun+" ORDER BY x.run, x.seq, x.n",
		func(rows *sql.Rows, x *ChartPoint) error { return rows.Scan(&x.Time, &x.Strategy, &x.Series, &x.Value) })
	return last(rows, err, f.Last)
}

// Version is a version of a script.
type Version struct {
	Run      RunID
	Time     exchange.Time
	Strategy string
	Version  int
	Hash     string
	Path     string
	Sources  []exchange.Source
	Outcome  string
	Problem  string
	By, Why  string        // who asked for it, and in whose words; "": not known
	Took     exchange.Time // that reading, compiling and trying it took; 0: not known
}

// Versions returns the versions of scripts in the order in which they were
// loaded or refused.
func (rd *Reader) Versions(f Filter) ([]Version, error) {
	rows, err := filtered(rd, f, `SELECT x.run, x.time, x.strategy, x.version, x.hash, x.path, x.sources, x.outcome, x.problem, x.by, x.why, x.took
		FROM strategy_version x JOIN run r ON r.id = x.run JOIN session s ON s.id = r.session `+whereRun+
		" ORDER BY x.run, x.seq, x.n",
		func(rows *sql.Rows, x *Version) error {
			var sources string
			if err := rows.Scan(&x.Run, &x.Time, &x.Strategy, &x.Version, &x.Hash, &x.Path, &sources, &x.Outcome, &x.Problem, &x.By, &x.Why, &x.Took); err != nil {
				return err
			}
			return json.Unmarshal([]byte(sources), &x.Sources)
		})
	return last(rows, err, f.Last)
}
