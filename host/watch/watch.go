// Package watch notices that a strategy, or a file it requires, was saved.
//
// It assumes that nothing about a save can be trusted but the contents. Editors
// truncate and write in two steps, rename a finished file over the old one,
// move the old one away first, or swap a symlink; some file systems send no
// events at all. So a Watcher
//
//   - watches directories, never files, because a watch on a file dies with the
//     first rename, and follows every symlink on the way;
//   - takes an event of any kind as a hint to look, and looks every few seconds
//     without one;
//   - waits until the events stop, and believes what it read only when it reads
//     the same a second time;
//   - reports contents, not saves: touching a file, or saving what was there
//     already, is nothing.
//
// It knows nothing of what is in the files: the caller's Load reads a script
// with all it requires, and says which files those were.
package watch

import (
	"errors"
	"path/filepath"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Load reads the script at path and everything it requires.
//
// files is every file it read or looked for in vain; the ones it could not find
// are watched too, so that creating one is noticed. hash identifies the
// contents as the caller compares them: when it leaves out byte order marks and
// line ends, so does the watcher. payload is handed on untouched. With an error,
// files and hash should still be what is known: the hash is what keeps the
// same bad contents from being reported twice.
//
// Load is called on the watcher's goroutine, one call at a time.
type Load func(path string) (files []string, hash string, payload any, err error)

// Kind says what a Change is about.
type Kind uint8

const (
	// Changed is new contents that load: Hash and Payload are set.
	Changed Kind = iota + 1
	// Failed is new contents that do not load: Err says why. What runs should
	// go on running.
	Failed
	// Missing is a script that was deleted and did not come back. What runs
	// should go on running.
	Missing
	// Restored follows Failed or Missing, or a version that was refused: the
	// contents are again those that run, so there is nothing to do.
	Restored
)

var kindNames = [...]string{"none", "changed", "failed", "missing", "restored"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "none"
}

// Change is one thing that became of a watched script.
type Change struct {
	Kind    Kind
	Path    string // as given to Add
	Hash    string // from Load; may be empty with Failed, is empty with Missing
	Payload any    // from Load, with Changed and Restored
	Err     error  // with Failed
	Took    time.Duration
}

// Options are the settings of a Watcher. Only Load is required.
type Options struct {
	Load Load
	// Debounce is how long a script must be quiet before it is read. Default
	// 100 ms; a fifth of it is the pause between the two reads that must agree.
	Debounce time.Duration
	// Poll is how often to look without an event, for file systems that send
	// none. Default 2 s.
	Poll time.Duration
}

// Watcher watches scripts until it is closed. Its methods may be called from
// any goroutine, also from the one that receives Changes.
type Watcher struct {
	opts    Options
	fs      *fsnotify.Watcher // nil: polling only
	changes chan Change
	calls   chan func()
	done    chan struct{}
	stopped chan struct{}
	closing sync.Once

	// Owned by run.
	entries  []*entry
	queue    []Change // at most one for each entry
	degraded error
}

// New starts a watcher. It fails only for a missing Load: when the system
// offers no file events, it polls, and Degraded says why.
func New(opts Options) (*Watcher, error) {
	if opts.Load == nil {
		return nil, errors.New("watch: Options.Load is not set")
	}
	if opts.Debounce <= 0 {
		opts.Debounce = 100 * time.Millisecond
	}
	if opts.Poll <= 0 {
		opts.Poll = 2 * time.Second
	}
	events, err := fsnotify.NewWatcher()
	return start(opts, events, err), nil
}

func start(opts Options, events *fsnotify.Watcher, degraded error) *Watcher {
	w := &Watcher{
		opts:     opts,
		fs:       events,
		changes:  make(chan Change),
		calls:    make(chan func()),
		done:     make(chan struct{}),
		stopped:  make(chan struct{}),
		degraded: degraded,
	}
	go w.run()
	return w
}

// Changes is where changes arrive, in the order they were found. A change that
// nobody has received yet is replaced by a newer one of the same script. The
// channel is closed by Close.
func (w *Watcher) Changes() <-chan Change { return w.changes }

// Add watches a script. hash is of the contents that run now, as Load computes
// it; with an empty one the first load is reported as Changed. Adding a script
// again only tells its hash.
func (w *Watcher) Add(path, hash string) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	return w.call(func() {
		e := w.find(path)
		if e == nil {
			e = &entry{path: path, abs: abs, files: []string{abs}}
			w.entries = append(w.entries, e)
			w.follow()
		}
		e.running, e.last = hash, loaded(hash)
		e.due = time.Now()
	})
}

// Running tells which contents run after all, when it is not what the last
// Changed brought: the new version was refused, or an older one was restored.
// What is on disk is not reported again until it changes.
func (w *Watcher) Running(path, hash string) error {
	return w.call(func() {
		if e := w.find(path); e != nil {
			e.running = hash
		}
	})
}

// Remove stops watching a script.
func (w *Watcher) Remove(path string) error {
	return w.call(func() {
		w.drop(path)
		for i, e := range w.entries {
			if e.path == path {
				w.entries = append(w.entries[:i], w.entries[i+1:]...)
				break
			}
		}
		w.follow()
	})
}

// Degraded says why some saves are noticed by polling only; nil when events
// arrive for every directory.
func (w *Watcher) Degraded() error {
	var err error
	_ = w.call(func() { err = w.degraded }) // a closed watcher has nothing to say
	return err
}

// ErrClosed is returned by the methods of a closed Watcher.
var ErrClosed = errors.New("watch: watcher is closed")

// Close stops watching and waits until no Load is running. It may be called
// more than once.
func (w *Watcher) Close() error {
	w.closing.Do(func() { close(w.done) })
	<-w.stopped
	return nil
}

// call runs f on the watcher's goroutine and waits for it.
func (w *Watcher) call(f func()) error {
	ran := make(chan struct{})
	select {
	case w.calls <- func() { f(); close(ran) }:
		<-ran
		return nil
	case <-w.stopped:
		return ErrClosed
	}
}

func (w *Watcher) find(path string) *entry {
	for _, e := range w.entries {
		if e.path == path {
			return e
		}
	}
	return nil
}
