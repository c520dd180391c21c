package watch

import (
	"os"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// entry is one watched script.
type entry struct {
	path  string // as the caller named it
	abs   string
	files []string // absolute; the script and what it requires
	sites sites    // where an event would concern it

	running string // hash of the contents that run
	last    string // the verdict reported last, or at rest

	settled digest    // what the last verdict is about
	seen    digest    // the first of two reads
	confirm bool      // seen is set, and waits for the second read
	due     time.Time // when to look; zero: at rest
}

// loaded is the verdict on contents that load.
func loaded(hash string) string { return "loaded " + hash }

// failed is the verdict on contents that do not. Without a hash, as when a file
// cannot be read, the words of the error must do.
func failed(hash string, err error) string {
	if hash != "" {
		return "failed " + hash
	}
	return "failed: " + err.Error()
}

// missing is the verdict on a script that is not there.
const missing = "missing"

// run owns all state. It never blocks on a receiver: changes wait in the queue
// while calls, events and timers are served.
func (w *Watcher) run() {
	defer close(w.stopped)
	defer close(w.changes)
	var events chan fsnotify.Event
	var failures chan error
	if w.fs != nil {
		defer w.fs.Close()
		events, failures = w.fs.Events, w.fs.Errors
	}
	poll := time.NewTicker(w.opts.Poll)
	defer poll.Stop()
	timer := time.NewTimer(w.opts.Poll)
	defer timer.Stop()
	for {
		out, next := w.head()
		select {
		case <-w.done:
			return
		case out <- next:
			w.delivered()
		case f := <-w.calls:
			f()
		case ev := <-events:
			w.hint(ev.Name)
		case <-failures: // the kernel's queue overflowed: events were lost
			w.hintAll()
		case <-poll.C:
			w.poll()
		case now := <-timer.C:
			w.look(now)
		}
		w.arm(timer)
	}
}

// head is the next change to deliver; a nil channel when there is none.
func (w *Watcher) head() (chan<- Change, Change) {
	if len(w.queue) == 0 {
		return nil, Change{}
	}
	return w.changes, w.queue[0]
}

// delivered takes the caller at its word that it will run what it was given;
// Running corrects that.
func (w *Watcher) delivered() {
	c := w.queue[0]
	w.queue = w.queue[1:]
	if e := w.find(c.Path); e != nil && c.Kind == Changed {
		e.running = c.Hash
	}
}

func (w *Watcher) post(c Change) {
	w.drop(c.Path)
	w.queue = append(w.queue, c)
}

// drop forgets a change that was not delivered.
func (w *Watcher) drop(path string) {
	for i, c := range w.queue {
		if c.Path == path {
			w.queue = append(w.queue[:i], w.queue[i+1:]...)
			return
		}
	}
}

func (w *Watcher) arm(t *time.Timer) {
	var first time.Time
	for _, e := range w.entries {
		if !e.due.IsZero() && (first.IsZero() || e.due.Before(first)) {
			first = e.due
		}
	}
	if first.IsZero() {
		t.Stop()
		return
	}
	t.Reset(time.Until(first))
}

// hint starts the wait anew for the scripts that an event may concern.
func (w *Watcher) hint(name string) {
	for _, e := range w.entries {
		if e.sites.concern(name) {
			w.await(e)
		}
	}
}

func (w *Watcher) hintAll() {
	for _, e := range w.entries {
		w.await(e)
	}
}

func (w *Watcher) await(e *entry) {
	e.confirm = false
	e.due = time.Now().Add(w.opts.Debounce)
}

// poll looks at the scripts that no event has announced, and puts back the
// watches that went away with their directories.
func (w *Watcher) poll() {
	for _, e := range w.entries {
		if e.due.IsZero() && read(e.files) != e.settled {
			w.await(e)
		}
	}
	w.follow()
}

func (w *Watcher) look(now time.Time) {
	for _, e := range w.entries {
		if !e.due.IsZero() && !e.due.After(now) {
			w.step(e)
		}
	}
}

// step takes a script one step on: the first read, then the second with the
// load before it, then rest.
func (w *Watcher) step(e *entry) {
	if !e.confirm {
		d := read(e.files)
		if d == e.settled {
			e.due = time.Time{}
			w.follow() // a symlink may lead elsewhere now, to the same contents
			return
		}
		w.again(e, d)
		return
	}
	c, verdict, files := w.load(e)
	d := read(e.files)
	if d != e.seen {
		w.again(e, d)
		return
	}
	if !slices.Equal(files, e.files) {
		// The files that are new here were read only once.
		e.files = files
		w.follow()
		w.again(e, read(files))
		return
	}
	e.settled, e.confirm, e.due = d, false, time.Time{}
	w.follow()
	if verdict != e.last {
		e.last = verdict
		w.post(c)
	}
}

// again remembers a first read and asks for the second.
func (w *Watcher) again(e *entry, d digest) {
	e.seen, e.confirm = d, true
	e.due = time.Now().Add(w.opts.Debounce / 5)
}

// load finds out what the contents are worth: the change to report, a verdict
// that is equal when there is nothing new to say, and the files to watch.
func (w *Watcher) load(e *entry) (Change, string, []string) {
	if _, err := os.Stat(e.abs); os.IsNotExist(err) {
		return Change{Kind: Missing, Path: e.path}, missing, e.files
	}
	start := time.Now()
	files, hash, payload, err := w.opts.Load(e.path)
	c := Change{Path: e.path, Hash: hash, Payload: payload, Err: err, Took: time.Since(start)}
	if err != nil {
		// A script that does not parse names no requirements, but mending one
		// of those it had may be what mends it.
		c.Kind, c.Payload = Failed, nil
		return c, failed(hash, err), union(e.abs, e.files, files)
	}
	c.Kind = Changed
	if hash == e.running {
		c.Kind = Restored
	}
	return c, loaded(hash), union(e.abs, files)
}
