package console

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// A line over and over is told once and counted; another flood is cut to its rate
// and counted; nobody else's lines are touched.
func TestAFloodOfLinesIsFolded(t *testing.T) {
	var h heard
	v := New(Options[int]{Log: h.log})
	say := func(where, text string) {
		v.Log(Line{Time: exchange.Hour, Level: intent.Info, Strategy: "s", Where: where, Text: text})
	}
	for range 813 {
		say("s.lua:3", "again")
	}
	for i := range 5000 {
		say("s.lua:4", fmt.Sprint("number ", i))
	}
	v.Log(Line{Time: exchange.Hour, Level: intent.Error, Strategy: "s", Text: "on_book: an error of it\x1b[2J\r"})
	v.Close()
	text := h.text()
	if strings.ContainsAny(text, "\x1b\r") {
		t.Error("a script steers the terminal")
	}
	for _, want := range []string{"s: again\n", "… repeated 812 times", "more than 50 log lines a second", "4501 log lines were not shown", "an error of it"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if n := strings.Count(text, "number "); n != lineBurst-1 {
		t.Errorf("%d of 5000 numbers were told, want %d", n, lineBurst-1)
	}
}

// What waits for a listener that does not listen is bounded, and what is left out is
// counted.
func TestLinesThatNobodyTakesAreBounded(t *testing.T) {
	var h heard
	hold := make(chan struct{})
	v := New(Options[int]{Log: func(l Line) { <-hold; h.log(l) }})
	for i := range 3 * queueMost {
		v.Log(Line{Strategy: "host", Text: fmt.Sprint(i)})
	}
	close(hold)
	v.Close()
	if text := h.text(); !strings.Contains(text, "log lines were left out") || len(h.lines) > 2*queueMost+2 {
		t.Errorf("%d lines were told: %s", len(h.lines), text[max(0, len(text)-200):])
	}
}

// heard keeps what was told.
type heard struct {
	mu    sync.Mutex
	lines []Line
}

func (h *heard) log(l Line) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, l)
}

func (h *heard) text() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	for _, l := range h.lines {
		out = append(out, fmt.Sprintf("%s %s: %s", l.Level, l.Strategy, l.Text))
	}
	return strings.Join(out, "\n")
}

// A function that panics is named and not called again; the others go on.
func TestOneThatPanicsSilencesItselfAlone(t *testing.T) {
	for name, broken := range map[string]func(*Options[int]){
		"Log":    func(o *Options[int]) { o.Log = func(Line) { panic("no ears") } },
		"Logger": func(o *Options[int]) { o.Logger = func(Line) { panic("no ears") } },
		"Status": func(o *Options[int]) { o.Status = func(int) { panic("no ears") } },
	} {
		var a, b heard
		shown := 0
		o := Options[int]{Log: a.log, Logger: b.log, Status: func(int) { shown++ }}
		broken(&o)
		v := New(o)
		v.Show(1)
		v.Log(Line{Text: "one"})
		v.Log(Line{Text: "two"})
		v.Close()
		for other, text := range map[string]string{"Log": a.text(), "Logger": b.text()} {
			if heard := strings.Contains(text, "one") && strings.Contains(text, "two"); heard == (other == name) {
				t.Errorf("%s panics: %s heard %q", name, other, text)
			}
		}
		if (shown > 0) == (name == "Status") {
			t.Errorf("%s panics: %d states were shown", name, shown)
		}
		if err := v.Broken(); err == nil || !strings.HasPrefix(err.Error(), "Options."+name+" panicked, and was not called again: no ears") {
			t.Errorf("%s panics: %v", name, err)
		}
	}
}
