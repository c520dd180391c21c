package watch_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	"github.com/perilune/perilune/host/watch"
)

// A save is reported with what was loaded, once, when the file has come to rest.
func Example() {
	dir, err := os.MkdirTemp("", "watch")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "strategy.lua")
	if err := os.WriteFile(file, []byte("-- v1"), 0o644); err != nil {
		fmt.Println(err)
		return
	}
	w, err := watch.New(watch.Options{Load: func(path string) ([]string, string, any, error) {
		text, err := os.ReadFile(path)
		return []string{path}, fmt.Sprintf("%x", sha256.Sum256(text)), string(text), err
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer w.Close()
	if err := w.Add(file, ""); err != nil {
		fmt.Println(err)
		return
	}
	c := <-w.Changes()
	fmt.Println(c.Kind, filepath.Base(c.Path), c.Payload)
	// Output:
	// changed strategy.lua -- v1
}
