package simserver

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
)

// Transfer is one transfer between wallets.
type Transfer struct {
	ID     int64
	Type   string // in the words of the front
	Asset  string
	Amount decimal.Decimal
	Time   exchange.Time
	Done   bool

	reason string // why it failed
}

// Transfer sends money from one segment's wallet to another's. It arrives at once,
// unless a fault makes it late. The error says why it failed.
func (f *Funds) Transfer(kind, asset string, from, to *Segment, amount decimal.Decimal) (*Transfer, error) {
	now := f.clock.now
	t := &Transfer{Type: kind, Asset: asset, Amount: amount, ID: f.ledger.nextEntry(), Time: now}
	f.ledger.moving[uint64(t.ID)] = t
	f.slowTransfer()
	f.matching.venue.Transfer(&exchange.Transfer{ID: uint64(t.ID), Strategy: -1, Asset: asset, From: from.Wallet, To: to.Wallet, Amount: amount}, now)
	f.matching.drainEvents()
	if t.reason != "" {
		return nil, failure(t.reason)
	}
	f.ledger.transfers = append(f.ledger.transfers, t)
	if !t.Done { // the money has left
		f.ledger.bookMove(from, amount.Neg(), t, now)
		f.outbox.Flush()
	}
	return t, nil
}

type failure string

func (f failure) Error() string { return string(f) }

// slowTransfer sets how long the next transfer is under way.
func (f *Funds) slowTransfer() {
	l := paper.Latency{Model: "none"}
	if late, hit := f.faults.Occasion("transfer_late", nil, ""); hit && late.Millis > 0 {
		l = paper.Latency{Model: "const", Median: exchange.UnixMilli(late.Millis)}
	}
	if err := f.matching.venue.SetTransferLatency(l); err != nil {
		f.log(err.Error())
	}
}

// endTransfer books the end of a transfer and tells the wallets that have not
// heard of it.
func (l *Ledger) endTransfer(x *exchange.Transfer, at exchange.Time) {
	t := l.moving[x.ID]
	delete(l.moving, x.ID)
	if x.Failed {
		t.reason = x.Reason
		return
	}
	t.Done = true
	if at == t.Time {
		l.bookMove(l.segments.backedBy(x.From), x.Amount.Neg(), t, at)
	}
	l.bookMove(l.segments.backedBy(x.To), x.Amount, t, at)
}

// bookMove books and tells one wallet's side of a transfer.
func (l *Ledger) bookMove(seg *Segment, amount decimal.Decimal, t *Transfer, at exchange.Time) {
	if seg != nil && seg.Contract != exchange.Spot {
		l.incomes = append(l.incomes, Income{Segment: seg, Kind: IncomeTransfer, Amount: amount, Asset: t.Asset, Time: at, ID: t.ID})
	}
	l.outbox.queueEvent(Event{Kind: TransferMoved, Time: at, Segment: seg, Asset: t.Asset, Amount: amount, Transfer: t})
}

// Status is how the history tells a transfer.
func (t *Transfer) Status() string {
	if t.Done {
		return "CONFIRMED"
	}
	return "PENDING"
}
