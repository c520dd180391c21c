//go:build unix

package host

import (
	"bufio"
	"bytes"
	"syscall"
	"testing"
	"time"
)

// A process that stands still is silent. The venue's switch cancels what it has
// resting on futures; when it goes on, it notices and books that.
func TestLiveDeadManSwitch(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a countdown of 20 s")
	}
	t.Parallel()
	h := openHouse(t, 11, nil)
	cmd := h.child(killNever)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := make(chan string, 1<<16)
	go func() {
		defer close(said)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			said <- lines.Text()
		}
	}()
	h.waitFor("orders rest on futures", time.Minute, func(tr *truth) bool { return tr.restingFutures() >= 2 })
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	stopped := time.Now()
	h.waitFor("the venue has canceled them", time.Minute, func(tr *truth) bool { return tr.restingFutures() == 0 })
	if d := time.Since(stopped); d < 10*time.Second {
		t.Errorf("they were gone after %s: it was not the switch", d)
	}
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	noticed := false
	for end := time.After(time.Minute); !noticed; {
		select {
		case line, ok := <-said:
			noticed = ok && bytes.Contains([]byte(line), []byte("the process was not running for"))
			if !ok {
				t.Fatal("the process ended")
			}
		case <-end:
			t.Fatal("it did not notice that it stood still")
		}
	}
	time.Sleep(2 * time.Second) // it goes on trading
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for range said {
	}
	_ = cmd.Wait() // killed
	s := begin(t, h.options(map[string]string{"acts": "1"}), nil)
	s.quiet(h, 90*time.Second)
	s.end()
	h.audited()
	h.hides(s.log())
}

func (tr *truth) restingFutures() (n int) {
	for _, o := range tr.OpenOrders {
		if o.Market != "spot" {
			n++
		}
	}
	return n
}
