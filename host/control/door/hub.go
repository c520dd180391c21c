package door

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/perilune/perilune/host/control"
)

// Bounds of following.
const (
	mostFollowers = 64
	ringEvents    = 8192
	ringBytes     = 8 << 20
	idleFor       = 10 * time.Minute // without followers, before the hub stops listening
)

// hub listens to the desk once for all followers, and keeps the last of what it heard.
// Followers come for it: one that is slow holds nobody up, and misses what the ring has
// forgotten meanwhile.
type hub struct {
	desk   control.Reader
	ctx    context.Context
	cancel context.CancelFunc

	mu        sync.Mutex
	epoch     string // of an unbroken stretch of listening
	ring      [ringEvents]control.Event
	first     uint64 // the oldest that is kept
	next      uint64
	bytes     int
	followers int
	stop      context.CancelFunc // ends listening; nil: the hub does not
	idle      *time.Timer
	over      bool // the session has ended
}

func newHub(desk control.Reader) *hub {
	h := &hub{desk: desk}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	return h
}

func (h *hub) close() { h.cancel() }

// enter makes room for a follower, who had id last, "" for nothing, and returns where it goes
// on; leave must follow. Nothing that happens from then on passes it by. missed says that there
// was something before which nobody knows any more.
func (h *hub) enter(id string) (at uint64, missed bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.admit(); err != nil {
		return 0, false, err
	}
	at, missed = h.since(id)
	return at, missed, nil
}

func (h *hub) admit() error {
	if h.ctx.Err() != nil || h.over {
		return control.Errorf(control.Ended, "the session has ended")
	}
	if h.followers >= mostFollowers {
		return control.Errorf(control.TooMany, "%d follow the session already: close a page", mostFollowers)
	}
	h.followers++
	if h.idle != nil {
		h.idle.Stop()
	}
	if h.stop == nil {
		var ctx context.Context
		ctx, h.stop = context.WithCancel(h.ctx)
		h.epoch = strings.ToLower(rand.Text()[:8])
		h.first = h.next
		go h.listen(ctx)
	}
	return nil
}

func (h *hub) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.followers--; h.followers == 0 {
		h.idle = time.AfterFunc(idleFor, h.rest)
	}
}

// rest stops listening when nobody has followed for long.
func (h *hub) rest() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.followers == 0 && h.stop != nil {
		h.stop()
		h.stop = nil
	}
}

func (h *hub) listen(ctx context.Context) {
	defer func() {
		if recover() != nil || ctx.Err() == nil { // a fault of what is followed must not end the session
			h.mu.Lock()
			h.over = true
			h.mu.Unlock()
		}
	}()
	for ev := range h.desk.Follow(ctx, control.FollowArgs{}) {
		h.add(&ev)
	}
}

func (h *hub) add(ev *control.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ring[h.next%ringEvents] = *ev
	h.next++
	h.bytes += len(ev.Data)
	for h.next-h.first > ringEvents-1 || h.bytes > ringBytes && h.first < h.next-1 {
		old := &h.ring[h.first%ringEvents]
		h.bytes -= len(old.Data)
		*old = control.Event{}
		h.first++
	}
}

func (h *hub) since(id string) (at uint64, missed bool) {
	epoch, number, ok := strings.Cut(id, "-")
	n, err := strconv.ParseUint(number, 10, 64)
	switch {
	case id == "":
		return h.next, false
	case !ok || err != nil || epoch != h.epoch || n > h.next:
		return h.next, true
	}
	return n, false
}

// id is where a follower stands.
func (h *hub) id(at uint64) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return fmt.Sprintf("%s-%d", h.epoch, at)
}

// take returns what came since, where to go on, and how many events nobody has any more.
func (h *hub) take(at uint64) (list []control.Event, next, lost uint64, over bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if at < h.first {
		lost, at = h.first-at, h.first
	}
	for ; at < h.next; at++ {
		list = append(list, h.ring[at%ringEvents])
	}
	return list, at, lost, h.over
}

// subject is what events are chosen by.
type subject struct {
	Strategy string `json:"strategy"`
	Name     string `json:"name"`
	Level    string `json:"level"`
}

var levels = []string{"debug", "info", "warn", "error"}

// chosen reports whether a follower wants an event.
func chosen(a *control.FollowArgs, ev *control.Event) bool {
	if ev.Kind == "dropped" {
		return true
	}
	if len(a.Kinds) > 0 && !slices.Contains(a.Kinds, ev.Kind) {
		return false
	}
	level := a.Level
	if ev.Kind != "log" {
		level = ""
	}
	if a.Strategy == "" && level == "" {
		return true
	}
	var s subject
	if json.Unmarshal(ev.Data, &s) != nil {
		return false
	}
	if a.Strategy != "" && s.Strategy != a.Strategy {
		return false
	}
	return level == "" || slices.Index(levels, s.Level) >= slices.Index(levels, level)
}
