package host

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/notify/notifytest"
	"github.com/perilune/perilune/ledger"
)

// inRealTime is a stream of quotes: a source in real time, whose targets are told.
func inRealTime(n int) (*ChanSource, chan exchange.Event) {
	events := make(chan exchange.Event, n)
	for _, ev := range quotes(n) {
		events <- ev
	}
	return &ChanSource{Info: SourceInfo{Name: "stream", Instruments: []exchange.Instrument{oneCoin}}, Events: events}, events
}

func hookOn(s *notifytest.Server) *NotifyOptions {
	return &NotifyOptions{Targets: []NotifyTarget{{Name: "hook", Kind: "webhook", URL: sign.NewSecret(s.URL + "/hook")}}}
}

// toldTo are the messages of the requests that came, as "MODE class: text".
func toldTo(t *testing.T, s *notifytest.Server) (out []string) {
	for s.Waiting() > 0 {
		var p struct {
			Messages []struct{ Class, Mode, Text string }
		}
		if err := json.Unmarshal([]byte(s.Next(t).Body), &p); err != nil {
			t.Fatal(err)
		}
		for _, m := range p.Messages {
			out = append(out, m.Mode+" "+m.Class+": "+m.Text)
		}
	}
	return out
}

func timesIn(list []string, with string) (n int) {
	for _, x := range list {
		if strings.Contains(x, with) {
			n++
		}
	}
	return n
}

// What a run could not tell, the next one tells, once; and what it could is not told again.
func TestWhatWasNotToldIsToldByTheNextRun(t *testing.T) {
	s := notifytest.New(t)
	s.Answer(func(w http.ResponseWriter, _ *http.Request, _ string) bool {
		http.Error(w, "not today", 500)
		return true
	})
	o := Options{Strategies: []core.Strategy{troubled()}, DB: filepath.Join(t.TempDir(), "x.db"), Journal: "off", lastWords: time.Minute, Notify: hookOn(s)}
	run := func(strategy core.Strategy) {
		t.Helper()
		mine := o
		source, events := inRealTime(60)
		close(events)
		mine.Source, mine.Strategies = source, []core.Strategy{strategy}
		if _, err := Run(context.Background(), &mine); err != nil {
			t.Fatal(err)
		}
	}
	run(troubled())
	box := func() []ledger.Delivery {
		db, err := ledger.Open(ledger.Options{Path: o.DB, ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		left, err := ledger.OutboxOf(&db.Reader).Unsent()
		if err != nil {
			t.Fatal(err)
		}
		return left
	}
	left := box()
	if len(left) < 4 || left[0].Error != "answered 500: not today" || left[0].State != "waiting" || left[len(left)-1].Class != "ended" {
		t.Fatalf("%+v", left)
	}
	toldTo(t, s)
	s.Answer(nil)
	run(taker())
	list := toldTo(t, s)
	for _, want := range []string{"PAPER halt: HALTED, only reducing orders pass: failing: enough", "PAPER paused: ", "PAPER started: failing on stream", "PAPER ended: the session ended: its data are over; it is halted",
		"PAPER started: taker on stream"} {
		if timesIn(list, want) != 1 {
			t.Errorf("%q is not once in\n%s", want, strings.Join(list, "\n"))
		}
	}
	if left = box(); len(left) != 0 {
		t.Errorf("%+v", left)
	}
	run(taker())
	if list = toldTo(t, s); timesIn(list, "HALTED") != 0 {
		t.Errorf("told again: %s", strings.Join(list, "\n"))
	}
}

// A kill between an event and its telling loses nothing: the row of the event is taken up.
func TestANoticeOfAKilledRunIsTold(t *testing.T) {
	s := notifytest.New(t)
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := ledger.Open(ledger.Options{Path: path, Mode: ledger.Paper, Venue: "paper"})
	if err != nil {
		t.Fatal(err)
	}
	sess, err := db.CreateSession(ledger.Session{Account: "paper-1", Market: "m", Seed: 1, Started: 1})
	if err != nil {
		t.Fatal(err)
	}
	run, err := db.StartRun(ledger.Run{Session: sess.ID})
	if err != nil {
		t.Fatal(err)
	}
	w, err := db.NewWriter(run, ledger.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	names := func(i int32) string { return map[int32]string{-1: "host", 0: "carry"}[i] }
	for seq, e := range []core.Effect{
		{Strategy: -1, Body: &core.LogLine{Level: LevelError, Text: core.HaltedLine + "enough"}},
		{Strategy: 0, Body: &core.LogLine{Level: LevelError, Where: "a.lua:1", Text: "a script's own"}},
		{Strategy: 0, Body: &core.Notified{Severity: Warning, Text: "look\nhere"}},
		{Strategy: 0, Body: &core.Notified{Severity: Warning, Text: "look\nhere"}},
	} {
		e.Seq, e.Time = uint64(seq+1), exchange.Time(seq+1)
		if n := noticeRow(run.ID, &e, names); n != nil {
			if err := w.Post(n); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(w.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	source, events := inRealTime(5)
	close(events)
	if _, err := Run(context.Background(), &Options{Source: source, Strategies: []core.Strategy{taker()}, DB: path, Journal: "off", lastWords: time.Minute, Notify: hookOn(s)}); err != nil {
		t.Fatal(err)
	}
	list := toldTo(t, s)
	if timesIn(list, "PAPER halt: HALTED, only reducing orders pass: enough") != 1 || timesIn(list, "PAPER message: look here") != 1 || timesIn(list, "own") != 0 {
		t.Errorf("%s", strings.Join(list, "\n"))
	}
}

// Backtests and recordings tell nobody.
func TestBacktestsTellNobody(t *testing.T) {
	s := notifytest.New(t)
	var h heard
	if _, err := Run(context.Background(), &Options{Source: oneCoinSource(60), Strategies: []core.Strategy{troubled()}, Ledger: LedgerNone, lastWords: time.Minute, Notify: hookOn(s), Log: h.log}); err != nil {
		t.Fatal(err)
	}
	if s.Waiting() != 0 || !strings.Contains(h.text(), "are told nothing: the market is not in real time") {
		t.Errorf("%v, %s", toldTo(t, s), h.text())
	}
}

// A chat that may asks how a session is and halts it; the journal says who, and a replay does
// it again and tells nobody.
func TestAChatSteersASession(t *testing.T) {
	s := notifytest.New(t)
	journal := filepath.Join(t.TempDir(), "j")
	source, events := inRealTime(5)
	quiet := func() core.Strategy {
		return anywhere{&gopher{name: "quiet", wants: []core.Handler{core.OnBook}, call: func(p *core.Port, _ *core.Callback) error {
			p.Notify(Warning, "a book")
			return nil
		}}}
	}
	o := Options{Source: source, Strategies: []core.Strategy{quiet()}, DB: filepath.Join(t.TempDir(), "x.db"), Journal: journal,
		Notify: &NotifyOptions{Targets: []NotifyTarget{{Name: "phone", Kind: "telegram", BaseURL: s.URL, Token: sign.NewSecret("1:T"), Chat: "42", CommandChats: []int64{42}, Classes: []string{"halt"}}}}}
	type outcome struct {
		sum *Summary
		err error
	}
	done := make(chan outcome, 1)
	go func() { sum, err := Run(context.Background(), &o); done <- outcome{sum, err} }()
	said := func(want string) {
		t.Helper()
		if body := s.Next(t).Body; !strings.Contains(body, want) {
			t.Errorf("%s: want %q", body, want)
		}
	}
	s.Say(1, 42, time.Now(), "/status")
	said("PAPER session paper-1")
	s.Say(2, 42, time.Now(), "/positions")
	said("no positions")
	s.Say(3, 42, time.Now(), "/pnl")
	said("of this session: funding 0.00")
	s.Say(4, 42, time.Now(), "/halt odd rates")
	first, second := s.Next(t).Body, s.Next(t).Body // the answer and the alert, in any order
	if all := first + second; !strings.Contains(all, "Halted: only orders that reduce") || !strings.Contains(all, "PAPER CRITICAL: halt") || !strings.Contains(all, "telegram chat 42: odd rates") {
		t.Errorf("%s", all)
	}
	close(events)
	out := <-done
	if out.err != nil || out.sum.Halted != "telegram chat 42: odd rates" {
		t.Fatalf("%+v, %v", out.sum, out.err)
	}
	n := s.Waiting()
	res, err := ReplayWith(context.Background(), out.sum.Journal, ReplayOptions{Strategies: []core.Strategy{quiet()}})
	if err != nil || res.Diff != nil {
		t.Fatalf("%+v, %v", res, err)
	}
	if s.Waiting() != n {
		t.Error("a replay told somebody")
	}
}

// When the loop stands still, the watchdog's last word goes out without it, the monitor is
// told, and what can't be told is kept while the loop holds the ledger.
func TestTheLastWordOfTheWatchdog(t *testing.T) {
	s := notifytest.New(t)
	source, events := inRealTime(3)
	hold := make(chan struct{})
	stuck := anywhere{&gopher{name: "stuck", wants: []core.Handler{core.OnBook}, call: func(*core.Port, *core.Callback) error {
		<-hold
		return nil
	}}}
	o := Options{Source: source, Strategies: []core.Strategy{stuck}, DB: filepath.Join(t.TempDir(), "x.db"), Journal: "off", StallAfter: time.Second, lastWords: time.Minute, Notify: hookOn(s)}
	o.Notify.HeartbeatURL, o.Notify.HeartbeatFail = sign.NewSecret(s.URL+"/ping"), true
	_, err := Run(context.Background(), &o)
	var stall *StallError
	if !errors.As(err, &stall) {
		t.Fatal(err)
	}
	paths, bodies := map[string]int{}, ""
	for s.Waiting() > 0 {
		r := s.Next(t)
		paths[r.Path]++
		bodies += r.Body
	}
	if paths["/ping"] == 0 || paths["/ping/fail"] == 0 || !strings.Contains(bodies, `"severity":"critical","class":"ended"`) || !strings.Contains(bodies, "the loop stands still for 1 s") {
		t.Errorf("%v, %s", paths, bodies)
	}
	close(hold)
	close(events)
}
