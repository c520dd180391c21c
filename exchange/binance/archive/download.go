package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange/fetch"
)

// Result is what became of one file.
type Result struct {
	Item  Item
	State fetch.State
	Bytes int64 // that came over the network
	Err   error // with fetch.Failed
}

// Downloader fetches files into a directory that mirrors the archive's tree: see
// fetch.Tree. A file takes its place only when its checksum is right.
type Downloader struct {
	Base     string // default Base
	Dir      string
	Client   *http.Client
	Workers  int
	Attempts int
	Pause    time.Duration
	Progress func(Result) // is told of every file as it ends, from one goroutine at a time
}

// Fetch downloads the items and returns their results in the same order. The
// error joins those of the files that failed; what is absent is not an error.
func (d *Downloader) Fetch(ctx context.Context, items []Item) ([]Result, error) {
	tree := &fetch.Tree{Base: d.Base, Dir: d.Dir, Client: d.Client, Workers: d.Workers, Attempts: d.Attempts, Pause: d.Pause, Prove: checksum}
	if tree.Base == "" {
		tree.Base = Base
	}
	files := make([]fetch.File, len(items))
	of := make(map[string]Item, len(items))
	for i, it := range items {
		files[i] = fetch.File{Path: it.Path()}
		of[it.Path()] = it
	}
	result := func(r fetch.Result) Result { return Result{of[r.Path], r.State, r.Bytes, r.Err} }
	if d.Progress != nil {
		tree.Progress = func(r fetch.Result) { d.Progress(result(r)) }
	}
	list, err := tree.Fetch(ctx, files)
	out := make([]Result, len(list))
	for i := range list {
		out[i] = result(list[i])
	}
	return out, err
}

// checksum proves a file by the SHA-256 that the archive states for it.
func checksum(ctx context.Context, t *fetch.Tree, f fetch.File) (func(path string) error, error) {
	text, err := t.Get(ctx, f.Path+".CHECKSUM", 4096)
	if err != nil {
		return nil, err
	}
	want, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(string(text))), " ")
	if raw, err := hex.DecodeString(want); err != nil || len(raw) != sha256.Size {
		return nil, fmt.Errorf(".CHECKSUM is %.80q: want 64 hexadecimal digits and a name", text)
	}
	return func(path string) error {
		got, err := fetch.SHA256(path)
		if err == nil && got != want {
			err = fmt.Errorf("SHA-256 of %s is %s, the archive's .CHECKSUM says %s", filepath.Base(f.Path), got, want)
		}
		return err
	}, nil
}
