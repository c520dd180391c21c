package ledger

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/perilune/perilune/exchange"
)

// outboxRows is how many rows of notices the ledger keeps, the newest of all its sessions.
const outboxRows = 10_000

// Notice is something that people are to be told.
type Notice struct {
	Key      string // the same when the same notice comes again
	Time     exchange.Time
	Severity string // notice, warning, critical
	Class    string
	Strategy string
	Text     string
	Count    int
}

// Delivery is what became of a notice on its way to a target. State is waiting, sent, failed,
// dropped or repeated; with no target, new or routed. Made and Next are by this machine's
// clock.
type Delivery struct {
	Notice
	Target   string
	State    string
	Attempts int
	Next     time.Time // zero: as soon as may be
	Error    string
	Made     time.Time
}

// NoticeRow is a notice that an event led to. It is written once, for no target yet.
type NoticeRow struct {
	At
	Notice
}

func (r *NoticeRow) time() exchange.Time { return r.At.Time }

func (r *NoticeRow) write(b *batch) error {
	n := &r.Notice
	_, err := b.exec(insertNotice, b.run, n.Key, "", int64(n.Time), n.Severity, n.Class, n.Strategy, n.Text, n.Count, "new", 0, 0, "", time.Now().UnixNano())
	return err
}

// DeliveryRow is the latest state of a delivery, for Writer.Aside. A later one replaces it. It
// says too that the notice, and what said the same before it, is on its way.
type DeliveryRow struct {
	At
	Delivery
}

func (r *DeliveryRow) time() exchange.Time { return 0 } // it is no moment of the session

func (r *DeliveryRow) write(b *batch) error {
	d := &r.Delivery
	if _, err := b.exec(routeNotices, d.Class, d.Strategy, d.Text, int64(d.Notice.Time)); err != nil {
		return err
	}
	if d.Target == "" {
		return nil
	}
	next := int64(0)
	if !d.Next.IsZero() {
		next = d.Next.UnixNano()
	}
	if _, err := b.exec(insertDelivery, b.run, d.Key, d.Target, int64(d.Notice.Time), d.Severity, d.Class, d.Strategy, d.Text, d.Count,
		d.State, d.Attempts, next, d.Error, d.Made.UnixNano()); err != nil {
		return err
	}
	_, err := b.exec(trimOutbox, outboxRows)
	return err
}

const outboxColumns = `key, target, time, severity, class, strategy, text, count, state, attempts, next, error, made`

// Outbox reads what people are to be told, and what became of it.
type Outbox struct{ rd *Reader }

// OutboxOf is the outbox of a ledger.
func OutboxOf(rd *Reader) Outbox { return Outbox{rd} }

// Unsent returns what people are to be told and were not yet, oldest first: deliveries that
// wait, and notices for which no target was chosen.
func (o Outbox) Unsent() ([]Delivery, error) {
	return o.deliveries(`WHERE state IN ('new', 'waiting') ORDER BY id`)
}

// SentSince returns the deliveries that were sent of notices made since a moment of this
// machine's clock, oldest first.
func (o Outbox) SentSince(at time.Time) ([]Delivery, error) {
	return o.deliveries(`WHERE state = 'sent' AND made >= ? ORDER BY id`, at.UnixNano())
}

// Deliveries returns the newest deliveries, oldest first; limit is how many at most.
func (o Outbox) Deliveries(limit int) ([]Delivery, error) {
	return o.deliveries(`WHERE id IN (SELECT id FROM outbox WHERE target <> '' OR state = 'new' ORDER BY id DESC LIMIT ?) ORDER BY id`, limit)
}

func (o Outbox) deliveries(where string, args ...any) (out []Delivery, err error) {
	err = each(o.rd, "SELECT "+outboxColumns+" FROM outbox "+where, func(rows *sql.Rows) error {
		var d Delivery
		var at, next, made int64
		if err := rows.Scan(&d.Key, &d.Target, &at, &d.Severity, &d.Class, &d.Strategy, &d.Text, &d.Count, &d.State, &d.Attempts, &next, &d.Error, &made); err != nil {
			return fmt.Errorf("outbox: %w", err)
		}
		d.Time, d.Made = exchange.Time(at), time.Unix(0, made)
		if next != 0 {
			d.Next = time.Unix(0, next)
		}
		out = append(out, d)
		return nil
	}, args...)
	return out, err
}

// KeepLast keeps rows that no event led to in a ledger that is open no more, as a row of a
// run of before.
func KeepLast(o Options, run RunID, rows []Record) error {
	db, err := Open(o)
	if err != nil {
		return err
	}
	defer db.Close()
	w, err := db.NewWriter(&Run{ID: run}, WriterOptions{Wait: time.Second})
	if err != nil {
		return err
	}
	return errors.Join(w.Aside(rows...), w.Close())
}
