package ledger

import (
	"cmp"
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
	// Spool is how many rows may wait while the writer is stalled: then Post does
	// not block, and refuses at this bound. It is never below Queue. 0: Queue.
	Spool int
	// Batch is how many rows a transaction has at most. 0: 256.
	Batch int
	// Delay is how long a row may wait for company before it is committed
	// alone. 0: 2 ms. A Sync does not wait.
	Delay time.Duration
	// Retry is how long a stalled writer waits before it tries again. 0: 250 ms.
	Retry time.Duration
	// Wait is how long Post waits for room, and Close for its rows, before they give
	// up with ErrSlow: a disk that answers nothing must not hold up everything. 0: 30 s.
	Wait time.Duration
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
	if o.Wait <= 0 {
		o.Wait = 30 * time.Second
	}
	o.Spool = max(o.Spool, o.Queue)
	return o
}

// Writer commits rows of one run in groups, on a goroutine of its own. A row
// that was posted is in one of three places: in the queue, in the ledger, or
// lost with the process. Post and Mark are for one goroutine; the others may be
// called by any, at any time.
//
// # Waking
//
// What the goroutine has to do is always worked out from the state (due), never
// remembered from a signal; wake only says that the state may have changed. Whoever
// changes it so that something is due earlier, and whoever is about to wait, pokes.
//
// # Failure
//
// After a passing failure (ErrFull, ErrBusy, ErrGone) the writer is stalled: it
// keeps the rows, Err says why, and it tries again by itself and at every Sync.
// Any other failure is final: Err keeps it and nothing more is written.
type Writer struct {
	db       *DB
	o        WriterOptions
	prepared [statements]*sql.Stmt
	session  int64
	run      int64
	account  string
	known    map[*exchange.Instrument]bool
	head     head    // of the chain, as committed
	kept     keptLog // of the log, as committed
	link     link    // of the commit under way

	mu      sync.Mutex
	room    *sync.Cond // the queue shrank, or the writer failed
	done    *sync.Cond // a commit ended, well or not
	queue   []Record
	aside   []Record // of no event: see Aside
	posted  uint64   // rows ever posted
	written uint64   // rows ever committed
	marked  uint64
	cursor  uint64    // committed_seq as last written
	lastSeq uint64    // of the last row committed
	lastN   int       // its place among the rows of its event
	syncs   int       // callers waiting in Sync
	tries   uint64    // commits that ended
	idle    bool      // the loop sleeps without a deadline
	since   time.Time // when the loop saw that rows can be committed; zero: there are none
	failed  time.Time // when the last commit failed
	err     error
	final   bool
	closing bool // nothing more is taken
	closed  bool // the loop ends

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
	if w.head, err = readHead(context.Background(), db.write); err != nil {
		w.closeStatements()
		return nil, fmt.Errorf("ledger: %w", classify(err))
	}
	if w.kept, err = readKept(db.write, w.session); err != nil {
		w.closeStatements()
		return nil, fmt.Errorf("ledger: %w", classify(err))
	}
	go w.loop()
	return w, nil
}

// Post queues a row. The caller must not change it afterwards. Rows come in the
// order of their Seq, and within an event always in the same order.
//
// It blocks while the queue is full and the writer works, for Wait at most. It
// returns an error, and has not taken the row, when the row is malformed, when the
// writer has failed for good, when it is stalled and the spool is full, or with
// ErrSlow when Wait is over.
func (w *Writer) Post(r Record) error {
	if err := r.check(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) >= w.o.Queue {
		if err := w.waitForRoom(); err != nil {
			return err
		}
	}
	switch {
	case w.closing:
		return ErrClosed
	case w.final:
		return w.err
	}
	w.queue = append(w.queue, r)
	w.posted++
	n := len(w.queue)
	if (w.idle && w.marked == 0) || n == w.o.Batch || n == w.o.Queue {
		w.poke()
	}
	return nil
}

// asideMost is how many rows of no event may wait.
const asideMost = 4096

// Aside takes rows that no event led to, together, and never waits. They are committed with
// the next batch. Any goroutine may call it. It returns an error, and has taken none, when
// the writer is stalled, has failed or is closed, or when too many wait.
func (w *Writer) Aside(rows ...Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closing:
		return ErrClosed
	case w.err != nil:
		return w.err
	case len(w.aside)+len(rows) > asideMost:
		return fmt.Errorf("ledger %s: %w: %d rows wait", w.db.o.Path, ErrSlow, len(w.aside))
	}
	w.aside = append(w.aside, rows...)
	w.poke()
	return nil
}

// waitForRoom waits until the queue takes a row or never will. The caller holds mu.
func (w *Writer) waitForRoom() error {
	var limit time.Time
	for len(w.queue) >= w.o.Queue && w.err == nil && !w.closing {
		now := time.Now()
		if limit.IsZero() {
			limit = now.Add(w.o.Wait)
			defer w.ring(w.room, w.o.Wait).Stop()
		}
		if !now.Before(limit) {
			return fmt.Errorf("ledger %s: %w: %d rows wait, and none was written for %s", w.db.o.Path, ErrSlow, len(w.queue), w.o.Wait)
		}
		w.poke()
		w.room.Wait()
	}
	if w.err != nil && len(w.queue) >= w.o.Spool {
		return fmt.Errorf("%w (%d rows are kept in memory, the most there may be)", w.err, len(w.queue))
	}
	return nil
}

// ring wakes everybody who waits on c after d.
func (w *Writer) ring(c *sync.Cond, d time.Duration) *time.Timer {
	return time.AfterFunc(d, func() {
		w.mu.Lock()
		c.Broadcast()
		w.mu.Unlock()
	})
}

// Mark says that all rows of all events up to seq were posted. The run's cursor
// follows with the next commit, and a writer that was told of marks never leaves
// an event half written: a crash must not show a fill without its money. Without
// marks the cursor stays one event behind, because the last one may not be
// complete.
func (w *Writer) Mark(seq uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.marked = max(w.marked, seq)
	if (w.idle || len(w.queue) >= w.o.Batch) && w.ready() > 0 {
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
	for w.written < rows || w.cursor < mark || len(w.aside) > 0 {
		switch {
		case w.final || w.closed:
			return w.failure()
		case w.err != nil && w.tries > tries+1: // one may have been under way
			return w.err
		case ctx.Err() != nil:
			return fmt.Errorf("ledger %s: waiting for %d rows: %w", w.db.o.Path, rows-w.written, context.Cause(ctx))
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

// Close commits what was posted and ends the writer, within Wait twice over. Its
// error says that rows were left over, and why.
func (w *Writer) Close() error { return w.end(w.o.Wait, w.o.Wait, w.Sync) }

// CloseWithin is Close for who has little time: a passing failure may pass, and all must
// be committed, within d. What a commit that is under way then takes comes on top.
func (w *Writer) CloseWithin(d time.Duration) error { return w.end(d, busyFor+busyFor/4, w.outlast) }

// Abandon ends the writer as a kill of the process does: a commit that is under way
// ends, and what waits is lost. After Close it does nothing.
func (w *Writer) Abandon() {
	gone := func(context.Context) error { return ErrClosed }
	_ = w.end(0, w.o.Wait, gone) // that rows were left over is what is wanted
}

// end commits what was posted within a time, and waits for a commit that is still under
// way then.
func (w *Writer) end(within, commit time.Duration, sync func(context.Context) error) error {
	w.mu.Lock()
	already := w.closing
	w.closing = true
	w.room.Broadcast()
	w.mu.Unlock()
	if already {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(context.Background(), within, ErrSlow)
	defer cancel()
	err := sync(ctx)
	w.mu.Lock()
	w.closed = true
	w.done.Broadcast()
	w.poke()
	w.mu.Unlock()
	timer := time.NewTimer(commit)
	defer timer.Stop()
	select {
	case <-w.stopped:
		w.closeStatements()
	case <-timer.C: // a commit hangs in the operating system; what it holds is left to it
		return errors.Join(err, fmt.Errorf("ledger %s: %w: a commit does not end", w.db.o.Path, ErrSlow))
	}
	return err
}

// outlast is Sync that waits for a passing failure to pass. What it returns in the end is
// that failure.
func (w *Writer) outlast(ctx context.Context) error {
	for {
		err := w.Sync(ctx)
		if ctx.Err() != nil {
			return cmp.Or(w.Err(), err)
		}
		if !Passing(err) {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(min(w.o.Retry, 100*time.Millisecond)):
		}
	}
}

func (w *Writer) closeStatements() {
	for _, s := range w.prepared {
		if s != nil {
			_ = s.Close()
		}
	}
}

// poke makes the loop look at the state again; the caller holds mu.
func (w *Writer) poke() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// loop commits whatever is due until the writer is closed.
func (w *Writer) loop() {
	defer close(w.stopped)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		wait, end := w.due()
		switch {
		case end:
			return
		case wait == 0:
			w.commit()
		case wait < 0:
			<-w.wake
		default:
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-w.wake:
			}
		}
	}
}

// due is how long the next commit is away: 0 for now, less when there is nothing
// to commit. Rows wait for company unless a batch is full or somebody waits for
// them, and a stall for its next try.
func (w *Writer) due() (wait time.Duration, end bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.idle = false
	ready := w.ready()
	switch {
	case w.closed:
		return 0, true
	case w.final || (ready == 0 && len(w.aside) == 0 && (w.syncs == 0 || w.marked <= w.cursor)):
		w.idle, w.since = true, time.Time{}
		return -1, false
	case w.syncs > 0:
		return 0, false
	case w.err != nil:
		return max(0, time.Until(w.failed.Add(w.o.Retry))), false
	case len(w.queue) >= min(w.o.Batch, w.o.Queue):
		return 0, false
	}
	now := time.Now()
	if w.since.IsZero() {
		w.since = now
	}
	return max(0, w.since.Add(w.o.Delay).Sub(now)), false
}
