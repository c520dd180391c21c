//go:build unix

package watch

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Nobody writes to a pipe that stands where a script did: it is no script, and what is saved over
// it is noticed.
func TestAPipeHoldsNothingUp(t *testing.T) {
	w, e, path := still(t, loadToy)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	looked := make(chan error, 1)
	go func() { looked <- readFile(nil, path) }()
	select {
	case err := <-looked:
		if err == nil {
			t.Error("a pipe was read")
		}
	case <-time.After(time.Minute):
		t.Fatal("a look at a pipe does not end")
	}
	was := read(e.files)
	next := filepath.Join(filepath.Dir(path), "b.lua")
	if err := os.WriteFile(next, []byte("two"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, path); err != nil {
		t.Fatal(err)
	}
	if read(e.files) == was {
		t.Error("a file in the place of the pipe looks the same")
	}
	w.step(e)
	w.step(e)
	if len(w.queue) != 1 || w.queue[0].Hash != "two" {
		t.Errorf("queue %+v", w.queue)
	}
}
