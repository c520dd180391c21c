package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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

// Result is what became of one file.
type Result struct {
	Item  Item
	State State
	Bytes int64 // that came over the network
	Err   error // with Failed
}

// State says how a download ended.
type State uint8

// The ways a download can end.
const (
	Fetched State = iota + 1
	Present       // it was there, and its checksum is right
	Absent        // the archive has no such file
	Failed
)

func (s State) String() string {
	return [...]string{"none", "fetched", "present", "absent", "failed"}[s]
}

// Downloader fetches files into a directory that mirrors the archive's tree. A
// file takes its place only when its checksum is right. What was fetched of a file
// before an interruption is kept as NAME.part and continued from.
type Downloader struct {
	Base    string // default Base
	Dir     string
	Client  *http.Client // default http.DefaultClient
	Workers int          // files at a time; default 4
	// Attempts is how often one file is tried when the network or the server fails;
	// default 5. Pause is waited before the second attempt and doubles; default 1 s.
	Attempts int
	Pause    time.Duration
	// Progress is told of every file as it ends, from one goroutine at a time.
	Progress func(Result)
}

// Fetch downloads the items and returns their results in the same order. The
// error joins those of the files that failed; what is absent is not an error.
func (d *Downloader) Fetch(ctx context.Context, items []Item) ([]Result, error) {
	c := *d
	c.defaults()
	results := make([]Result, len(items))
	var told sync.Mutex
	var workers sync.WaitGroup
	next := make(chan int)
	for range min(c.Workers, len(items)) {
		workers.Go(func() {
			for i := range next {
				results[i] = c.item(ctx, items[i])
				told.Lock()
				c.Progress(results[i])
				told.Unlock()
			}
		})
	}
	for i := range items {
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

func (d *Downloader) defaults() {
	if d.Base == "" {
		d.Base = Base
	}
	d.Base = strings.TrimSuffix(d.Base, "/")
	if d.Client == nil {
		d.Client = http.DefaultClient
	}
	if d.Workers < 1 {
		d.Workers = 4
	}
	if d.Attempts < 1 {
		d.Attempts = 5
	}
	if d.Pause == 0 {
		d.Pause = time.Second
	}
	if d.Progress == nil {
		d.Progress = func(Result) {}
	}
}

// item fetches one file, again when that may help.
func (d *Downloader) item(ctx context.Context, it Item) Result {
	r := Result{Item: it}
	pause := d.Pause
	for attempt := 1; ; attempt++ {
		n, state, err := d.once(ctx, it)
		r.Bytes += n
		if err == nil {
			r.State = state
			return r
		}
		r.State, r.Err = Failed, fmt.Errorf("%s: %w", it.Path(), err)
		var s *statusError
		final := errors.As(err, &s) && s.status < 500 && s.status != http.StatusTooManyRequests
		if final || attempt >= d.Attempts || wire.Sleep(ctx, pause) != nil {
			return r
		}
		pause *= 2
	}
}

// once brings one file up to date.
func (d *Downloader) once(ctx context.Context, it Item) (bytes int64, state State, err error) {
	want, err := d.checksum(ctx, it)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, Absent, nil
	}
	if err != nil {
		return 0, 0, err
	}
	path := filepath.Join(d.Dir, filepath.FromSlash(it.Path()))
	if got, err := hash(path); err == nil && got == want {
		return 0, Present, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return 0, 0, err
	}
	part := path + ".part"
	bytes, err = d.body(ctx, it, part)
	if err != nil {
		return bytes, 0, err
	}
	got, err := hash(part)
	if err != nil {
		return bytes, 0, err
	}
	if got != want {
		_ = os.Remove(part) // a second attempt must not continue from it
		return bytes, 0, fmt.Errorf("SHA-256 is %s, the archive's .CHECKSUM says %s", got, want)
	}
	return bytes, Fetched, os.Rename(part, path)
}

// checksum returns the SHA-256 that the archive states for a file.
func (d *Downloader) checksum(ctx context.Context, it Item) (string, error) {
	resp, err := d.get(ctx, d.Base+"/"+it.Path()+".CHECKSUM", 0)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if err != nil {
		return "", fmt.Errorf("read .CHECKSUM: %w", err)
	}
	sum, _, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	if raw, err := hex.DecodeString(sum); err != nil || len(raw) != sha256.Size {
		return "", fmt.Errorf(".CHECKSUM is %.80q: want 64 hexadecimal digits and a name", text)
	}
	return strings.ToLower(sum), nil
}

// body appends what is missing of a file to part. A server that does not know
// ranges sends it all, and the file begins anew.
func (d *Downloader) body(ctx context.Context, it Item, part string) (n int64, err error) {
	f, err := os.OpenFile(part, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	have, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	resp, err := d.get(ctx, d.Base+"/"+it.Path(), have)
	var s *statusError
	if errors.As(err, &s) && s.status == http.StatusRequestedRangeNotSatisfiable {
		return 0, nil // all of it is there; the checksum decides
	}
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusPartialContent {
		if err := f.Truncate(0); err != nil {
			return 0, err
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return 0, err
		}
	}
	watched := &watched{r: resp.Body, alarm: time.AfterFunc(stall, func() { cancel(errStalled) })}
	defer watched.alarm.Stop()
	if n, err = io.Copy(f, watched); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return n, fmt.Errorf("after %d bytes: %w", n, err)
	}
	return n, nil
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

// statusError is an answer that is not the file.
type statusError struct {
	url    string
	status int
}

func (e *statusError) Error() string { return fmt.Sprintf("GET %s: HTTP status %d", e.url, e.status) }

// Is makes a missing file fs.ErrNotExist.
func (e *statusError) Is(target error) bool {
	return target == fs.ErrNotExist && e.status == http.StatusNotFound
}

func (d *Downloader) get(ctx context.Context, url string, offset int64) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	if offset > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	resp, err := d.Client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusPartialContent {
		resp.Body.Close()
		return nil, &statusError{url, resp.StatusCode}
	}
	return resp, nil
}

func hash(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
