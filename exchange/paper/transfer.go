package paper

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// transit is a transfer under way.
type transit struct {
	exchange.Transfer
	answer exchange.Time // latency of the venue's word
}

// unanswered stands for the stream of messages whose outcome another message tells.
const unanswered = exchange.Wallet("")

// Transfer sends a copy of the transfer. The money leaves its wallet when the
// venue takes it and reaches the other after TransferLatency. One KindTransfer
// event tells the end: Done, or Failed with the reason.
func (v *Venue) Transfer(t *exchange.Transfer, now exchange.Time) {
	v.cut()
	n := &transit{Transfer: *t, answer: v.opt.Models.Latency.Delay(v.opt.Seed, t.ID, TransferBack)}
	n.Done, n.Failed, n.Reason = false, false, ""
	house := v.opt.Universe.House()
	n.From, n.To = n.From.Within(house), n.To.Within(house)
	end := n.To
	if !v.mail.isWallet(end) {
		end = v.mail.main()
	}
	due := now + v.opt.Models.Latency.Delay(v.opt.Seed, n.ID, TransferToVenue)
	v.mail.send(unanswered, now, inbound{at: due, run: func(exchange.Time) { v.transfers.depart(n) }})
	due += v.opt.Models.Transfer.Delay(v.opt.Seed, n.ID, TransferTransit)
	v.mail.send(end, now, inbound{at: due, answer: n.answer, run: func(at exchange.Time) { v.transfers.land(end, n, at) }})
}

// depart is a transfer's moment at the venue.
func (tf *transfers) depart(t *transit) {
	if t.Reason = tf.refuseTransfer(t); t.Reason != "" {
		t.Failed = true
		return
	}
	tf.wallets.balanceOf(t.From, t.Asset).credit(t.Amount.Neg())
	tf.transit = append(tf.transit, t)
}

// land is the end of a transfer.
func (tf *transfers) land(w exchange.Wallet, t *transit, at exchange.Time) {
	if !t.Failed {
		t.Done = true
		tf.wallets.balanceOf(t.To, t.Asset).credit(t.Amount)
		i := slices.Index(tf.transit, t)
		tf.transit = slices.Delete(tf.transit, i, i+1)
	}
	tf.mail.emit(w, answer{at: at + t.answer, happened: at, kind: exchange.KindTransfer, instrument: exchange.NoInstrument, transfer: &t.Transfer})
}

func (ml *mail) isWallet(w exchange.Wallet) bool {
	return w != unanswered && slices.Contains(ml.names, w)
}

// refuseTransfer returns why a transfer cannot be made, or "". Only what is free
// may leave a wallet, so a transfer never brings a liquidation.
func (tf *transfers) refuseTransfer(t *transit) string {
	switch {
	case !tf.mail.isWallet(t.From) || !tf.mail.isWallet(t.To) || t.From == t.To:
		return fmt.Sprintf("transfer from %s to %s: want two different wallets", t.From, t.To)
	case t.From.House() != t.To.House():
		return fmt.Sprintf("transfer from %s to %s: between venues money is moved by people", t.From, t.To)
	case !t.Amount.IsPositive():
		return fmt.Sprintf("transfer of %s %s: want a positive amount", t.Amount, t.Asset)
	}
	free := decimal.Zero
	if p := tf.wallets.find(t.From, t.Asset); p != nil {
		free = tf.margins.balance(p).Free
	}
	if t.Amount.GreaterThan(free) {
		return fmt.Sprintf("Asset transfer failed: insufficient balance: needs %s %s, %s is free in %s", t.Amount, t.Asset, free, t.From)
	}
	return ""
}
