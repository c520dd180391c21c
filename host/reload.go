package host

import (
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
	"github.com/perilune/perilune/host/watch"
)

// scriptWatcher turns saves into reload events for the loop, and says what
// became of them.
type scriptWatcher struct {
	scripts []loaded
	log     func(Line)
	post    func(*exchange.Event) // to the loop
	door    *preflight            // nil: all are let in
	w       *watch.Watcher
	bad     atomic.Int32
	pending []pendingReload // by strategy; the loop's goroutine owns it
	done    chan struct{}
}

// pendingReload is what is remembered of a reload on its way through the loop.
type pendingReload struct {
	posted atomic.Int64 // wall clock in ns
	took   atomic.Int64 // ns that reading and compiling took
	tried  atomic.Int64 // ns that its preflight took; 0: there was none

	version atomic.Int32 // that runs
	refused atomic.Value // string: why the last save did not even compile; "": it did
	hash    atomic.Value // string: of it
}

func watchScripts(scripts []loaded, log func(Line), post func(*exchange.Event), door *preflight) (*scriptWatcher, error) {
	s := &scriptWatcher{scripts: scripts, log: log, post: post, door: door, pending: make([]pendingReload, len(scripts)), done: make(chan struct{})}
	var err error
	if s.w, err = watch.New(watch.Options{Load: loadForWatch}); err != nil {
		return nil, err
	}
	for i := range scripts {
		s.pending[i].version.Store(1)
		s.pending[i].hash.Store(scripts[i].program.Hash())
		if err := s.w.Add(scripts[i].path, scripts[i].program.Hash()); err != nil {
			return nil, err
		}
	}
	go s.run()
	return s, nil
}

// loadForWatch reads and compiles off the loop.
func loadForWatch(path string) ([]string, string, any, error) {
	sources, err := script.Load(path)
	if err != nil {
		raw, _ := os.ReadFile(path) // only to tell one bad save from the next
		return []string{path}, script.Hash([]exchange.Source{{Path: path, Text: string(raw)}}), nil, err
	}
	p, err := script.Compile(sources)
	if err != nil {
		return []string{path}, script.Hash(sources), nil, err
	}
	return files(path, p), p.Hash(), p, nil
}

// run posts reloads until the watcher is closed.
func (s *scriptWatcher) run() {
	defer close(s.done)
	for c := range s.w.Changes() {
		i := s.index(c.Path)
		switch c.Kind {
		case watch.Changed:
			s.saved(i, c)
		case watch.Failed:
			s.bad.Add(1)
			s.pending[i].refused.Store(c.Err.Error())
			s.say(intent.Error, fmt.Sprintf("%v\n%s was not reloaded: v%d keeps running", c.Err, base(c.Path), s.pending[i].version.Load()))
		case watch.Missing:
			s.say(intent.Warn, fmt.Sprintf("%s is gone: v%d keeps running", c.Path, s.pending[i].version.Load()))
		case watch.Restored:
			s.pending[i].refused.Store("")
			s.say(intent.Info, fmt.Sprintf("%s is again what runs: v%d", base(c.Path), s.pending[i].version.Load()))
		}
	}
}

// saved lets a version that compiles in, unless its preflight refuses it.
func (s *scriptWatcher) saved(i int, c watch.Change) {
	program, p := c.Payload.(*script.Program), &s.pending[i]
	v := &exchange.Reload{Strategy: int32(i), Path: c.Path, Sources: program.Sources(), Hash: program.Hash(), Compiled: program}
	tried, refused := s.door.admit(v)
	if refused != nil {
		s.bad.Add(1)
		p.refused.Store(refused.Why)
		s.say(intent.Error, refused.Error())
		hash, _ := p.hash.Load().(string)
		_ = s.w.Running(c.Path, hash) // who saves it again wants an answer
		return
	}
	p.refused.Store("")
	p.took.Store(int64(c.Took))
	p.tried.Store(int64(tried))
	p.posted.Store(time.Now().UnixNano())
	v.Took = exchange.Time(c.Took + tried)
	s.post(&exchange.Event{Kind: exchange.KindReload, Instrument: exchange.NoInstrument, Reload: v})
}

func (s *scriptWatcher) say(level intent.Level, text string) {
	s.log(Line{Level: level, Text: text})
}

func (s *scriptWatcher) index(path string) int {
	for i := range s.scripts {
		if s.scripts[i].path == path {
			return i
		}
	}
	return 0
}

// outcome says what became of a reload; the loop calls it.
func (s *scriptWatcher) outcome(strategy int32, v *core.Version) {
	p := &s.pending[strategy]
	posted := p.posted.Swap(0)
	if posted == 0 { // the version that the session began with, or one that a program asked for
		if v.Loaded {
			p.version.Store(int32(v.Number))
			p.hash.Store(v.Hash)
		}
		if v.Rollback && v.Loaded {
			go func() { _ = s.w.Running(v.Path, v.Hash) }() // what is on the disk waits until it changes
		}
		return
	}
	took := time.Duration(p.took.Load()) + time.Since(time.Unix(0, posted))
	if v.Loaded {
		p.version.Store(int32(v.Number))
		p.hash.Store(v.Hash)
		text := fmt.Sprintf("reloaded %s v%d in %.1f ms", base(v.Path), v.Number, float64(took)/1e6)
		if tried := p.tried.Load(); tried > 0 {
			text += fmt.Sprintf(", after a preflight of %.0f ms", float64(tried)/1e6)
		}
		s.say(intent.Info, text)
		return
	}
	s.say(intent.Error, fmt.Sprintf("%s\n%s was not reloaded: v%d keeps running", v.Problem, base(v.Path), v.Number))
	running, _ := p.hash.Load().(string)
	go func() { _ = s.w.Running(v.Path, running) }() // the loop must not wait for the watcher
}

// refused is why the last save of a script did not even compile; "" if it did.
func (s *scriptWatcher) refused(strategy int) string {
	why, _ := s.pending[strategy].refused.Load().(string)
	return why
}

func base(path string) string { return filepath.Base(path) }

// failed counts the saves that did not even load.
func (s *scriptWatcher) failed() int { return int(s.bad.Load()) }

func (s *scriptWatcher) close() {
	_ = s.w.Close()
	<-s.done
}
