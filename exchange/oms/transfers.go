package oms

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/perilune/perilune/exchange"
)

// transfer is money between wallets. Its stages are those of an order: waiting for its
// turn or its next try, placing, unknown until the history tells, done.
type transfer struct {
	exchange.Transfer
	order      TransferOrder // as the venue is asked for it
	stage      stage
	since      exchange.Time // when it was decided on
	sentBefore exchange.Time // nothing of it can have left us later
	venueID    string        // ""; not told
	due        exchange.Time
	tries      int
	looks      int // that did not find it, after the last moment it could be accepted

	querying, resumed bool
}

func (m *transfer) next() exchange.Time {
	if m.due == 0 || m.querying || m.stage == placing || m.stage == done {
		return never
	}
	return m.due
}

// transfers are those that are under way.
type transfers struct {
	*outbox
	market   *market
	has      bool // the account has transfers
	profile  *Profile
	window   exchange.Time
	began    exchange.Time // of the ledger
	balances *balances
	rivals   interface{ refuse() string }
	rounds   interface{ touchWallet(exchange.Wallet) }

	list    []*transfer
	claimed map[string]exchange.Time // rows of the history that are ours
	resumed int                      // of an earlier run, not resolved
}

// newTransfer is a transfer as the venue is asked for it: with its number in the amount,
// where that is what tells it in the venue's history. One too small to be marked is
// asked for as it is.
func (s *transfers) newTransfer(t *exchange.Transfer) *transfer {
	m := &transfer{Transfer: *t, order: TransferOrder{Asset: t.Asset, From: s.market.full(t.From), To: s.market.full(t.To), Amount: t.Amount,
		Tag: "t" + strconv.FormatInt(int64(s.began/exchange.Millisecond), 36) + "x" + strconv.FormatUint(t.ID, 36)}}
	if s.profile.MarkTransfer != nil {
		if marked := s.profile.MarkTransfer(t.Amount, t.ID); marked.IsPositive() {
			m.order.Amount = marked
		}
	}
	return m
}

func (s *transfers) from(m *transfer) walletAsset { return s.balances.key(m.From, m.Asset) }
func (s *transfers) to(m *transfer) walletAsset   { return s.balances.key(m.To, m.Asset) }

// submit asks for money to be moved. What arrives may be less by what marking it takes:
// the event tells the amount.
func (s *transfers) submit(t *exchange.Transfer) {
	m := s.newTransfer(t)
	m.stage, m.due, m.since = waiting, s.now, s.now
	m.Done, m.Failed, m.Reason = false, false, ""
	s.balances.add(s.from(m), t.Amount.Neg())
	s.list = append(s.list, m)
	if why := cmp.Or(s.rivals.refuse(), s.wrong(m), s.tooMany()); why != "" {
		s.fail(m, why)
		return
	}
	s.tickOne(m)
}

// wrong says why a transfer can't be asked for.
func (s *transfers) wrong(m *transfer) string {
	from, to := m.order.From, m.order.To
	switch {
	case !s.has:
		return "the venue has no transfers"
	case !s.market.wallet(from) || !s.market.wallet(to) || from == to:
		return fmt.Sprintf("transfer from %s to %s: want two different wallets", m.From, m.To)
	case !m.Amount.IsPositive() || m.Asset == "":
		return fmt.Sprintf("transfer of %s %q: want a positive amount of an asset", m.Amount, m.Asset)
	case s.profile.Route != nil:
		return s.profile.Route(from, to)
	}
	return ""
}

// tooMany says why no more transfers are taken; "": they are.
func (s *transfers) tooMany() string {
	if n := len(s.list) + len(s.claimed); n > transfersMost {
		return fmt.Sprintf("%d transfers are under way or just over: want at most %d", n, transfersMost)
	}
	return ""
}

// resume takes over a transfer that the ledger left in transit. Whether it
// was ever asked for is not known.
func (s *transfers) resume(t *Transit) {
	s.resumed++
	m := s.newTransfer(&t.Transfer)
	m.stage, m.due, m.since, m.sentBefore, m.resumed = unknown, s.now, t.Sent, s.now, true
	s.list = append(s.list, m)
}

// turn reports whether no earlier transfer is under way between the same wallets
// in the same asset.
func (s *transfers) turn(m *transfer) bool {
	for _, o := range s.list {
		if o == m {
			return true
		}
		if o.stage != done && o.Asset == m.Asset && o.From == m.From && o.To == m.To {
			return false
		}
	}
	return true
}

func (s *transfers) tick() {
	for _, m := range s.list {
		s.tickOne(m)
	}
}

func (s *transfers) tickOne(m *transfer) {
	if m.next() > s.now {
		return
	}
	r := Request{Kind: MoveMoney, Transfer: m.order, ID: m.ID}
	switch {
	case m.stage == unknown:
		m.querying = true
		r.Kind, r.Since = ListTransfers, m.since-historySlack
		s.request(r)
	case s.rivals.refuse() != "":
		s.fail(m, s.rivals.refuse())
	case s.turn(m):
		m.stage = placing
		s.request(r)
	default:
		m.due = s.now + backoff(0)
	}
}

func (s *transfers) next() exchange.Time {
	next := never
	for _, m := range s.list {
		next = min(next, m.next())
	}
	return next
}

func (s *transfers) find(id uint64) *transfer {
	i := slices.IndexFunc(s.list, func(m *transfer) bool { return m.ID == id && m.stage != done })
	if i < 0 {
		return nil
	}
	return s.list[i]
}

// transferTries is how often a transfer is asked for that the venue has no time for.
const transferTries = 5

func (s *transfers) onTransfer(a *Answer, e *exchange.VenueError) {
	m := s.find(a.Request.ID)
	if m == nil || m.stage != placing {
		return
	}
	m.sentBefore = s.now
	m.tries++
	switch {
	case e == nil || e.Class.MayHaveActed() || e.Class == exchange.ErrDuplicate || e.Class == exchange.ErrNoChange:
		m.venueID = a.TransferID
		m.stage, m.tries, m.due = unknown, 0, s.now+backoff(0)
	case e.Class.Again() && m.tries < transferTries:
		m.stage, m.due = waiting, max(s.now+exchange.Second<<(m.tries-1), e.Until)
	default:
		s.fail(m, reasonOf(e))
	}
}

// historyGrace is how long after the last moment of acceptance the history may take
// to show a transfer.
const historyGrace = 5 * exchange.Second

// lookAgain is the longest pause between two looks into the history: money that may be
// anywhere keeps a session from beginning.
const lookAgain = 5 * exchange.Second

// onHistory looks for a transfer in the history. It is done when the history says
// so, and not before.
func (s *transfers) onHistory(a *Answer, e *exchange.VenueError) {
	m := s.find(a.Request.ID)
	if m == nil || m.stage != unknown {
		return
	}
	m.querying = false
	m.tries++
	m.due = s.later(e, m.tries)
	if e != nil {
		return
	}
	m.due = min(m.due, s.now+lookAgain)
	row := s.row(m, a.Transfers)
	switch {
	case row == nil && m.venueID == "" && a.Request.At > m.sentBefore+s.window+historyGrace:
		if m.looks++; m.looks >= missesNeeded {
			s.fail(m, fmt.Sprintf("never reached the venue: its history has no transfer of %s %s", m.order.Amount, m.Asset))
		}
	case row == nil:
	case row.Failed:
		s.claimed[row.ID] = row.Time
		s.fail(m, fmt.Sprintf("the venue's history says that transfer %s failed", row.ID))
	case row.Done:
		s.claimed[row.ID] = row.Time
		s.arrive(m)
	default:
		m.venueID = row.ID
	}
}

// historySlack is how far the clocks of the history may be behind: a row is looked for
// from that much before its transfer was decided on.
const historySlack = exchange.Minute

// row finds a transfer in the history: by the venue's number, by our tag where the
// history has it, or by its exact amount.
func (s *transfers) row(m *transfer, rows []TransferRow) *TransferRow {
	for i := range rows {
		r := &rows[i]
		if m.venueID != "" {
			if r.ID == m.venueID {
				return r
			}
			continue
		}
		if s.profile.MarkTransfer == nil {
			if r.Tag == m.order.Tag {
				return r
			}
			continue
		}
		_, claimed := s.claimed[r.ID]
		if !claimed && r.Asset == m.Asset && r.From == m.order.From && r.To == m.order.To && r.Amount.Equal(m.order.Amount) &&
			r.Time >= m.since-historySlack {
			return r
		}
	}
	return nil
}

// arrive ends a transfer. What was cut off the amount never left its wallet.
func (s *transfers) arrive(m *transfer) {
	s.balances.add(s.to(m), m.order.Amount)
	s.balances.add(s.from(m), m.Amount.Sub(m.order.Amount))
	m.Amount, m.Done = m.order.Amount, true
	s.finish(m)
}

func (s *transfers) fail(m *transfer, why string) {
	s.balances.add(s.from(m), m.Amount)
	m.Failed, m.Reason = true, why
	s.finish(m)
}

func (s *transfers) finish(m *transfer) {
	m.stage = done
	if m.resumed {
		s.resumed--
	}
	for _, w := range []exchange.Wallet{m.order.From, m.order.To} {
		if s.market.wallet(w) {
			s.rounds.touchWallet(w)
		}
	}
	told := m.Transfer
	s.post(exchange.Event{Kind: exchange.KindTransfer, Instrument: exchange.NoInstrument, Transfer: &told})
}

// moving reports whether a transfer of an asset to or from a wallet is under way.
func (s *transfers) moving(k walletAsset) bool {
	return slices.ContainsFunc(s.list, func(m *transfer) bool { return m.stage != done && (s.from(m) == k || s.to(m) == k) })
}

// sweep drops the transfers that are over, and the rows of the history that are too old
// to be those of one that is under way, or comes later: see row.
func (s *transfers) sweep() {
	s.list = slices.DeleteFunc(s.list, func(m *transfer) bool { return m.stage == done })
	oldest := s.now
	for _, m := range s.list {
		oldest = min(oldest, m.since)
	}
	maps.DeleteFunc(s.claimed, func(_ string, at exchange.Time) bool { return at < oldest-historySlack })
}
