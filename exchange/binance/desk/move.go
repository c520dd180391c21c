package desk

import (
	"cmp"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
)

// move is a transfer. Its stages are those of an order: waiting for its turn or
// its next try, placing, doubtful until the history tells, done.
type move struct {
	exchange.Transfer
	amount decimal.Decimal // that is asked for: marked
	stage  stage
	since  exchange.Time // when it was decided on
	sent   exchange.Time // a time after which nothing of it can have left us
	tran   int64         // the venue's number; 0: not told
	due    exchange.Time
	tries  int
	looks  int // that did not find it, after the last moment it could be accepted

	asking, resumed bool
}

func (m *move) next() exchange.Time {
	if m.due == 0 || m.asking || m.stage == placing || m.stage == done {
		return never
	}
	return m.due
}

// mark is the amount that is asked for: it tells the transfer in the venue's
// history. One too small to be marked is asked for as it is.
func mark(t *exchange.Transfer) decimal.Decimal {
	if marked := exchange.Nonce(t.Amount, t.ID); marked.IsPositive() {
		return marked
	}
	return t.Amount
}

// Transfer asks for money to be moved. What arrives is up to two millionths less
// than was asked for: the event tells the amount.
func (d *Desk) Transfer(t *exchange.Transfer, now exchange.Time) {
	d.at(now)
	m := &move{Transfer: *t, stage: waiting, due: d.now, since: d.now, amount: mark(t)}
	m.Done, m.Failed, m.Reason = false, false, ""
	d.books.add(purse{api.Of(t.From), t.Asset}, t.Amount.Neg())
	d.moves = append(d.moves, m)
	why := cmp.Or(wrongTransfer(t), d.tooManyMoves())
	if d.rival != nil {
		why = gaveWay
	}
	if why != "" {
		d.fail(m, why)
		return
	}
	d.tickMove(m)
}

func wrongTransfer(t *exchange.Transfer) string {
	wallet := func(m api.Market) bool { return m >= api.Spot && m <= api.COINM }
	switch {
	case !wallet(api.Of(t.From)) || !wallet(api.Of(t.To)) || t.From == t.To:
		return fmt.Sprintf("transfer from %s to %s: want two different wallets", api.Of(t.From), api.Of(t.To))
	case api.Of(t.From) != api.Spot && api.Of(t.To) != api.Spot:
		return fmt.Sprintf("the venue has no transfer from %s to %s: go by the spot wallet", api.Of(t.From), api.Of(t.To))
	case !t.Amount.IsPositive() || t.Asset == "":
		return fmt.Sprintf("transfer of %s %q: want a positive amount of an asset", t.Amount, t.Asset)
	}
	return ""
}

// resumeMove takes over a transfer that the ledger left in transit. Whether it
// was ever asked for is not known.
func (d *Desk) resumeMove(t *Transit) {
	d.resumed++
	d.moves = append(d.moves, &move{Transfer: t.Transfer, stage: doubtful, due: d.now, since: t.Sent, sent: d.now,
		amount: mark(&t.Transfer), resumed: true})
}

// turn reports whether no earlier transfer is under way between the same wallets
// in the same asset.
func (d *Desk) turn(m *move) bool {
	for _, o := range d.moves {
		if o == m {
			return true
		}
		if o.stage != done && o.Asset == m.Asset && o.From == m.From && o.To == m.To {
			return false
		}
	}
	return true
}

func (d *Desk) tickMove(m *move) {
	if m.next() > d.now {
		return
	}
	switch {
	case m.stage == doubtful:
		m.asking = true
		d.request(Request{Kind: Moves, Market: api.Of(m.From), To: api.Of(m.To), ID: m.ID, Since: m.since - moveSlack})
	case d.rival != nil:
		d.fail(m, gaveWay)
	case d.turn(m):
		m.stage = placing
		d.request(Request{Kind: Move, Market: api.Of(m.From), To: api.Of(m.To), Asset: m.Asset, Amount: m.amount, ID: m.ID})
	default:
		m.due = d.now + backoff(0)
	}
}

func (d *Desk) move(id uint64) *move {
	for _, m := range d.moves {
		if m.ID == id && m.stage != done {
			return m
		}
	}
	return nil
}

// movesTried is how often a transfer is asked for that the venue has no time for.
const movesTried = 5

func (d *Desk) onMove(a *Answer, f *account.Fault) {
	m := d.move(a.Request.ID)
	if m == nil || m.stage != placing {
		return
	}
	m.sent = d.now
	m.tries++
	switch {
	case f == nil || f.Class == account.Unknown || f.Class == account.Already:
		m.tran = a.TranID
		m.stage, m.tries, m.due = doubtful, 0, d.now+backoff(0)
	case f.Class == account.Later && m.tries < movesTried:
		m.stage, m.due = waiting, max(d.now+exchange.Second<<(m.tries-1), f.Until)
	default:
		d.fail(m, reasonOf(f))
	}
}

// moveGrace is how long after the last moment of acceptance the history may take
// to show a transfer.
const moveGrace = 5 * exchange.Second

// onMoves looks for a transfer in the history. It is done when the history says
// so, and not before.
func (d *Desk) onMoves(a *Answer, f *account.Fault) {
	m := d.move(a.Request.ID)
	if m == nil || m.stage != doubtful {
		return
	}
	m.asking = false
	m.tries++
	m.due = d.later(f, m.tries)
	if f != nil {
		return
	}
	row := d.row(m, a.Moves)
	switch {
	case row == nil && m.tran == 0 && a.Request.At > m.sent+d.opt.RecvWindow+moveGrace:
		if m.looks++; m.looks >= missesNeeded {
			d.fail(m, fmt.Sprintf("never reached the venue: its history has no transfer of %s %s", m.amount, m.Asset))
		}
	case row == nil:
	case row.Failed:
		d.claimed[row.TranID] = row.Time
		d.fail(m, fmt.Sprintf("the venue's history says that transfer %d failed", row.TranID))
	case row.Done:
		d.claimed[row.TranID] = row.Time
		d.arrive(m)
	default:
		m.tran = row.TranID
	}
}

// moveSlack is how far the clocks of the history may be behind: a row is looked for
// from that much before its transfer was decided on.
const moveSlack = exchange.Minute

// row finds a transfer in the history: by its number, or by its exact amount.
func (d *Desk) row(m *move, rows []account.Move) *account.Move {
	for i := range rows {
		r := &rows[i]
		if m.tran != 0 && r.TranID == m.tran {
			return r
		}
		_, claimed := d.claimed[r.TranID]
		if m.tran == 0 && !claimed && r.Asset == m.Asset && r.From == api.Of(m.From) && r.To == api.Of(m.To) && r.Amount.Equal(m.amount) &&
			r.Time >= m.since-moveSlack {
			return r
		}
	}
	return nil
}

// arrive ends a transfer. What was cut off the amount never left its wallet.
func (d *Desk) arrive(m *move) {
	d.books.add(purse{api.Of(m.To), m.Asset}, m.amount)
	d.books.add(purse{api.Of(m.From), m.Asset}, m.Amount.Sub(m.amount))
	m.Amount, m.Done = m.amount, true
	d.finishMove(m)
}

func (d *Desk) fail(m *move, why string) {
	d.books.add(purse{api.Of(m.From), m.Asset}, m.Amount)
	m.Failed, m.Reason = true, why
	d.finishMove(m)
}

func (d *Desk) finishMove(m *move) {
	m.stage = done
	if m.resumed {
		d.resumed--
	}
	d.touch(api.Of(m.From))
	d.touch(api.Of(m.To))
	told := m.Transfer
	d.post(exchange.Event{Kind: exchange.KindTransfer, Instrument: exchange.NoInstrument, Transfer: &told})
}

// moving reports whether a transfer of an asset to or from a wallet is under way.
func (d *Desk) moving(p purse) bool {
	for _, m := range d.moves {
		if m.stage != done && m.Asset == p.asset && (api.Of(m.From) == p.market || api.Of(m.To) == p.market) {
			return true
		}
	}
	return false
}
