package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/perilune/perilune/exchange"
)

// commit writes one batch and publishes the outcome.
func (w *Writer) commit() {
	w.mu.Lock()
	rows := w.queue[:w.cut()]
	cursor := w.nextCursor(rows)
	aside := w.aside[:len(w.aside):len(w.aside)]
	w.mu.Unlock()

	b, err := w.writeRows(rows, aside, cursor)

	w.mu.Lock()
	defer w.mu.Unlock()
	w.tries++
	w.err, w.since = nil, time.Time{}
	if err != nil {
		w.failed = time.Now()
		w.err = fmt.Errorf("ledger %s: write %d rows: %w", w.db.o.Path, len(rows), classify(err))
		w.final = !Passing(w.err)
	} else {
		w.accept(rows, cursor, b)
		w.aside = append([]Record(nil), w.aside[len(aside):]...)
	}
	w.room.Broadcast()
	w.done.Broadcast()
}

// ready is how many rows at the head of the queue belong to events that are
// posted whole. A caller who marks nothing, or waits in Sync, has posted all; and
// a queue that is full of one event must move.
func (w *Writer) ready() int {
	n := len(w.queue)
	if w.marked == 0 || w.syncs > 0 || n >= w.o.Queue {
		return n
	}
	for n > 0 && w.queue[n-1].seq() > w.marked {
		n--
	}
	return n
}

// cut is how many rows the next transaction takes: a batch, ended where an event
// ends.
func (w *Writer) cut() int {
	ready := w.ready()
	n := min(ready, w.o.Batch)
	if n == ready || n == 0 {
		return n
	}
	last := w.queue[n-1].seq()
	for n > 0 && w.queue[n].seq() == last && w.queue[n-1].seq() == last {
		n--
	}
	if n > 0 {
		return n
	}
	for n < ready && w.queue[n].seq() == last { // it is larger than a batch
		n++
	}
	return n
}

// accept takes committed rows out of the queue.
func (w *Writer) accept(rows []Record, cursor uint64, b *batch) {
	n := len(rows)
	w.written += uint64(n)
	w.cursor = cursor
	if n > 0 {
		w.lastSeq, w.lastN = uint64(b.seq), b.n
	}
	w.head, w.kept = b.head, b.kept
	for _, in := range b.fresh {
		w.known[in] = true
	}
	clear(w.queue[:n]) // the array lives on; the rows need not
	w.queue = w.queue[n:]
}

// nextCursor is the last event of which no row can be missing once rows are
// written: what was marked if they are all there is, else the event before the
// last row's.
func (w *Writer) nextCursor(rows []Record) uint64 {
	cursor := w.cursor
	if n := len(rows); n > 0 {
		if last := rows[n-1].seq(); last > 0 {
			cursor = max(cursor, last-1)
		}
	}
	if len(rows) == len(w.queue) {
		cursor = max(cursor, w.marked)
	}
	return cursor
}

// writeRows writes rows, those aside of no event and the cursor in one transaction.
func (w *Writer) writeRows(rows, aside []Record, cursor uint64) (*batch, error) {
	ctx := context.Background()
	if err := w.db.Missing(); err != nil {
		return nil, err
	}
	tx, err := w.db.write.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	b := &batch{ctx: ctx, tx: tx, prepared: &w.prepared, session: w.session, run: w.run,
		stamp: w.db.stamp, account: w.account, known: w.known, seq: int64(w.lastSeq), n: w.lastN,
		link: &w.link, head: w.head, kept: w.kept}
	w.link.clear() // of a commit that failed
	var latest exchange.Time
	for _, r := range rows {
		b.next(int64(r.seq()))
		if err := r.write(b); err != nil {
			return nil, fmt.Errorf("%T of event %d: %w", r, r.seq(), err)
		}
		latest = max(latest, r.time())
	}
	for _, r := range aside {
		if err := r.write(b); err != nil {
			return nil, fmt.Errorf("%T: %w", r, err)
		}
	}
	if _, err := b.exec(advanceRun, int64(cursor), w.run); err != nil {
		return nil, err
	}
	if err := b.closeLink(); err != nil {
		return nil, err
	}
	if _, err := b.exec(advanceSession, int64(latest), b.head.n, b.head.hash[:], w.session); err != nil {
		return nil, err
	}
	if err := tx.Commit(); err != nil {
		return nil, err
	}
	w.db.files.remember(w.db.o.Path)
	return b, nil
}

// next counts the rows of an event, so that a replay gives each the same number.
func (b *batch) next(seq int64) {
	if b.seq == seq {
		b.n++
	} else {
		b.seq, b.n = seq, 0
	}
}
