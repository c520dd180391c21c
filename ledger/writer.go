package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange"
)

// WriterOptions bound what a Writer holds back. The zero value is usable.
type WriterOptions struct {
	// Queue is how many rows may wait before Post blocks. 0: 4096.
	Queue int
	// Batch is how many rows a transaction has at most. 0: 256.
	Batch int
	// Delay is how long a row may wait for company before it is committed
	// alone. 0: 2 ms. A Sync does not wait.
	Delay time.Duration
	// Retry is how long a stalled writer waits before it tries again. 0: 250 ms.
	Retry time.Duration
}

func (o WriterOptions) withDefaults() WriterOptions {
	if o.Queue <= 0 {
		o.Queue = 4096
	}
	if o.Batch <= 0 {
		o.Batch = 256
	}
	if o.Delay <= 0 {
		o.Delay = 2 * time.Millisecond
	}
	if o.Retry <= 0 {
		o.Retry = 250 * time.Millisecond
	}
	return o
}

// Writer commits rows of one run in groups, on a goroutine of its own. A row
// that was posted is in one of three places: in the queue, in the ledger, or
// lost with the process. Post, Mark and Sync are for one goroutine; Err may be
// called by any.
//
// # Failure
//
// After a passing failure (ErrFull, ErrBusy) the writer is stalled: it keeps
// the rows, Err says why, and it tries again by itself and at every Sync. Any
// other failure is final: Err keeps it and nothing more is written.
type Writer struct {
	db       *DB
	o        WriterOptions
	prepared [statements]*sql.Stmt
	session  int64
	run      int64
	account  string
	known    map[*exchange.Instrument]bool

	mu      sync.Mutex
	room    *sync.Cond // the queue shrank, or the writer failed
	done    *sync.Cond // a commit ended, well or not
	queue   []Record
	posted  uint64 // rows ever posted
	written uint64 // rows ever committed
	marked  uint64
	cursor  uint64 // committed_seq as last written
	lastSeq uint64 // of the last row committed
	lastN   int    // its place among the rows of its event
	syncs   int    // callers waiting in Sync
	tries   uint64 // commits that ended
	err     error
	final   bool
	closed  bool

	wake    chan struct{} // capacity 1: there is something to do
	stopped chan struct{}
}

// NewWriter starts the writer of a run. Only one may be open at a time.
func (db *DB) NewWriter(run *Run, o WriterOptions) (*Writer, error) {
	if db.write == nil {
		return nil, errors.New("ledger is open for reading only")
	}
	w := &Writer{
		db: db, o: o.withDefaults(),
		session: int64(run.Session), run: int64(run.ID), account: run.Account, cursor: run.Committed,
		known:   make(map[*exchange.Instrument]bool),
		wake:    make(chan struct{}, 1),
		stopped: make(chan struct{}),
	}
	w.room, w.done = sync.NewCond(&w.mu), sync.NewCond(&w.mu)
	var err error
	if w.prepared, err = prepare(context.Background(), db.write); err != nil {
		w.closeStatements()
		return nil, fmt.Errorf("ledger: %w", classify(err))
	}
	go w.loop()
	return w, nil
}

// Post queues a row. The caller must not change it afterwards. Rows come in the
// order of their Seq, and within an event always in the same order.
//
// It blocks while the queue is full. It returns an error, and has not taken the
// row, when the row is malformed, when the writer has failed for good, or when
// it is stalled and the queue is full.
func (w *Writer) Post(r Record) error {
	if err := r.check(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.queue) >= w.o.Queue && w.err == nil && !w.closed {
		w.room.Wait()
	}
	switch {
	case w.closed:
		return ErrClosed
	case w.final || (w.err != nil && len(w.queue) >= w.o.Queue):
		return w.err
	}
	w.queue = append(w.queue, r)
	w.posted++
	if len(w.queue) == 1 || len(w.queue) == w.o.Batch {
		w.poke()
	}
	return nil
}

// Mark says that all rows of all events up to seq were posted. The run's cursor
// follows with the next commit, and a writer that was told of marks never leaves
// an event half written: a crash must not show a fill without its money. Without
// marks the cursor stays one event behind, because the last one may not be
// complete.
func (w *Writer) Mark(seq uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	idle := w.ready() == 0
	w.marked = max(w.marked, seq)
	if idle && w.ready() > 0 {
		w.poke()
	}
}

// Sync waits until everything that was posted and marked is committed. It
// returns the failure that stands in the way.
func (w *Writer) Sync(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		w.mu.Lock()
		w.done.Broadcast()
		w.mu.Unlock()
	})
	defer stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.syncs++
	defer func() { w.syncs-- }()
	rows, mark, tries := w.posted, w.marked, w.tries
	for w.written < rows || w.cursor < mark {
		switch {
		case w.final || w.closed:
			return w.failure()
		case w.err != nil && w.tries > tries+1: // one may have been under way
			return w.err
		case ctx.Err() != nil:
			return fmt.Errorf("ledger: waiting for %d rows: %w", rows-w.written, ctx.Err())
		}
		w.poke()
		w.done.Wait()
	}
	return nil
}

func (w *Writer) failure() error {
	if w.err != nil {
		return w.err
	}
	return ErrClosed
}

// Err returns why the writer is stalled or has failed, or nil.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Pending returns how many posted rows are not committed yet.
func (w *Writer) Pending() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return int(w.posted - w.written)
}

// Close commits what was posted and ends the writer. Its error says that rows
// were left over, and why.
func (w *Writer) Close() error {
	err := w.Sync(context.Background())
	w.mu.Lock()
	already := w.closed
	w.closed = true
	w.room.Broadcast()
	w.done.Broadcast()
	w.poke()
	w.mu.Unlock()
	if already {
		return nil
	}
	<-w.stopped
	w.closeStatements()
	return err
}

func (w *Writer) closeStatements() {
	for _, s := range w.prepared {
		if s != nil {
			_ = s.Close()
		}
	}
}

// poke wakes the loop; the caller holds mu or does not care for order.
func (w *Writer) poke() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// loop commits whatever there is until the writer is closed.
func (w *Writer) loop() {
	defer close(w.stopped)
	for range w.wake {
		for w.pause() {
			w.commit()
		}
		w.mu.Lock()
		end := w.closed
		w.mu.Unlock()
		if end {
			return
		}
	}
}

// pause waits for company for the rows in the queue, or for a stall to pass. It
// reports whether there is something to commit.
func (w *Writer) pause() bool {
	w.mu.Lock()
	work := w.ready() > 0 || (w.syncs > 0 && w.marked > w.cursor)
	if w.final || w.closed || !work {
		w.mu.Unlock()
		return false
	}
	var delay time.Duration
	switch {
	case w.syncs > 0: // somebody waits
	case w.err != nil:
		delay = w.o.Retry
	case len(w.queue) < w.o.Batch:
		delay = w.o.Delay
	}
	w.mu.Unlock()
	if delay > 0 {
		w.sleep(delay)
	}
	return true
}

// sleep ends early when somebody pokes: a batch is full, or a Sync came.
func (w *Writer) sleep(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.wake:
	}
}

// commit writes one batch and publishes the outcome.
func (w *Writer) commit() {
	w.mu.Lock()
	rows := w.queue[:w.cut()]
	cursor := w.nextCursor(rows)
	w.mu.Unlock()

	b, err := w.writeRows(rows, cursor)

	w.mu.Lock()
	defer w.mu.Unlock()
	w.tries++
	w.err = nil
	if err != nil {
		w.err = fmt.Errorf("ledger %s: write %d rows: %w", w.db.o.Path, len(rows), classify(err))
		w.final = !passing(w.err)
	} else {
		w.accept(rows, cursor, b)
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

// writeRows writes rows and the cursor in one transaction.
func (w *Writer) writeRows(rows []Record, cursor uint64) (*batch, error) {
	ctx := context.Background()
	tx, err := w.db.write.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	b := &batch{ctx: ctx, tx: tx, prepared: &w.prepared, session: w.session, run: w.run,
		venue: w.db.stamp.venue, account: w.account, known: w.known, seq: int64(w.lastSeq), n: w.lastN}
	var latest exchange.Time
	for _, r := range rows {
		b.next(int64(r.seq()))
		if err := r.write(b); err != nil {
			return nil, fmt.Errorf("%T of event %d: %w", r, r.seq(), err)
		}
		latest = max(latest, r.time())
	}
	if _, err := b.exec(advanceRun, int64(cursor), w.run); err != nil {
		return nil, err
	}
	if _, err := b.exec(advanceSession, int64(latest), w.session); err != nil {
		return nil, err
	}
	return b, tx.Commit()
}

// next counts the rows of an event, so that a replay gives each the same number.
func (b *batch) next(seq int64) {
	if b.seq == seq {
		b.n++
	} else {
		b.seq, b.n = seq, 0
	}
}
