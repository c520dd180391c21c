package notify

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/host/notify/notifytest"
)

// helm is a session that is asked and told.
type helm struct{ told chan string }

func (h *helm) Status(context.Context) (string, error)    { return "all is *well* @everyone", nil }
func (h *helm) Positions(context.Context) (string, error) { return "", errors.New("not now") }
func (h *helm) PnL(context.Context) (string, error)       { return "+1", nil }
func (h *helm) Halt(_ context.Context, by, reason string) error {
	h.told <- "halt by " + by + ": " + reason
	return nil
}
func (h *helm) Resume(_ context.Context, by string) error {
	h.told <- "resume by " + by
	return nil
}

// A chat that may asks and steers; others, old commands and what is no command do nothing.
func TestChatsThatMayAskAndSteer(t *testing.T) {
	s, h := notifytest.New(t), &helm{told: make(chan string, 10)}
	d := desk(t, Target{Name: "a", Kind: KindTelegram, BaseURL: s.URL, Token: secret("1:T"), Chat: "42", CommandChats: []int64{42}})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { d.Serve(ctx, h); close(done) }()
	now := time.Now()
	s.Say(1, 666, now, "/halt I am nobody")
	s.Say(2, 42, now.Add(-time.Hour), "/resume")
	answer := func() string {
		m := object(t, s.Next(t).Body)
		if m["chat_id"] != "42" {
			t.Errorf("answered %v", m)
		}
		return m["text"].(string)
	}
	if text := answer(); !strings.Contains(text, "over two minutes ago and is not followed") {
		t.Error(text)
	}
	for i, tt := range []struct{ say, want, told string }{
		{"/status", "all is *well* @\u200beveryone", ""},
		{"/status@perilune_bot", "all is", ""},
		{"/positions", "It did not work: not now", ""},
		{"/pnl", "+1", ""},
		{"/halt rates are\nodd", "Halted: only orders that reduce pass", "halt by telegram chat 42: rates are odd"},
		{"/resume", "Resumed", "resume by telegram chat 42"},
		{"/flatten", "I know /status", ""},
	} {
		s.Say(10+i, 42, now, "hello bot")
		s.Say(100+i, 42, now, tt.say)
		if text := answer(); !strings.HasPrefix(text, tt.want) {
			t.Errorf("%s: %s", tt.say, text)
		}
		if tt.told != "" {
			if told := <-h.told; told != tt.told {
				t.Errorf("%q, want %q", told, tt.told)
			}
		}
	}
	cancel()
	<-done
	d.Close(time.Second)
	if len(h.told) != 0 {
		t.Errorf("also %s", <-h.told)
	}
}

// A chat that floods is not followed any more within the minute.
func TestAChatThatFloods(t *testing.T) {
	l := &listener{telegram: &telegram{http: newClient(), base: "http://127.0.0.1:1"}, target: &Target{CommandChats: []int64{42}}, steerer: &helm{told: make(chan string, 100)}, warn: func(string) {}}
	u := &update{}
	u.Message.Date, u.Message.Text, u.Message.Chat.ID = time.Now().Unix(), "/halt", 42
	for range 50 {
		l.hear(context.Background(), u)
	}
	if n := len(l.steerer.(*helm).told); n != askedMost {
		t.Errorf("%d of 50 were followed", n)
	}
}

// The heartbeat is fetched while the session is well; while it is not, the address with /fail.
func TestHeartbeats(t *testing.T) {
	s := notifytest.New(t)
	s.Answer(func(w http.ResponseWriter, r *http.Request, _ string) bool {
		http.Error(w, "not you "+r.URL.Path, 404)
		return true
	})
	o := Options{HeartbeatURL: sign.NewSecret(s.URL + "/ping/SECRET-1"), HeartbeatEvery: 5 * time.Second, HeartbeatFail: true}
	if err := o.Validate(); err != nil {
		t.Fatal(err)
	}
	o.HeartbeatEvery = time.Millisecond
	warned := make(chan string, 100)
	d := NewDesk(&o, func(text string) { warned <- text })
	ctx, cancel := context.WithCancel(context.Background())
	var why atomic.Pointer[string]
	well := ""
	why.Store(&well)
	done := make(chan struct{})
	go func() { d.Beat(ctx, &o, func() string { return *why.Load() }); close(done) }()
	if r := s.Next(t); r.Method != "GET" || r.Path != "/ping/SECRET-1" {
		t.Errorf("%+v", r)
	}
	if text := <-warned; !strings.Contains(text, "404") || strings.Contains(text, "SECRET-1") {
		t.Error(text)
	}
	stuck := "the loop stands still"
	why.Store(&stuck)
	for s.Next(t).Path != "/ping/SECRET-1/fail" {
	}
	cancel()
	<-done
	d.Close(time.Second)
}
