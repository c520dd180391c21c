package fetch

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
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/perilune/perilune/exchange/wire"
)

// StatusError is an answer that is not the file.
type StatusError struct {
	URL        string
	Status     int
	RetryAfter time.Duration // as the server asks for; 0: it does not
	Text       string        // what it says of it, cut
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("GET %s: HTTP status %d", e.URL, e.Status)
	if e.Text != "" {
		text += ": " + e.Text
	}
	return text
}

// Is makes a missing file fs.ErrNotExist.
func (e *StatusError) Is(target error) bool {
	return target == fs.ErrNotExist && e.Status == http.StatusNotFound
}

// final reports whether asking again is of no use.
func (e *StatusError) final() bool {
	return e.Status < 500 && e.Status != http.StatusTooManyRequests && e.Status != http.StatusRequestTimeout
}

func statusError(resp *http.Response) *StatusError {
	const most = 300 // of an explanation
	e := &StatusError{URL: resp.Request.URL.String(), Status: resp.StatusCode}
	if text, err := io.ReadAll(io.LimitReader(resp.Body, most)); err == nil && !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		e.Text = strings.TrimSpace(strings.ToValidUTF8(string(text), ""))
	}
	after := resp.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(after); err == nil && seconds > 0 {
		e.RetryAfter = min(time.Duration(seconds)*time.Second, patience)
	} else if at, err := http.ParseTime(after); err == nil {
		e.RetryAfter = min(max(0, time.Until(at)), patience)
	}
	return e
}

// hold is a pause of all workers.
type hold struct {
	mu  sync.Mutex
	end time.Time
}

func (h *hold) until(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if end := time.Now().Add(d); end.After(h.end) {
		h.end = end
	}
}

func (h *hold) wait(ctx context.Context) error {
	h.mu.Lock()
	d := time.Until(h.end)
	h.mu.Unlock()
	if d <= 0 {
		return ctx.Err()
	}
	return wire.Sleep(ctx, d)
}

// SHA256 returns the hash of a file in hexadecimal digits.
func SHA256(path string) (string, error) {
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

// Gzip checks that a gzip file is whole by the sum and the length at its end. An empty file
// is none.
func Gzip(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err == nil {
		_, err = io.Copy(io.Discard, z)
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("the gzip file is damaged: %w", err)
	}
	return nil
}
