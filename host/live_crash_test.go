package host

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/host/core"
)

// The points at which a session is killed, in the order in which an order passes
// them.
const (
	killIntent = "intent" // it is recorded, and not yet handed to the order manager
	killSend   = "send"   // it is about to leave
	killAck    = "ack"    // the venue has it; its answer was not heard
	killHeard  = "heard"  // its answer was heard, and not yet recorded
	killFill   = "fill"   // its fill was heard, and not yet recorded
	killCommit = "commit" // its fill is in the journal, and not yet in the ledger
	killMove   = "move"   // a transfer was made; its answer was not heard
	killNever  = "never"
	runWhole   = "whole" // it is not killed, and has a ledger of its own
)

// A session that is killed at any point of an order's life knows, once it is started
// again, exactly what the venue knows.
func TestLiveKilledAtEveryPoint(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	t.Parallel()
	for i, point := range []string{killIntent, killSend, killAck, killHeard, killFill, killCommit, killMove} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			h := openHouse(t, uint64(i+1), nil)
			h.runChild(point)
			s := begin(t, h.options(map[string]string{"acts": "24", "every": "0.2"}), nil)
			s.until("its acts are over", time.Minute, func(*liveState) bool { return strings.Contains(s.log(), "nothing more is begun") })
			s.quiet(h, 90*time.Second)
			s.end()
			if n := h.audited(); n < 3 {
				t.Errorf("%d trades: the test tested little", n)
			}
			h.hides(s.log())
			if t.Failed() {
				t.Log(tail(s.log(), 8000))
			}
		})
	}
}

// runChild runs a session in a process of its own until it kills itself.
func (h *liveHouse) runChild(point string) {
	h.t.Helper()
	cmd := h.child(point)
	out, err := cmd.CombinedOutput()
	h.write("child.out", string(out))
	if err == nil || cmd.ProcessState.ExitCode() != -1 {
		h.t.Fatalf("the child was not killed: %v\n%s", err, tail(string(out), 4000))
	}
}

func (h *liveHouse) child(point string) *exec.Cmd {
	ctx, stop := context.WithTimeout(context.Background(), 3*time.Minute)
	h.t.Cleanup(stop)
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), "HOST_LIVE_CHILD="+h.dir, "HOST_LIVE_VENUE="+h.host, "HOST_LIVE_KILL="+point)
	return cmd
}

// liveChild is the process that is killed. Exit code 1 says that it lived on.
func liveChild(dir string) {
	point := os.Getenv("HOST_LIVE_KILL")
	set := map[string]string{"acts": "1000", "every": "0.2"}
	if point == killNever {
		set["away"], set["acts"] = "0.02", "12"
	}
	o := liveOptions(os.Getenv("HOST_LIVE_VENUE"), dir, set)
	if bybitURL := os.Getenv("HOST_LIVE_BYBIT"); bybitURL != "" {
		o = twoHouseOptions(os.Getenv("HOST_LIVE_VENUE"), dir, bybitURL, true, set)
	}
	if house := os.Getenv("HOST_LIVE_HOUSE"); house != "" {
		o = simulatedChild(house, dir)
	}
	o.Log = func(l Line) { fmt.Println(l.Level, l.Strategy, l.Text) }
	o.Status = func(s Status) { fmt.Println("status", s.Events, s.Account) }
	if point == runWhole {
		wholeChild(o)
	}
	k := &suicide{point: point}
	k.left.Store(occasions(point))
	o.wrapAccount = k.account
	if err := o.Validate(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	r := newRunner(o)
	if err := r.open(context.Background()); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	r.loop.Venue = killedVenue{r.loop.Venue, k}
	r.loop.Recorder = &killedRecorder{r.record.rec, k}
	fmt.Println("ended:", r.loop.Run(context.Background()))
	os.Exit(1)
}

// occasions is how often a point is passed before the end: transfers are few.
func occasions(point string) int32 {
	if point == killMove {
		return 2
	}
	return 4
}

// suicide kills the process the last of a number of times that it passes a point.
type suicide struct {
	point string
	left  atomic.Int32
}

func (k *suicide) at(point string) {
	if point != k.point {
		return
	}
	if k.left.Add(-1) > 0 {
		return
	}
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		_ = p.Kill()
	}
	select {} // until it is dead
}

// killedVenue is between the record of an intent and the order manager.
type killedVenue struct {
	exchange.Execution
	*suicide
}

func (v killedVenue) Submit(o *exchange.Order, now exchange.Time) {
	v.at(killIntent)
	v.Execution.Submit(o, now)
}

// wholeAccount is an account with all that one may have.
type wholeAccount interface {
	oms.Account
	oms.Incomes
	oms.Transfers
	oms.DeadMan
	oms.Amender
	oms.Batcher
	oms.HedgeMode
}

// killedAccount is between the order manager and the venue, and killedMoves for transfers.
type (
	killedAccount struct {
		oms.Account
		*suicide
	}
	killedMoves struct {
		oms.Transfers
		*suicide
	}
)

// account stands before an account, with the capabilities that it has.
func (k *suicide) account(a oms.Account) oms.Account {
	orders := killedAccount{a, k}
	switch a := a.(type) {
	case wholeAccount:
		return struct {
			killedAccount
			killedMoves
			oms.Incomes
			oms.DeadMan
			oms.Amender
			oms.Batcher
			oms.HedgeMode
		}{orders, killedMoves{a, k}, a, a, a, a, a}
	case interface {
		oms.Incomes
		oms.Transfers
		oms.Amender
		oms.Batcher
		oms.HedgeMode
	}:
		return struct {
			killedAccount
			killedMoves
			oms.Incomes
			oms.Amender
			oms.Batcher
			oms.HedgeMode
		}{orders, killedMoves{a, k}, a, a, a, a}
	case interface {
		oms.Incomes
		oms.Transfers
		oms.DeadMan
		oms.Batcher
	}:
		return struct {
			killedAccount
			killedMoves
			oms.Incomes
			oms.DeadMan
			oms.Batcher
		}{orders, killedMoves{a, k}, a, a, a}
	case interface {
		oms.Incomes
		oms.Amender
	}:
		return struct {
			killedAccount
			oms.Incomes
			oms.Amender
		}{orders, a, a}
	}
	return orders
}

func (a killedAccount) Place(ctx context.Context, o oms.Order) (oms.Report, error) {
	a.at(killSend)
	r, err := a.Account.Place(ctx, o)
	a.at(killAck)
	return r, err
}

func (a killedMoves) Transfer(ctx context.Context, t oms.TransferOrder) (string, error) {
	id, err := a.Transfers.Transfer(ctx, t)
	a.at(killMove)
	return id, err
}

// killedRecorder is between what is heard and what is recorded.
type killedRecorder struct {
	*recorder
	*suicide
}

func (r *killedRecorder) Before(ev *exchange.Event) error {
	switch ev.Kind {
	case exchange.KindOrder:
		r.at(killHeard)
	case exchange.KindFill:
		r.at(killFill)
	}
	return r.recorder.Before(ev)
}

func (r *killedRecorder) After(ev *exchange.Event, fx []core.Effect) error {
	if ev.Kind == exchange.KindFill && r.point == killCommit {
		if r.left.Load() == 1 {
			sink := r.sink
			r.sink = nil
			_ = r.recorder.After(ev, fx)
			_ = r.journal.Flush()
			r.sink = sink
		}
		r.at(killCommit)
	}
	return r.recorder.After(ev, fx)
}

// Ctrl-C while a start still waits for the venue's word on what the last run left ends
// at once, says so, and loses nothing.
func TestLiveInterruptedWhileReconciling(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	t.Parallel()
	h := openHouse(t, 12, nil)
	h.runChild(killSend) // it takes over 10 s to prove that the order never arrived
	o := h.options(nil)
	if err := o.Validate(); err != nil {
		t.Fatal(err)
	}
	r := newRunner(o)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	opened := make(chan error, 1)
	go func() { opened <- r.open(ctx) }()
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if p := r.supervisor.phase.Load(); p != nil && strings.HasPrefix(p.text, "waiting for the account to be reconciled") {
			break
		}
		if time.Now().After(end) {
			t.Fatal("it did not come to be reconciled")
		}
	}
	stop()
	if err := <-opened; err == nil || !strings.HasPrefix(err.Error(), "interrupted before the account was reconciled") {
		t.Errorf("%v; want an interruption that is named", err)
	}
	r.close()
	s := begin(t, h.options(map[string]string{"acts": "12", "every": "0.2"}), nil)
	s.quiet(h, 90*time.Second)
	s.end()
	h.audited()
	h.hides(s.log())
}
