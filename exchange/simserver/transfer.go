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
func (a *Account) Transfer(kind, asset string, from, to *Segment, amount decimal.Decimal) (*Transfer, error) {
	now := a.s.now
	a.nextEntry++
	t := &Transfer{Type: kind, Asset: asset, Amount: amount, ID: a.nextEntry, Time: now}
	a.moving[uint64(t.ID)] = t
	a.slowTransfer()
	a.paper.Transfer(&exchange.Transfer{ID: uint64(t.ID), Strategy: -1, Asset: asset, From: from.Wallet, To: to.Wallet, Amount: amount}, now)
	a.drain()
	if t.reason != "" {
		return nil, failure(t.reason)
	}
	a.transfers = append(a.transfers, t)
	if !t.Done { // the money has left
		a.moved(from, amount.Neg(), t, now)
		a.Flush()
	}
	return t, nil
}

type failure string

func (f failure) Error() string { return string(f) }

// slowTransfer sets how long the next transfer is under way.
func (a *Account) slowTransfer() {
	l := paper.Latency{Model: "none"}
	if f, hit := a.s.Occasion("transfer_late", nil, ""); hit && f.Millis > 0 {
		l = paper.Latency{Model: "const", Median: exchange.UnixMilli(f.Millis)}
	}
	if err := a.paper.SetTransferLatency(l); err != nil {
		a.s.opt.Log(err.Error())
	}
}

// onTransfer books the end of a transfer and tells the wallets that have not
// heard of it.
func (a *Account) onTransfer(x *exchange.Transfer, at exchange.Time) {
	t := a.moving[x.ID]
	delete(a.moving, x.ID)
	if x.Failed {
		t.reason = x.Reason
		return
	}
	t.Done = true
	if at == t.Time {
		a.moved(a.s.backedBy(x.From), x.Amount.Neg(), t, at)
	}
	a.moved(a.s.backedBy(x.To), x.Amount, t, at)
}

// moved books and tells one wallet's side of a transfer.
func (a *Account) moved(seg *Segment, amount decimal.Decimal, t *Transfer, at exchange.Time) {
	if seg != nil && seg.Contract != exchange.Spot {
		a.incomes = append(a.incomes, Income{Segment: seg, Kind: IncomeTransfer, Amount: amount, Asset: t.Asset, Time: at, ID: t.ID})
	}
	a.tell(Event{Kind: TransferMoved, Time: at, Segment: seg, Asset: t.Asset, Amount: amount, Transfer: t})
}

// Status is how the history tells a transfer.
func (t *Transfer) Status() string {
	if t.Done {
		return "CONFIRMED"
	}
	return "PENDING"
}
