package watch

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// loadToy reads scripts of a toy language: a line "require NAME" brings in
// NAME beside the script, a line "bad" does not compile, and an empty script is
// not one. Byte order marks and carriage returns do not count.
func loadToy(path string) (files []string, hash string, payload any, err error) {
	files = []string{path}
	text, err := os.ReadFile(path)
	if err != nil {
		return files, "", nil, err
	}
	all := normal(text)
	for _, line := range strings.Split(all, "\n") {
		name, ok := strings.CutPrefix(line, "require ")
		if !ok {
			continue
		}
		lib := filepath.Join(filepath.Dir(path), name)
		files = append(files, lib)
		text, readErr := os.ReadFile(lib)
		if readErr != nil {
			err = readErr
		}
		all += "|" + normal(text)
	}
	switch {
	case err != nil:
	case strings.TrimSpace(all) == "":
		err = errors.New("empty script")
	case strings.Contains(all, "bad"):
		err = errors.New("line 1: bad")
	}
	return files, all, "compiled " + all, err
}

func normal(text []byte) string {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	return string(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")))
}

// rig is a watcher of one script in a directory of its own.
type rig struct {
	*Watcher
	t    *testing.T
	dir  string
	path string
}

func (r *rig) at(name string) string { return filepath.Join(r.dir, name) }

func (r *rig) write(name, text string) {
	r.t.Helper()
	r.ok(os.MkdirAll(filepath.Dir(r.at(name)), 0o755))
	r.ok(os.WriteFile(r.at(name), []byte(text), 0o644))
}

func (r *rig) rename(from, to string) {
	r.t.Helper()
	r.ok(os.Rename(r.at(from), r.at(to)))
}

func (r *rig) ok(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// rest makes the watcher look, and waits until it has nothing left to do.
func (r *rig) rest() {
	r.t.Helper()
	r.ok(r.call(r.hintAll))
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		busy := false
		r.ok(r.call(func() {
			for _, e := range r.entries {
				busy = busy || !e.due.IsZero()
			}
		}))
		if !busy {
			return
		}
		if time.Now().After(deadline) {
			r.t.Fatal("the watcher does not come to rest")
		}
	}
}

// quiet fails when there is, or comes to be, anything to report.
func (r *rig) quiet() {
	r.t.Helper()
	r.rest()
	r.ok(r.call(func() {
		for _, c := range r.queue {
			r.t.Errorf("unexpected change: %v %q err=%v", c.Kind, c.Hash, c.Err)
		}
	}))
}

// want receives until the change wanted arrives. Only what a torn save may show
// for a moment is passed over: never other contents that load.
func (r *rig) want(kind Kind, hash string) Change {
	r.t.Helper()
	for {
		select {
		case c := <-r.Changes():
			if c.Kind == kind && (hash == "" || c.Hash == hash) {
				return c
			}
			if c.Kind == Changed || c.Kind == Restored {
				r.t.Fatalf("got %v %q, want %v %q", c.Kind, c.Hash, kind, hash)
			}
		case <-time.After(time.Minute):
			r.t.Fatalf("no change arrived, want %v %q", kind, hash)
		}
	}
}

// begin lays out files, and watches path while hash is what runs.
func begin(t *testing.T, opts Options, files map[string]string, links map[string]string, path, hash string) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir()}
	for name, text := range files {
		r.write(name, text)
	}
	for name, target := range links {
		r.ok(os.Symlink(target, r.at(name)))
	}
	r.path = r.at(path)
	opts.Load = loadToy
	if opts.Poll < time.Second {
		r.Watcher = start(opts, nil, errDeaf)
	} else {
		w, err := New(opts)
		r.ok(err)
		r.Watcher = w
	}
	t.Cleanup(func() { r.ok(r.Close()) })
	r.ok(r.Add(r.path, hash))
	r.quiet()
	return r
}

// modes are the two ways a save is noticed; each must do alone.
var modes = map[string]Options{
	"events":  {Debounce: 40 * time.Millisecond, Poll: time.Hour},
	"polling": {Debounce: 40 * time.Millisecond, Poll: 5 * time.Millisecond},
}

// errDeaf is why a watcher that only polls in these tests does so.
var errDeaf = errors.New("no events here")

func TestDegraded(t *testing.T) {
	files := map[string]string{"a.lua": "one"}
	if err := begin(t, modes["polling"], files, nil, "a.lua", "one").Degraded(); !errors.Is(err, errDeaf) {
		t.Errorf("polling: %v", err)
	}
	if err := begin(t, modes["events"], files, nil, "a.lua", "one").Degraded(); err != nil {
		t.Errorf("with events: %v", err)
	}
}

func TestSaves(t *testing.T) {
	plain := map[string]string{"a.lua": "one"}
	cases := []struct {
		name  string
		files map[string]string
		links map[string]string
		path  string
		runs  string
		save  func(r *rig)
		want  string
	}{
		{name: "overwrite", files: plain, path: "a.lua", runs: "one", want: "two",
			save: func(r *rig) { r.write("a.lua", "two") }},
		{name: "truncate, then write in two pieces", files: plain, path: "a.lua", runs: "one", want: "two and more",
			save: func(r *rig) {
				f, err := os.Create(r.at("a.lua"))
				r.ok(err)
				_, err = f.WriteString("two")
				r.ok(err)
				_, err = f.WriteString(" and more")
				r.ok(err)
				r.ok(f.Close())
			}},
		{name: "same size", files: plain, path: "a.lua", runs: "one", want: "eno",
			save: func(r *rig) { r.write("a.lua", "eno") }},
		{name: "same size and time", files: plain, path: "a.lua", runs: "one", want: "eno",
			save: func(r *rig) {
				info, err := os.Stat(r.path)
				r.ok(err)
				r.write("b.lua", "eno")
				r.ok(os.Chtimes(r.at("b.lua"), info.ModTime(), info.ModTime()))
				r.rename("b.lua", "a.lua")
			}},
		{name: "atomic rename", files: plain, path: "a.lua", runs: "one", want: "two",
			save: func(r *rig) { r.write(".a.lua.tmp", "two"); r.rename(".a.lua.tmp", "a.lua") }},
		{name: "atomic rename, twice", files: plain, path: "a.lua", runs: "one", want: "three",
			save: func(r *rig) {
				r.write("t", "two")
				r.rename("t", "a.lua")
				r.want(Changed, "two")
				r.write("t", "three")
				r.rename("t", "a.lua")
			}},
		{name: "vim with a backup", files: plain, path: "a.lua", runs: "one", want: "two",
			save: func(r *rig) {
				r.write("4913", "")
				r.ok(os.Remove(r.at("4913")))
				r.rename("a.lua", "a.lua~")
				r.write("a.lua", "two")
				r.ok(os.Remove(r.at("a.lua~")))
			}},
		{name: "delete, then create", files: plain, path: "a.lua", runs: "one", want: "two",
			save: func(r *rig) { r.ok(os.Remove(r.path)); r.write("a.lua", "two") }},
		{name: "the directory is replaced", files: map[string]string{"s/a.lua": "one"}, path: "s/a.lua", runs: "one", want: "two",
			save: func(r *rig) { r.write("new/a.lua", "two"); r.rename("s", "old"); r.rename("new", "s") }},
		{name: "the directory goes and comes back", files: map[string]string{"s/a.lua": "one"}, path: "s/a.lua", runs: "one", want: "two",
			save: func(r *rig) {
				r.ok(os.RemoveAll(r.at("s")))
				r.want(Missing, "")
				r.write("s/a.lua", "two")
			}},
		{name: "a symlink to the script is swapped", path: "a.lua", runs: "one", want: "two",
			files: map[string]string{"v1.lua": "one", "v2.lua": "two"}, links: map[string]string{"a.lua": "v1.lua"},
			save: func(r *rig) { r.ok(os.Symlink("v2.lua", r.at("t"))); r.rename("t", "a.lua") }},
		{name: "a symlink to the directory is swapped", path: "current/a.lua", runs: "one", want: "three",
			files: map[string]string{"v1/a.lua": "one", "v2/a.lua": "two"}, links: map[string]string{"current": "v1"},
			save: func(r *rig) {
				r.ok(os.Symlink("v2", r.at("t")))
				r.rename("t", "current")
				r.want(Changed, "two")
				r.write("v2/a.lua", "three")
			}},
		{name: "a symlink of a symlink is swapped", path: "a/a.lua", runs: "one", want: "two",
			files: map[string]string{"v1/a.lua": "one", "v2/a.lua": "two"}, links: map[string]string{"a": "b", "b": "v1"},
			save: func(r *rig) { r.ok(os.Symlink("v2", r.at("t"))); r.rename("t", "b") }},
		{name: "the target of a symlink is saved", path: "s/a.lua", runs: "one", want: "two",
			files: map[string]string{"real/a.lua": "one", "s/other": ""}, links: map[string]string{"s/a.lua": "../real/a.lua"},
			save: func(r *rig) { r.write("real/a.lua", "two") }},
		{name: "a required file is saved", path: "a.lua", runs: "require lib/b\n|one", want: "require lib/b\n|two",
			files: map[string]string{"a.lua": "require lib/b\n", "lib/b": "one"},
			save:  func(r *rig) { r.write("lib/b", "two") }},
		{name: "a file is required that was not before", path: "a.lua", runs: "one", want: "require lib/b\n|two",
			files: map[string]string{"a.lua": "one", "lib/b": "one"},
			save: func(r *rig) {
				r.write("a.lua", "require lib/b\n")
				r.want(Changed, "require lib/b\n|one")
				r.write("lib/b", "two")
			}},
		{name: "a required file is made after the script", path: "a.lua", runs: "one", want: "require deep/lib/b\n|two", files: plain,
			save: func(r *rig) {
				r.write("a.lua", "require deep/lib/b\n")
				r.want(Failed, "")
				r.write("deep/lib/b", "two")
			}},
		{name: "a broken requirement of a broken script is mended", path: "a.lua", runs: "require b\n|one", want: "require b\n|two",
			files: map[string]string{"a.lua": "require b\n", "b": "one"},
			save: func(r *rig) {
				r.write("b", "bad")
				r.want(Failed, "")
				r.write("b", "two")
			}},
	}
	for mode, opts := range modes {
		for _, c := range cases {
			t.Run(mode+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				r := begin(t, opts, c.files, c.links, c.path, c.runs)
				c.save(r)
				got := r.want(Changed, c.want)
				if got.Payload != "compiled "+c.want || got.Path != r.path || got.Err != nil {
					t.Errorf("got %+v", got)
				}
				r.quiet()
			})
		}
	}
}

func TestSavesThatChangeNothing(t *testing.T) {
	cases := map[string]func(r *rig){
		"nothing at all": func(r *rig) {},
		"touch": func(r *rig) {
			later := time.Now().Add(time.Hour)
			r.ok(os.Chtimes(r.path, later, later))
		},
		"same contents":      func(r *rig) { r.write("a.lua", "x\ny\n") },
		"same by rename":     func(r *rig) { r.write("t", "x\ny\n"); r.rename("t", "a.lua") },
		"mode":               func(r *rig) { r.ok(os.Chmod(r.path, 0o600)) },
		"carriage returns":   func(r *rig) { r.write("a.lua", "x\r\ny\r\n") },
		"byte order mark":    func(r *rig) { r.write("a.lua", "\ufeffx\ny\n") },
		"both, then neither": func(r *rig) { r.write("a.lua", "\ufeffx\r\ny\r\n"); r.rest(); r.write("a.lua", "x\ny\n") },
		"a file beside it":   func(r *rig) { r.write("a.lua.swp", "junk"); r.write("ledger.db", "junk") },
		"moved away and back": func(r *rig) {
			r.rename("a.lua", "b.lua")
			r.rename("b.lua", "a.lua")
		},
	}
	for name, save := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := begin(t, modes["events"], map[string]string{"a.lua": "x\ny\n"}, nil, "a.lua", "x\ny\n")
			save(r)
			r.quiet()
			// That it is still awake is what makes its silence mean something.
			r.write("a.lua", "z")
			r.want(Changed, "z")
		})
	}
}

func TestBadContentsAreReportedOnce(t *testing.T) {
	r := begin(t, modes["events"], map[string]string{"a.lua": "one"}, nil, "a.lua", "one")
	r.write("a.lua", "bad")
	c := r.want(Failed, "bad")
	if c.Err == nil || c.Err.Error() != "line 1: bad" || c.Payload != nil {
		t.Errorf("got %+v", c)
	}
	r.write("a.lua", "bad")
	r.quiet()
	r.write("a.lua", "bad\r\n")
	r.want(Failed, "bad\n")
	r.write("a.lua", "bad\n")
	r.quiet()
	r.write("a.lua", "one")
	r.want(Restored, "one")
	r.quiet()
	r.write("a.lua", "bad")
	r.want(Failed, "bad")
}

func TestDeletedScriptIsReportedOnce(t *testing.T) {
	r := begin(t, modes["events"], map[string]string{"a.lua": "one"}, nil, "a.lua", "one")
	r.ok(os.Remove(r.path))
	r.want(Missing, "")
	r.quiet()
	r.write("a.lua", "one")
	r.want(Restored, "one")
	r.ok(os.Remove(r.path))
	r.want(Missing, "")
	r.write("a.lua", "two")
	r.want(Changed, "two")
	r.quiet()
}

func TestRefusedVersion(t *testing.T) {
	r := begin(t, modes["events"], map[string]string{"a.lua": "one"}, nil, "a.lua", "one")
	r.write("a.lua", "two")
	r.want(Changed, "two")
	r.ok(r.Running(r.path, "one"))
	r.quiet()
	r.write("a.lua", "one")
	r.want(Restored, "one")
	r.write("a.lua", "two")
	r.want(Changed, "two") // refused once, but whoever saves it again wants an answer
}

func TestAcceptedVersionRuns(t *testing.T) {
	r := begin(t, modes["events"], map[string]string{"a.lua": "one"}, nil, "a.lua", "one")
	r.write("a.lua", "two")
	r.want(Changed, "two")
	r.write("a.lua", "bad")
	r.want(Failed, "bad")
	r.write("a.lua", "two")
	r.want(Restored, "two")
	r.write("a.lua", "one")
	r.want(Changed, "one")
}

func TestUnreceivedChangeIsReplaced(t *testing.T) {
	r := begin(t, modes["events"], map[string]string{"a.lua": "one"}, nil, "a.lua", "one")
	r.write("a.lua", "two")
	r.rest()
	r.write("a.lua", "three")
	r.rest()
	r.want(Changed, "three")
	r.write("a.lua", "four")
	r.rest()
	r.write("a.lua", "three")
	r.rest()
	r.want(Restored, "three")
	r.quiet()
}

func TestAddWithoutHashLoads(t *testing.T) {
	r := begin(t, modes["events"], map[string]string{"a.lua": "one", "b.lua": "uno"}, nil, "a.lua", "one")
	r.ok(r.Add(r.at("b.lua"), ""))
	if c := r.want(Changed, "uno"); c.Path != r.at("b.lua") {
		t.Errorf("path %s", c.Path)
	}
	r.write("b.lua", "due")
	r.want(Changed, "due")
	r.ok(r.Remove(r.at("b.lua")))
	r.write("b.lua", "tre")
	r.quiet()
}

// A save between the host's own load and Add must not be lost.
func TestAddNoticesWhatChangedBefore(t *testing.T) {
	r := begin(t, modes["events"], map[string]string{"a.lua": "one"}, nil, "a.lua", "one")
	r.write("b.lua", "newer")
	r.ok(r.Add(r.at("b.lua"), "older"))
	r.want(Changed, "newer")
}

func TestSymlinkCycle(t *testing.T) {
	r := begin(t, modes["events"], map[string]string{"x.lua": "x"}, map[string]string{"a.lua": "b", "b": "a.lua"}, "x.lua", "x")
	r.ok(r.Add(r.at("a.lua"), "one"))
	r.want(Failed, "")
	r.write("t", "two")
	r.rename("t", "b")
	r.want(Changed, "two")
}

func TestClose(t *testing.T) {
	r := begin(t, modes["events"], map[string]string{"a.lua": "one"}, nil, "a.lua", "one")
	r.write("a.lua", "two") // may be on its way, and nobody receives it
	r.ok(r.Close())
	r.ok(r.Close())
	if err := r.Add(r.path, ""); !errors.Is(err, ErrClosed) {
		t.Errorf("Add after Close: %v", err)
	}
	if c, open := <-r.Changes(); open {
		t.Errorf("received %v after Close", c.Kind)
	}
}

func TestNewNeedsLoad(t *testing.T) {
	if _, err := New(Options{}); err == nil {
		t.Fatal("New accepted options without Load")
	}
}

// still is a watcher whose goroutine is not running, to be stepped by hand.
func still(t *testing.T, load Load) (*Watcher, *entry, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.lua")
	if err := os.WriteFile(path, []byte("one"), 0o644); err != nil {
		t.Fatal(err)
	}
	w := &Watcher{opts: Options{Load: load, Debounce: time.Hour}}
	e := &entry{path: path, abs: path, files: []string{path}}
	w.entries = append(w.entries, e)
	return w, e, path
}

func TestContentsMustBeReadTwice(t *testing.T) {
	w, e, path := still(t, loadToy)
	for i := range 5 {
		w.step(e)
		if err := os.WriteFile(path, fmt.Appendf(nil, "half %d", i), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if len(w.queue) != 0 {
		t.Fatalf("reported %q, which was never read twice", w.queue[0].Hash)
	}
	w.step(e) // sees the last write for the first time
	w.step(e)
	if len(w.queue) != 1 || w.queue[0].Hash != "half 4" || !e.due.IsZero() {
		t.Fatalf("queue %+v, due %v", w.queue, e.due)
	}
}

func TestContentsThatChangeDuringLoad(t *testing.T) {
	loads := 0
	w, e, _ := still(t, func(path string) ([]string, string, any, error) {
		if loads++; loads == 1 {
			defer os.WriteFile(path, []byte("two"), 0o644)
		}
		return loadToy(path)
	})
	w.step(e)
	w.step(e)
	if len(w.queue) != 0 {
		t.Fatalf("reported %q, which is no longer there", w.queue[0].Hash)
	}
	w.step(e)
	if len(w.queue) != 1 || w.queue[0].Hash != "two" || loads != 2 {
		t.Fatalf("queue %+v after %d loads", w.queue, loads)
	}
}

func TestKindString(t *testing.T) {
	for k, want := range map[Kind]string{Changed: "changed", Failed: "failed", Missing: "missing", Restored: "restored", 99: "none"} {
		if k.String() != want {
			t.Errorf("%d: %q, want %q", k, k, want)
		}
	}
}
