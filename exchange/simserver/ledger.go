package simserver

import (
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Trade is one fill.
type Trade struct {
	ID       int64
	Order    *Order
	Price    exchange.Ticks
	Qty      exchange.Lots
	Worth    decimal.Decimal // as Market.Worth
	Fee      decimal.Decimal
	FeeAsset string
	Realised decimal.Decimal
	Maker    bool
	Time     exchange.Time
}

// Income is one line of the income history of a wallet of contracts.
type Income struct {
	Segment *Segment
	Symbol  string // empty: of no instrument
	Kind    string // one of those below
	Amount  decimal.Decimal
	Asset   string
	Time    exchange.Time
	ID      int64  // of the entry, or of the trade or transfer that it is of
	Trade   string // empty: of no trade
}

// Kinds of income, as the control door names them.
const (
	IncomeRealised  = "REALIZED_PNL"
	IncomeFee       = "COMMISSION"
	IncomeFunding   = "FUNDING_FEE"
	IncomeTransfer  = "TRANSFER"
	IncomeInsurance = "INSURANCE_CLEAR"
	IncomeExchange  = "AUTO_EXCHANGE"
	IncomeInterest  = "INTEREST"
)

// Trades returns all trades by id. The slice must not be changed.
func (l *Ledger) Trades() []*Trade { return l.trades }

// Incomes returns the income history, oldest first. The slice must not be changed.
func (l *Ledger) Incomes() []Income { return l.incomes }

// Transfers returns the transfers that were accepted, oldest first. The slice must not
// be changed.
func (l *Ledger) Transfers() []*Transfer { return l.transfers }

// bookTrade books a fill's profit and fee in the income history of a wallet of
// contracts.
func (l *Ledger) bookTrade(t *Trade) {
	m := t.Order.Market
	if !m.In.Perp() {
		return
	}
	row := Income{Segment: m.Segment, Symbol: m.In.Symbol, Asset: t.FeeAsset, Time: t.Time, ID: t.ID, Trade: strconv.FormatInt(t.ID, 10)}
	if !t.Realised.IsZero() {
		profit := row
		profit.Kind, profit.Amount = IncomeRealised, t.Realised
		l.incomes = append(l.incomes, profit)
	}
	row.Kind, row.Amount = IncomeFee, t.Fee.Neg()
	l.incomes = append(l.incomes, row)
}

// bookIncome books an entry under a number of its own.
func (l *Ledger) bookIncome(r Income) {
	r.ID = l.nextEntry()
	l.incomes = append(l.incomes, r)
}

// bookFunding books and tells a payment of funding.
func (l *Ledger) bookFunding(m *Market, p *exchange.FundingPayment) {
	l.bookIncome(Income{Segment: m.Segment, Symbol: m.In.Symbol, Kind: IncomeFunding, Amount: p.Amount, Asset: p.Asset, Time: p.Settled})
	l.outbox.queueEvent(Event{Kind: FundingPaid, Time: p.Settled, Segment: m.Segment, Payment: p})
}

// nextEntry is the number of an entry that has none from elsewhere.
func (l *Ledger) nextEntry() int64 {
	l.lastEntry++
	return l.lastEntry
}

// correct books and tells what the exchange itself did to a balance: the insurance fund
// made a wallet good, one of its assets paid a debt in another, or interest was charged.
func (l *Ledger) correct(ev *exchange.Event) {
	seg, income, kind := l.segments.backedBy(ev.Wallet), IncomeInsurance, LossCleared
	switch {
	case ev.Reason == exchange.AutoExchange:
		income, kind = IncomeExchange, AssetSold
	case strings.HasPrefix(ev.Reason, exchange.Interest+":"):
		income, kind = IncomeInterest, Charged
	}
	l.bookIncome(Income{Segment: seg, Kind: income, Amount: ev.Amount, Asset: ev.Asset, Time: ev.VenueTime})
	l.outbox.queueEvent(Event{Kind: kind, Time: ev.VenueTime, Segment: seg, Asset: ev.Asset, Amount: ev.Amount})
}
