package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
)

// pipe is standard input that has said something and stays open until it is closed.
func pipe(t *testing.T, text string) (io.Reader, io.Closer) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	return r, w
}

// untilAnswered keeps lines, and calls done when as many answers came as are wanted.
type untilAnswered struct {
	mu   sync.Mutex
	all  bytes.Buffer
	want int
	done func()
}

func (u *untilAnswered) Write(p []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.all.Write(p)
	if strings.Count(u.all.String(), "\n") == u.want {
		u.done()
	}
	return len(p), nil
}

// answer is the line that answers a request.
func (u *untilAnswered) answer(id int) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, line := range strings.Split(u.all.String(), "\n") {
		if strings.Contains(line, fmt.Sprintf(`"id":%d,`, id)) {
			return line
		}
	}
	return ""
}
