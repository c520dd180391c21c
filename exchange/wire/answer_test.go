package wire

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// talkative is plain with a login and with replies about single streams:
// "in" and "out REASON" answer the login, "has a" and "hasn't a" are about a stream,
// "list 7 a,b" says what of a request is accepted, "alive?" wants "alive!".
type talkative struct{ plain }

func (p talkative) Classify(frame []byte) Message {
	word, rest, _ := strings.Cut(string(frame), " ")
	switch word {
	case "in":
		return Message{Class: Greeted}
	case "out":
		return Message{Class: Greeted, Err: errors.New(rest)}
	case "has":
		return Message{Class: Reply, Stream: []byte(rest)}
	case "hasn't":
		return Message{Class: Reply, Stream: []byte(rest), Err: errors.New("no such stream")}
	case "list":
		id, names, _ := strings.Cut(rest, " ")
		n, _ := strconv.ParseUint(id, 10, 64)
		return Message{Class: Reply, ID: n, Accepted: append([]string{}, strings.Split(names, ",")...)}
	case "alive?":
		return Message{Class: Pong, Answer: []byte("alive!")}
	}
	return p.plain.Classify(frame)
}

// content is a recorder that goes on without what is refused.
type content struct{ recorded }

func (c content) Refused(streams []string, err error) {
	c.note("refused %s: %v", strings.Join(streams, ","), err)
}

// venue serves talkative; requests are handed to reply, which also sees the login.
func venue(t *testing.T, r *recorder, reply func(s *side, text string)) (Options, func() []string) {
	var mu sync.Mutex
	var got []string
	p := serve(t, func(s *side) {
		for {
			_, b, err := s.ReadMessage()
			if err != nil {
				return
			}
			mu.Lock()
			got = append(got, string(b))
			mu.Unlock()
			reply(s, string(b))
		}
	})
	o := options(p, r)
	o.Protocol = talkative{}
	o.Open = func(conn uint64) Handler { return content{recorded{r, conn}} }
	return o, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(got)
	}
}

func requested(text string) (id string, streams []string, ok bool) {
	words := strings.Fields(text)
	if len(words) != 3 || words[0] != "sub" {
		return "", nil, false
	}
	return words[1], strings.Split(words[2], ","), true
}

// Of a request that is refused as a whole, the streams that are at fault are found, and the
// others are had on the same connection. Those are asked for again later.
func TestOneRefusedStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		open := time.Now().Add(90 * time.Second) // when f is there
		o, got := venue(t, &r, func(s *side, text string) {
			id, streams, ok := requested(text)
			if !ok {
				return
			}
			if slices.Contains(streams, "c") || slices.Contains(streams, "f") && time.Now().Before(open) {
				_ = s.say("no %s", id)
				return
			}
			_ = s.say("ok %s", id)
			for _, name := range streams {
				_ = s.say("%s|1", name)
			}
		})
		for _, name := range strings.Split("abcdefgh", "") {
			o.Streams = append(o.Streams, Stream{Name: name})
		}
		c := start(t, o)
		time.Sleep(10 * time.Second)
		frames, notes := r.all()
		slices.Sort(frames)
		if want := []string{"a|1", "b|1", "d|1", "e|1", "g|1", "h|1"}; !slices.Equal(frames, want) {
			t.Errorf("got %q, want %q", frames, want)
		}
		refused := slices.DeleteFunc(notes, func(s string) bool { return !strings.HasPrefix(s, "refused") })
		if want := []string{"refused c: no such stream", "refused f: no such stream"}; !slices.Equal(refused, want) {
			t.Errorf("%q", refused)
		}
		if h := c.Health(); h.Connects != 1 || h.Refused != 2 || h.Stalled != 0 {
			t.Errorf("%+v", h)
		}
		before := len(got())
		time.Sleep(200 * time.Second) // again after 1, 2 and 4 minutes
		if h := c.Health(); h.Connects != 1 || h.Refused != 1 {
			t.Errorf("%+v", h)
		}
		if n := len(got()) - before; n != 4 {
			t.Errorf("%d requests more, want c and f twice each: %q", n, got()[before:])
		}
	})
}

// Replies may be about a stream each, without the request's id.
func TestRepliesAboutAStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		o, _ := venue(t, &r, func(s *side, text string) {
			if _, streams, ok := requested(text); ok {
				for _, name := range streams {
					word := "has"
					if name == "b" {
						word = "hasn't"
					}
					_ = s.say("%s %s", word, name)
				}
			}
		})
		o.Streams = []Stream{{Name: "a"}, {Name: "b"}, {Name: "c"}}
		c := start(t, o)
		time.Sleep(20 * time.Second)
		_, notes := r.all()
		if want := []string{"subscribed 1 a", "refused b: no such stream", "subscribed 1 c"}; !slices.Equal(notes, want) {
			t.Errorf("%q", notes)
		}
		if h := c.Health(); h.Connects != 1 || h.Refused != 1 || h.Stalled != 0 {
			t.Errorf("%+v", h)
		}
	})
}

// A reply may list what is accepted: the rest is refused.
func TestAPartIsAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		o, _ := venue(t, &r, func(s *side, text string) {
			if id, streams, ok := requested(text); ok {
				_ = s.say("list %s %s", id, strings.Join(slices.DeleteFunc(streams, func(s string) bool { return s == "b" }), ","))
			}
		})
		o.Streams = []Stream{{Name: "a"}, {Name: "b"}, {Name: "c"}}
		c := start(t, o)
		time.Sleep(20 * time.Second)
		_, notes := r.all()
		if want := []string{"subscribed 1 a,c", "refused b: " + errNotListed.Error()}; !slices.Equal(notes, want) {
			t.Errorf("%q", notes)
		}
		if h := c.Health(); h.Connects != 1 || h.Refused != 1 {
			t.Errorf("%+v", h)
		}
	})
}

// Who does not go on without a stream loses the connection, as ever.
func TestRefusalsDrop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		o, _ := venue(t, &r, func(s *side, text string) {
			if id, _, ok := requested(text); ok {
				_ = s.say("no %s", id)
			}
		})
		o.Open, o.Streams = r.open, []Stream{{Name: "a"}, {Name: "b"}}
		start(t, o)
		time.Sleep(time.Second)
		if err := r.lastDown(); !errors.Is(err, ErrRefused) {
			t.Errorf("down with %v", err)
		}
	})
}

// Nothing is subscribed to before the login was answered; one that is refused, or not
// answered, is a failure like any other.
func TestAwait(t *testing.T) {
	for name, x := range map[string]struct {
		answer string
		err    error
		text   string
	}{"accepted": {"in", nil, ""}, "refused": {"out bad key", ErrRefused, "bad key"}, "not answered": {"", ErrNoReply, "within 10s"}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var r recorder
				o, got := venue(t, &r, func(s *side, text string) {
					if text == "login" && x.answer != "" {
						time.Sleep(2 * time.Second)
						_ = s.say("%s", x.answer)
					}
					if id, _, ok := requested(text); ok {
						_ = s.say("ok %s", id)
					}
				})
				o.Protocol, o.Await, o.Streams = talkative{plain{greeting: []string{"login"}}}, true, []Stream{{Name: "a"}}
				c := start(t, o)
				time.Sleep(time.Second)
				if want := []string{"login"}; !slices.Equal(got(), want) {
					t.Errorf("the server got %q before it has answered", got())
				}
				time.Sleep(9200 * time.Millisecond)
				err := r.lastDown()
				if !errors.Is(err, x.err) || err != nil && !strings.Contains(err.Error(), x.text) {
					t.Errorf("down with %v, want %v", err, x.err)
				}
				if x.err == nil && (!slices.Equal(got(), []string{"login", "sub 1 a"}) || !c.Health().Connected) {
					t.Errorf("the server got %q; %+v", got(), c.Health())
				}
				if x.err != nil && slices.ContainsFunc(got(), func(s string) bool { return strings.HasPrefix(s, "sub") }) {
					t.Errorf("it was subscribed all the same: %q", got())
				}
			})
		})
	}
}

// A heartbeat that wants an answer gets it, and is nobody else's business.
func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		o, got := venue(t, &r, func(s *side, text string) {
			if id, _, ok := requested(text); ok {
				_ = s.say("ok %s", id)
				_ = s.say("alive?")
			}
		})
		o.Streams = []Stream{{Name: "a"}}
		start(t, o)
		time.Sleep(2 * time.Second)
		if want := []string{"sub 1 a", "alive!"}; !slices.Equal(got(), want) {
			t.Errorf("the server got %q, want %q", got(), want)
		}
		if frames, _ := r.all(); len(frames) != 0 {
			t.Errorf("the handler got %q", frames)
		}
	})
}

// Refusals of many streams are asked for again within bounds.
func TestManyRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		o, got := venue(t, &r, func(s *side, text string) {
			if id, _, ok := requested(text); ok {
				_ = s.say("no %s", id)
			}
		})
		for i := range 600 {
			o.Streams = append(o.Streams, Stream{Name: fmt.Sprint("s", i)})
		}
		o.FramesPerSecond, o.ReplyWithin = 100, time.Minute
		c := start(t, o)
		time.Sleep(30 * time.Second)
		if h := c.Health(); h.Connects != 1 || h.Refused != 600 {
			t.Errorf("%+v after %d requests", h, len(got()))
		}
	})
}
