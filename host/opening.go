package host

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/desk"
	"github.com/perilune/perilune/ledger"
)

const (
	// tapeKept is how many of an instrument's last executions are compared with the
	// venue's at a start. What was missed before them has been found by the audits
	// of the run that missed it.
	tapeKept = 500
	// incomeKept is how far back payments of funding are compared.
	incomeKept = 3 * exchange.Day
)

// opening is where the ledger stands, for the desk to go on from.
func (r *runner) opening(u *exchange.Universe) (*desk.Opening, error) {
	sess, err := r.db.Session(r.account)
	if err != nil {
		return nil, err
	}
	o := &desk.Opening{Began: cmp.Or(sess.Opened, sess.Started), Accept: r.o.Account.Accept}
	if r.resume == nil {
		return o, nil
	}
	o.Orders = r.restored.Orders
	for _, read := range []func(*desk.Opening, *exchange.Universe) error{r.openTapes, r.openWallets, r.openIncome} {
		if err := read(o, u); err != nil {
			return nil, fmt.Errorf("ledger %s: %w", r.o.DB, err)
		}
	}
	for i, t := range r.restored.Transit {
		o.Transfers = append(o.Transfers, desk.Transit{Transfer: t, Sent: r.resume.Transit[i].Time})
	}
	return o, nil
}

// openTapes are the last executions of every instrument, and the positions that all
// of them sum to.
func (r *runner) openTapes(o *desk.Opening, u *exchange.Universe) error {
	ids := make([][]int64, u.Len())
	sums := make([]exchange.Lots, u.Len())
	err := r.db.EachFill(ledger.Filter{Account: r.account}, func(f *ledger.Fill) error {
		in, ok := u.Find(f.Venue, f.Symbol)
		if !ok {
			return nil // a symbol that is no longer followed, and that nothing is held in
		}
		qty, _ := in.Lot.Exact(f.Qty)
		sums[in.ID] += exchange.Lots(f.Side) * exchange.Lots(qty)
		if strings.HasPrefix(f.TradeID, desk.Adjusted) {
			return nil // no execution of the venue
		}
		id, err := strconv.ParseInt(f.TradeID, 10, 64)
		if err != nil {
			return fmt.Errorf("fill of %s: trade id %q: want a number", in.Key(), f.TradeID)
		}
		if ids[in.ID] = append(ids[in.ID], id); len(ids[in.ID]) > 2*tapeKept {
			ids[in.ID] = append([]int64{}, ids[in.ID][tapeKept:]...)
		}
		return nil
	})
	for i, list := range ids {
		id := exchange.InstrumentID(i)
		if u.Get(id).Perp() && sums[i] != 0 {
			o.Positions = append(o.Positions, desk.Holding{Instrument: id, Qty: sums[i]})
		}
		if len(list) == 0 {
			continue
		}
		list = list[max(0, len(list)-tapeKept):]
		first := list[0]
		for _, n := range list {
			first = min(first, n)
		}
		o.Tapes = append(o.Tapes, desk.Tape{Instrument: id, From: first, Booked: list})
	}
	return err
}

func (r *runner) openWallets(o *desk.Opening, _ *exchange.Universe) error {
	for _, b := range r.resume.Balances {
		wallet, ok := strings.CutPrefix(b.Account, "A:")
		if !ok || wallet == "transit" {
			continue
		}
		m, err := api.ParseMarket(wallet)
		if err != nil {
			return fmt.Errorf("account %s: %w", b.Account, err)
		}
		o.Wallets = append(o.Wallets, account.Balance{Market: m, Asset: b.Asset, Wallet: b.Amount})
	}
	return nil
}

func (r *runner) openIncome(o *desk.Opening, _ *exchange.Universe) error {
	list, err := r.db.Funding(ledger.Filter{Account: r.account})
	o.Since = o.Began // both by the venue's clock; the loop's may be another
	for i := range list {
		o.Since = max(o.Since, list[i].Settled-incomeKept)
	}
	for i := range list {
		if list[i].Settled >= o.Since {
			x := &list[i]
			o.Paid = append(o.Paid, desk.Paid{Market: api.Of(x.Venue), Asset: x.Asset, Row: desk.FundingRow(x.Symbol, x.TranID)})
		}
	}
	if err != nil {
		return err
	}
	booked, err := r.db.Corrections(r.account)
	for _, x := range booked {
		o.Paid = append(o.Paid, desk.Paid{Market: api.Of(x.Wallet), Asset: x.Asset, Row: x.Reason})
	}
	return err
}
