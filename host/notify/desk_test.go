package notify

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/notify/notifytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf is a store in memory.
type shelf struct {
	mu     sync.Mutex
	err    error
	states map[id]Delivery
	kept   chan Delivery
}

func newShelf() *shelf { return &shelf{states: map[id]Delivery{}, kept: make(chan Delivery, 10_000)} }

// Keep implements Store.
func (s *shelf) Keep(list []Delivery) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	for _, x := range list {
		s.states[id{x.Key, x.Target}] = x
		s.kept <- x
	}
	return nil
}

// until waits until a delivery has a state.
func (s *shelf) until(t *testing.T, key string, state State) Delivery {
	t.Helper()
	for {
		select {
		case x := <-s.kept:
			if x.Key == key && x.State == state {
				return x
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s did not become %s for a minute", key, state)
		}
	}
}

func desk(t *testing.T, targets ...Target) *Desk {
	t.Helper()
	o := Options{Targets: targets}
	if err := o.Validate(); err != nil {
		t.Fatal(err)
	}
	return NewDesk(&o, func(string) {})
}

// A target that hangs costs the others nothing; what it was to be told is left over at the
// end, and the next desk goes on with it.
func TestATargetThatHangsHoldsUpNobody(t *testing.T) {
	bad, good := notifytest.New(t), notifytest.New(t)
	hangs := make(chan struct{}, 1)
	bad.Answer(func(w http.ResponseWriter, r *http.Request, p string) bool {
		select {
		case hangs <- struct{}{}:
		default:
		}
		return bad.Hang(w, r, p)
	})
	targets := []Target{{Name: "bad", Kind: KindSlack, URL: secret(bad.URL + "/services/x")}, {Name: "good", Kind: KindNtfy, BaseURL: good.URL, Topic: secret("topic")}}
	d, s := desk(t, targets...), newShelf()
	d.Attach(s, nil, nil)
	d.Take(Notice{Key: "1", Severity: intent.Critical, Class: "halt", Text: "down"})
	<-hangs
	if r := good.Next(t); !strings.Contains(r.Body, "down") {
		t.Errorf("%+v", r)
	}
	s.until(t, "1", Sent)
	if left := d.Close(50 * time.Millisecond); len(left) != 0 {
		t.Errorf("the store was not told of %+v", left)
	}
	if x := s.states[id{"1", "bad"}]; x.State != Waiting {
		t.Fatalf("%+v", x)
	}
	bad.Answer(nil)
	d = desk(t, targets...)
	d.Attach(s, []Delivery{s.states[id{"1", "bad"}]}, []Delivery{s.states[id{"1", "good"}]})
	bad.Next(t) // the one that hung
	if r := bad.Next(t); !strings.Contains(r.Body, "down") {
		t.Errorf("%+v", r)
	}
	if x := s.until(t, "1", Sent); x.Target != "bad" {
		t.Errorf("%+v", x)
	}
	// The same words minutes later are not sent again to whom they were sent.
	d.Take(Notice{Key: "2", Severity: intent.Critical, Class: "halt", Text: "down"})
	if x := s.until(t, "2", Repeated); x.Target != "good" {
		t.Errorf("%+v", x)
	}
	d.Close(time.Minute)
	if n := good.Waiting(); n != 0 {
		t.Errorf("%d more came to good", n)
	}
	if c := d.Counts(); c[0].Sent != 2 || c[1].Sent != 0 {
		t.Errorf("%+v", c)
	}
}

// A store that can't keep anything stops no message, and is told all when it can.
func TestAStoreThatCannotKeep(t *testing.T) {
	srv, s := notifytest.New(t), newShelf()
	s.err = errors.New("the disk is full")
	d := desk(t, Target{Name: "a", Kind: KindSlack, URL: secret(srv.URL + "/services/x"), From: intent.Warning, Classes: []string{"storage"}})
	d.Attach(s, nil, nil)
	d.Take(Notice{Key: "0", Severity: intent.Notice, Class: "storage", Text: "not wanted"})
	d.Take(Notice{Key: "00", Severity: intent.Critical, Class: "feed", Text: "not wanted"})
	d.Take(Notice{Key: "1", Severity: intent.Warning, Class: "storage", Text: "the disk is full"})
	if r := srv.Next(t); !strings.Contains(r.Body, "the disk is full") {
		t.Errorf("%+v", r)
	}
	s.mu.Lock()
	s.err = nil
	s.mu.Unlock()
	d.Take(Notice{Key: "2", Severity: intent.Warning, Class: "storage", Text: "it passed"})
	s.until(t, "1", Sent)
	d.Close(time.Minute)
	if s.states[id{"0", ""}].State != Dropped || s.states[id{"2", "a"}].State != Sent {
		t.Errorf("%+v", s.states)
	}
}

// What is left of a target that is no more is said to be.
func TestATargetThatIsNoMore(t *testing.T) {
	d, s := desk(t), newShelf()
	d.Attach(s, []Delivery{{Notice: Notice{Key: "1"}, Target: "gone", State: Waiting, Made: time.Now()}}, nil)
	if x := s.until(t, "1", Failed); x.Error != "there is no target of this name any more" {
		t.Errorf("%+v", x)
	}
	d.Close(time.Second)
}

// What waits for a store that never comes is bounded.
func TestADeskWithoutAStoreIsBounded(t *testing.T) {
	d := desk(t)
	for i := range unkeptMost + 100 {
		d.Take(Notice{Key: fmt.Sprint(i)})
	}
	if left := d.Close(time.Second); len(left) != unkeptMost {
		t.Errorf("%d are kept", len(left))
	}
}
