package host

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/ledger"
)

const (
	// executionsKept is how many of an instrument's last executions are compared with the
	// venue's at a start. What was missed before them has been found by the comparisons
	// of the run that missed it.
	executionsKept = 500
	// incomeKept is how far back payments of funding are compared.
	incomeKept = 3 * exchange.Day
)

// standing is where the ledger stands as a session begins: what its account goes on from.
type standing struct {
	db       *ledger.DB
	path     string           // of db
	session  string           // its name in the ledger
	resume   *ledger.Snapshot // nil: a new session
	restored *core.Restore    // with resume
}

// resumes reports whether the session goes on with an order.
func (s *standing) resumes(clientID string) bool {
	if s.resume == nil {
		return false
	}
	for i := range s.resume.Orders {
		if s.resume.Orders[i].ClientID == clientID {
			return true
		}
	}
	return false
}

// opening is where the ledger stands, for the order manager to go on from.
func (s *standing) opening(u *exchange.Universe, accept bool) (*oms.Opening, error) {
	sess, err := s.db.Session(s.session)
	if err != nil {
		return nil, err
	}
	o := &oms.Opening{Began: cmp.Or(sess.Opened, sess.Started), Accept: accept}
	if s.resume == nil {
		return o, nil
	}
	o.Orders = s.restored.Orders
	for _, read := range []func(*oms.Opening, *exchange.Universe) error{s.openExecutions, s.openWallets, s.openIncome} {
		if err := read(o, u); err != nil {
			return nil, fmt.Errorf("ledger %s: %w", s.path, err)
		}
	}
	for i, t := range s.restored.Transit {
		o.Transfers = append(o.Transfers, oms.Transit{Transfer: t, Sent: s.resume.Transit[i].Time})
	}
	return o, nil
}

// openExecutions are the last executions of every instrument, and the positions that all
// of them sum to.
func (s *standing) openExecutions(o *oms.Opening, u *exchange.Universe) error {
	booked := make([][]oms.BookedExecution, u.Len())
	sums := make([]exchange.Lots, u.Len())
	err := s.db.EachFill(ledger.Filter{Account: s.session}, func(f *ledger.Fill) error {
		in, ok := u.Find(f.Venue, f.Symbol)
		if !ok {
			return nil // a symbol that is no longer followed, and that nothing is held in
		}
		qty, _ := in.Lot.Exact(f.Qty)
		sums[in.ID] += exchange.Lots(f.Side) * exchange.Lots(qty)
		if strings.HasPrefix(f.TradeID, oms.Adjusted) {
			return nil // no execution of the venue
		}
		list := append(booked[in.ID], oms.BookedExecution{TradeID: f.TradeID, Time: f.Time})
		if len(list) > 2*executionsKept {
			list = slices.Clone(list[executionsKept:])
		}
		booked[in.ID] = list
		return nil
	})
	for i, list := range booked {
		id := exchange.InstrumentID(i)
		if u.Get(id).Perp() && sums[i] != 0 {
			o.Positions = append(o.Positions, oms.Holding{Instrument: id, Qty: sums[i]})
		}
		if len(list) > 0 {
			o.Executions = append(o.Executions, oms.Booked{Instrument: id, Executions: list[max(0, len(list)-executionsKept):]})
		}
	}
	return err
}

func (s *standing) openWallets(o *oms.Opening, _ *exchange.Universe) error {
	for _, b := range s.resume.Balances {
		if wallet, ok := strings.CutPrefix(b.Account, "A:"); ok && wallet != "transit" {
			o.Wallets = append(o.Wallets, oms.Balance{Wallet: exchange.Wallet(wallet), Asset: b.Asset, Total: b.Amount})
		}
	}
	return nil
}

func (s *standing) openIncome(o *oms.Opening, _ *exchange.Universe) error {
	list, err := s.db.Funding(ledger.Filter{Account: s.session})
	o.Since = o.Began // both by the venue's clock; the loop's may be another
	for i := range list {
		o.Since = max(o.Since, list[i].Settled-incomeKept)
	}
	for i := range list {
		if list[i].Settled >= o.Since {
			x := &list[i]
			o.Paid = append(o.Paid, oms.Paid{Venue: x.Venue, Asset: x.Asset, Row: oms.FundingRow(x.Symbol, x.TranID)})
		}
	}
	if err != nil {
		return err
	}
	booked, err := s.db.Corrections(s.session)
	for _, x := range booked {
		o.Paid = append(o.Paid, oms.Paid{Wallet: x.Wallet, Asset: x.Asset, Row: x.Reason})
	}
	return err
}
