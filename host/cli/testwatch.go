package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/perilune/perilune/host/trial"
	"github.com/perilune/perilune/host/watch"
)

// touched knows which files a test file rests on: itself, what it requires, and the strategies
// that it opened when it ran last.
type touched struct {
	mu    sync.Mutex
	files map[string][]string
}

func (t *touched) note(r *trial.Report) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, f := range r.Files {
		t.files[f.Path] = f.Uses
	}
}

// load tells a watcher what a test file rests on, and a hash of all of that.
func (t *touched) load(path string) ([]string, string, any, error) {
	t.mu.Lock()
	files := slices.Clone(t.files[path])
	t.mu.Unlock()
	if !slices.Contains(files, path) {
		files = append(files, path)
	}
	h := sha256.New()
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil && f == path {
			return files, "", nil, err
		}
		fmt.Fprintf(h, "%s\n%d\n%s\n", f, len(raw), raw)
	}
	return files, hex.EncodeToString(h.Sum(nil)), nil, nil
}

// follow runs all tests, and then those that a save touches until it is ended.
func (t *testFlags) follow(ctx context.Context, e *env) error {
	paths, err := trial.Find(t.Paths)
	if err != nil {
		return fail(ExitUsage, "%v", err)
	}
	known := &touched{files: map[string][]string{}}
	r, err := t.once(ctx, e, t.Options)
	if err != nil {
		return err
	}
	known.note(r)
	w, err := watch.New(watch.Options{Load: known.load})
	if err != nil {
		return err
	}
	defer w.Close()
	for _, p := range paths {
		_, hash, _, _ := known.load(p)
		if err := w.Add(p, hash); err != nil {
			return err
		}
	}
	fmt.Fprintf(e.err, "watching %d files with tests and what they use; Ctrl-C ends it\n", len(paths))
	for {
		select {
		case <-ctx.Done():
			return nil
		case c, open := <-w.Changes():
			if !open {
				return nil
			}
			if c.Kind != watch.Changed {
				continue
			}
			o := t.Options
			o.Paths = []string{c.Path}
			fmt.Fprintln(e.out)
			r, err := t.once(ctx, e, o)
			if err != nil {
				fmt.Fprintln(e.err, err)
				continue
			}
			known.note(r)
		}
	}
}
