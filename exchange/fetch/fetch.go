// Package fetch brings files of a public archive over HTTP into a directory: several at a
// time, continued where they broke off, proved before they take their place, and not
// fetched again. Which files there are, and what proves them, is the archive's.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange/wire"
)

// State says how the fetching of a file ended.
type State uint8

// The ways in which it can end.
const (
	Fetched State = iota + 1
	Present       // it was there, and is whole
	Absent        // the archive has no such file
	Failed
)

func (s State) String() string {
	return [...]string{"none", "fetched", "present", "absent", "failed"}[s]
}

// File is a file of an archive.
type File struct {
	Path string // below the directory, with slashes
	At   string // below the archive's base; "": as Path
}

// Result is what became of a file.
type Result struct {
	File
	State State
	Bytes int64 // that came over the network
	Err   error // with Failed
}

// Tree fetches files into a directory. A file takes its place only when it is proved. What
// was fetched of it before an interruption is kept as NAME.part and continued from.
type Tree struct {
	Base    string
	Dir     string
	Client  *http.Client // default http.DefaultClient
	Header  http.Header  // of every request
	Workers int          // files at a time; default 4
	// Attempts is how often one file is tried when the network or the server fails;
	// default 5. Pause is waited before the second attempt and doubles; default 1 s. A
	// server that says Retry-After is believed, up to a quarter of an hour, by all workers.
	Attempts int
	Pause    time.Duration
	// Prove returns what checks a file that is there. It may ask the archive for that
	// (see Get); fs.ErrNotExist says that there is no such file. nil: every file that was
	// fetched to its end is believed.
	Prove func(ctx context.Context, t *Tree, f File) (check func(path string) error, err error)
	// Progress is told of every file as it ends, from one goroutine at a time.
	Progress func(Result)

	held hold
}

// patience is the longest pause that a server can ask for.
const patience = 15 * time.Minute

// Fetch brings the files and returns what became of them, in the same order. The error
// joins those of the files that failed; what is absent is no error. When ctx ends, what
// has not begun fails with its error.
func (t *Tree) Fetch(ctx context.Context, files []File) ([]Result, error) {
	c := t.withDefaults()
	results := make([]Result, len(files))
	var told sync.Mutex
	var workers sync.WaitGroup
	next := make(chan int)
	for range min(c.Workers, len(files)) {
		workers.Go(func() {
			for i := range next {
				results[i] = c.file(ctx, files[i])
				told.Lock()
				c.Progress(results[i])
				told.Unlock()
			}
		})
	}
	for i := range files {
		next <- i
	}
	close(next)
	workers.Wait()
	var errs []error
	for _, r := range results {
		if r.State == Failed {
			errs = append(errs, r.Err)
		}
	}
	return results, errors.Join(errs...)
}

func (t *Tree) withDefaults() *Tree {
	c := &Tree{Base: strings.TrimSuffix(t.Base, "/"), Dir: t.Dir, Client: t.Client, Header: t.Header, Workers: t.Workers,
		Attempts: t.Attempts, Pause: t.Pause, Prove: t.Prove, Progress: t.Progress}
	if c.Client == nil {
		c.Client = http.DefaultClient
	}
	if c.Workers < 1 {
		c.Workers = 4
	}
	if c.Attempts < 1 {
		c.Attempts = 5
	}
	if c.Pause == 0 {
		c.Pause = time.Second
	}
	if c.Prove == nil {
		c.Prove = func(context.Context, *Tree, File) (func(string) error, error) {
			return func(path string) error { _, err := os.Stat(path); return err }, nil
		}
	}
	if c.Progress == nil {
		c.Progress = func(Result) {}
	}
	return c
}

// file brings one file, again when that may help.
func (t *Tree) file(ctx context.Context, f File) Result {
	r := Result{File: f}
	pause := t.Pause
	for attempt := 1; ; attempt++ {
		n, state, err := t.once(ctx, f)
		r.Bytes += n
		if err == nil {
			r.State = state
			return r
		}
		r.State, r.Err = Failed, fmt.Errorf("%s: %w", f.Path, err)
		var s *StatusError
		refused := errors.As(err, &s)
		if refused && s.final() || attempt >= t.Attempts {
			return r
		}
		if refused && s.RetryAfter > 0 {
			t.held.until(s.RetryAfter)
		} else if wire.Sleep(ctx, pause) != nil {
			return r
		}
		pause *= 2
	}
}

// once brings one file up to date.
func (t *Tree) once(ctx context.Context, f File) (bytes int64, state State, err error) {
	check, err := t.Prove(ctx, t, f)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, Absent, nil
	}
	if err != nil {
		return 0, 0, err
	}
	path := filepath.Join(t.Dir, filepath.FromSlash(f.Path))
	if check(path) == nil {
		return 0, Present, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return 0, 0, err
	}
	part := path + ".part"
	bytes, err = t.body(ctx, f, part)
	if errors.Is(err, fs.ErrNotExist) {
		_ = os.Remove(part) // it is empty
		return bytes, Absent, nil
	}
	if err != nil {
		return bytes, 0, err
	}
	if err := check(part); err != nil {
		_ = os.Remove(part) // a second attempt must not continue from it
		return bytes, 0, err
	}
	return bytes, Fetched, os.Rename(part, path)
}

// body appends what is missing of a file to part. A server that does not know ranges sends
// it all, and the file begins anew.
func (t *Tree) body(ctx context.Context, f File, part string) (n int64, err error) {
	out, err := os.OpenFile(part, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	have, err := out.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	at := f.At
	if at == "" {
		at = f.Path
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	resp, err := t.get(ctx, at, have)
	var s *StatusError
	if errors.As(err, &s) && s.Status == http.StatusRequestedRangeNotSatisfiable {
		return 0, nil // all of it is there; the proof decides
	}
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusPartialContent {
		if err := out.Truncate(0); err != nil {
			return 0, err
		}
		if _, err := out.Seek(0, io.SeekStart); err != nil {
			return 0, err
		}
	}
	watched := &watched{r: resp.Body, alarm: time.AfterFunc(stall, func() { cancel(errStalled) })}
	defer watched.alarm.Stop()
	if n, err = io.Copy(out, watched); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return n, fmt.Errorf("after %d bytes: %w", n, err)
	}
	return n, nil
}

// Get asks for a small file below the base, of at most limit bytes, once.
func (t *Tree) Get(ctx context.Context, at string, limit int64) ([]byte, error) {
	resp, err := t.get(ctx, at, 0)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, limit))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", at, err)
	}
	return text, nil
}

func (t *Tree) get(ctx context.Context, at string, offset int64) (*http.Response, error) {
	if err := t.held.wait(ctx); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.Base+"/"+at, nil)
	if err != nil {
		return nil, err
	}
	for name, values := range t.Header {
		req.Header[name] = values
	}
	if offset > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	resp, err := t.Client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusPartialContent {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, statusError(resp)
}

// stall is how long a connection may send nothing before it is given up.
const stall = time.Minute

var errStalled = fmt.Errorf("nothing came for %s", stall)

// watched puts an alarm off with every read that brings something.
type watched struct {
	r     io.Reader
	alarm *time.Timer
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if n > 0 {
		w.alarm.Reset(stall)
	}
	return n, err
}
