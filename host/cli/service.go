package cli

import (
	"context"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/perilune/perilune/host"
)

// service tells the service manager that started this process how its session is, by the
// protocol of sd_notify(3): READY once the loop runs, WATCHDOG as long as it goes on,
// STOPPING and, as STATUS, what the status line says. A manager that hears no WATCHDOG for
// its WatchdogSec starts the process again. Where no manager asked, it does nothing.
type service struct {
	conn  net.Conn
	every time.Duration // between two words to the manager
	done  chan struct{}
	over  sync.WaitGroup
	beats atomic.Uint64               // of the loop
	shown atomic.Pointer[host.Status] // the last
	sent  string                      // the last STATUS
}

// Words to the manager come no more often than this, and none may hold anything up: the
// loop leaves what is to be said, and another goroutine says it.
const (
	serviceEvery = time.Second
	serviceSend  = 100 * time.Millisecond
)

// newService follows a session until stop is called; ctx is what asks for its end.
func newService(ctx context.Context) *service {
	s := &service{every: serviceEvery, done: make(chan struct{})}
	if path := os.Getenv("NOTIFY_SOCKET"); path != "" {
		if conn, err := net.Dial("unixgram", path); err == nil {
			s.conn = conn
			if w := watchdogOf(os.Getenv("WATCHDOG_USEC"), os.Getenv("WATCHDOG_PID")); w > 0 {
				s.every = min(s.every, w/4)
			}
			s.over.Add(1)
			go s.follow(ctx)
		}
	}
	return s
}

// watchdogOf is within what time the manager wants to hear of this process; 0: it does not.
func watchdogOf(usec, pid string) time.Duration {
	n, err := strconv.ParseInt(usec, 10, 63)
	if err != nil || n <= 0 || n > int64(24*time.Hour/time.Microsecond) || pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0
	}
	return time.Duration(n) * time.Microsecond
}

// status is told the state of the session, by its loop or by whoever watches that.
func (s *service) status(st host.Status) {
	if s.conn == nil {
		return
	}
	s.shown.Store(&st)
	if !st.Stuck {
		s.beats.Add(1)
	}
}

// stop ends the word to the manager.
func (s *service) stop() {
	close(s.done)
	s.over.Wait()
	if s.conn != nil {
		s.conn.Close()
	}
}

func (s *service) follow(ctx context.Context) {
	defer s.over.Done()
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	heard, asked := uint64(0), ctx.Done()
	for {
		select {
		case <-s.done:
			s.tell(heard)
			s.send("STOPPING=1")
			return
		case <-asked:
			s.send("STOPPING=1")
			asked = nil
		case <-tick.C:
		}
		heard = s.tell(heard)
	}
}

// tell passes on how the session is; heard are the beats that were told before.
func (s *service) tell(heard uint64) uint64 {
	beats := s.beats.Load()
	if heard == 0 && beats > 0 {
		s.send("READY=1")
	}
	if beats > heard {
		s.send("WATCHDOG=1")
	}
	if st := s.shown.Load(); st != nil {
		if text := "STATUS=" + statusText(*st, 0, false); text != s.sent {
			s.sent = text
			s.send(text)
		}
	}
	return beats
}

// send says one thing. A manager that does not read is none of the session's trouble.
func (s *service) send(text string) {
	_ = s.conn.SetWriteDeadline(time.Now().Add(serviceSend))
	_, _ = s.conn.Write([]byte(text))
}
