package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/core"
)

// pager keeps what a notifier is told.
type pager struct {
	mu   sync.Mutex
	list []Alert
	do   func(ctx context.Context, a Alert) error
}

func (p *pager) Notify(ctx context.Context, a Alert) error {
	p.mu.Lock()
	p.list = append(p.list, a)
	p.mu.Unlock()
	if p.do != nil {
		return p.do(ctx, a)
	}
	return nil
}

func (p *pager) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b strings.Builder
	for _, a := range p.list {
		fmt.Fprintf(&b, "%s %s %s: %s\n", a.Severity, a.Kind, a.Strategy, a.Text)
	}
	return b.String()
}

// troubled fails in every callback, halts at its tenth book, and is paused for the failures.
func troubled() core.Strategy {
	n := 0
	return anywhere{&gopher{name: "failing", wants: []core.Handler{core.OnBook}, call: func(p *core.Port, c *core.Callback) error {
		if n++; n == 2 {
			p.HaltAll("enough")
			return nil
		}
		return errors.New("no idea")
	}}}
}

// A person is woken for what a session can't mend, in its order, and hears last why it ended.
func TestANotifierHearsOfTroubleAndOfTheEnd(t *testing.T) {
	p := &pager{}
	sum, err := Run(context.Background(), &Options{Source: oneCoinSource(60), Strategies: []core.Strategy{troubled()}, Ledger: LedgerNone, Notifier: p})
	if err != nil || sum.Halted == "" || len(sum.Paused) != 1 {
		t.Fatalf("%+v, %v", sum, err)
	}
	text := p.text()
	at := 0
	for _, want := range []string{"warning error failing: on_book: no idea", "critical halt host: HALTED, only reducing orders pass: failing: enough",
		"critical paused failing: paused: ", "warning ended host: the session ended: its data are over; it is halted: failing: enough"} {
		i := strings.Index(text[at:], want)
		if i < 0 {
			t.Fatalf("%q is missing, or not in its place, in\n%s", want, text)
		}
		at += i
	}
	if last := p.list[len(p.list)-1]; last.Kind != AlertEnded || last.Time == 0 {
		t.Errorf("the last word is %+v", last)
	}
	quiet := &pager{}
	if _, err := Run(context.Background(), &Options{Source: oneCoinSource(5), Strategies: []core.Strategy{taker()}, Ledger: LedgerNone, Notifier: quiet, NotifyFrom: Warning}); err != nil || quiet.text() != "" {
		t.Errorf("a session in good order told somebody who wants warnings: %s, %v", quiet.text(), err)
	}
}

// A notifier that panics, fails or hangs costs the session nothing, and is still told the end.
func TestANotifierThatFails(t *testing.T) {
	for name, do := range map[string]func(context.Context, Alert) error{
		"panic: boom (notify_test.go:": func(context.Context, Alert) error { panic("boom") },
		"no line":                      func(context.Context, Alert) error { return errors.New("no line") },
		"context canceled":             func(ctx context.Context, _ Alert) error { <-ctx.Done(); return ctx.Err() },
	} {
		var h heard
		first := true
		p := &pager{do: func(ctx context.Context, a Alert) error {
			if first {
				first = false
				return do(ctx, a)
			}
			return nil
		}}
		sum, err := Run(context.Background(), &Options{Source: oneCoinSource(60), Strategies: []core.Strategy{troubled()}, Ledger: LedgerNone, Notifier: p, Log: h.log})
		if err != nil || sum.EndedBy != "data" {
			t.Fatalf("%s: %+v, %v", name, sum, err)
		}
		if !strings.Contains(h.text(), "notifier: "+name) || !strings.Contains(p.text(), "warning ended host") {
			t.Errorf("%s: log\n%s\nalerts\n%s", name, h.text(), p.text())
		}
	}
}

// What repeats while nobody listens is one alert with its count, and what there is no room
// for is counted; nobody waits.
func TestAlertsAreBounded(t *testing.T) {
	hold, held := make(chan struct{}), make(chan struct{})
	var once sync.Once
	p := &pager{do: func(context.Context, Alert) error {
		once.Do(func() { close(held) })
		<-hold
		return nil
	}}
	a := openAlerts(&Options{Notifier: p}, func(text string) { t.Error(text) })
	a.raise(Alert{Kind: AlertError, Text: "first"})
	<-held
	for range 100 {
		a.raise(Alert{Kind: AlertError, Text: "again"})
	}
	for i := range alertsMost + 50 {
		a.raise(Alert{Kind: AlertError, Text: fmt.Sprint(i)})
	}
	a.raise(Alert{Kind: AlertError, Text: "first"}) // it is being told
	close(hold)
	a.close(Alert{Text: "end"})
	told, dropped := 0, 0
	for _, x := range p.list {
		told += x.Count
		dropped += x.Dropped
		if x.Text == "again" && x.Count != 100 {
			t.Errorf("what came a hundred times came %d times", x.Count)
		}
	}
	if told+dropped != 1+100+alertsMost+50+1+1 || dropped != 52 || len(p.list) != alertsMost+2 {
		t.Errorf("%d told in %d alerts, %d dropped", told, len(p.list), dropped)
	}
	var l metricList
	a.metrics(&l)
	if l[0].Value != float64(len(p.list)) || l[2].Value != float64(dropped) {
		t.Errorf("metrics %+v", l)
	}
}

// The lines that a person is woken for, by what they are.
func TestAlertsOfLines(t *testing.T) {
	for _, tt := range []struct {
		line Line
		want string
	}{
		{Line{Level: intent.Warn, Strategy: "host", Text: core.HaltedLine + "x"}, ""},
		{Line{Level: intent.Error, Strategy: "host", Text: core.HaltedLine + "daily loss"}, "critical halt"},
		{Line{Level: intent.Error, Strategy: "s", Text: core.PausedLine + "3 errors"}, "critical paused"},
		{Line{Level: intent.Error, Strategy: "s", Where: "s.lua:3", Text: core.PausedLine + "not really"}, "warning error"},
		{Line{Level: intent.Error, Strategy: "host", Text: core.ForeignFillLine + "liquidation): sell 1"}, "critical liquidation"},
		{Line{Level: intent.Error, Strategy: "host", Text: core.ForeignFillLine + "foreign): sell 1"}, "warning error"},
		{Line{Level: intent.Error, Strategy: "storage", Text: "the disk is full"}, "critical storage"},
		{Line{Level: intent.Error, Strategy: "account", Text: "another run"}, "critical account"},
	} {
		got := ""
		if a, ok := alertOf(&tt.line); ok {
			got = a.Severity.String() + " " + string(a.Kind)
		}
		if got != tt.want {
			t.Errorf("%q is %q, want %q", tt.line.Text, got, tt.want)
		}
	}
	end := endOf(1, nil, &StallError{Why: "the loop stands still", Stack: "s"})
	if end.Severity != Critical || end.Text != "the session ended: the loop stands still" {
		t.Errorf("%+v", end)
	}
}

// Lines are records of slog with the session's time, and a handler that panics ends nothing.
func TestLinesAreRecords(t *testing.T) {
	var b bytes.Buffer
	o := Options{Logger: slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelInfo}))}
	o.tell(Line{Time: exchange.Date(2026, 1, 2), Level: intent.Warn, Strategy: "s", Where: "s.lua:3", Text: "a b"})
	o.tell(Line{Level: intent.Error, Strategy: "host", Text: "x"})
	o.tell(Line{Level: intent.Debug, Strategy: "host", Text: "not wanted"})
	want := "time=2026-01-02T00:00:00.000Z level=WARN msg=\"a b\" strategy=s where=s.lua:3\nlevel=ERROR msg=x strategy=host\n"
	if b.String() != want {
		t.Errorf("records\n%s, want\n%s", b.String(), want)
	}
	var told heard
	sum, err := Run(context.Background(), &Options{Source: oneCoinSource(5), Strategies: []core.Strategy{taker()}, Ledger: LedgerNone,
		Logger: slog.New(brokenHandler{}), Log: told.log})
	if sum == nil || sum.Fills != 1 || err == nil || !strings.Contains(err.Error(), "Options.Logger panicked, and was not called again: boom") || !strings.Contains(err.Error(), "notify_test.go:") {
		t.Errorf("%+v, %v", sum, err)
	}
	if told.text() == "" || strings.Contains(err.Error(), "Options.Log ") {
		t.Errorf("Log heard %q, and the error is %v", told.text(), err)
	}
}

type brokenHandler struct{ slog.Handler }

func (brokenHandler) Enabled(context.Context, slog.Level) bool  { return true }
func (brokenHandler) Handle(context.Context, slog.Record) error { panic("boom") }
