package host

import (
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/internal/console"
	"github.com/perilune/perilune/host/internal/fanout"
	"github.com/perilune/perilune/host/internal/track"
	"github.com/perilune/perilune/host/report"
)

// reporter is what a session tells people, and what it keeps for its summary and its
// report. Only log and show may be called from any goroutine.
type reporter struct {
	out console.Sink[Status]
	now *atomic.Int64 // the session's time; 0: before its first moment
	// before is the time of a line that is older than the session.
	before func() exchange.Time
	events fanout.Hub[Event]
	meter  meter
	memory deskMemory
	alerts *alerts // nil: nobody is told
	keep   func(*Line)
	// journal is the directory of this run's journal; "": it keeps none.
	journal func() string

	equity   track.Equity
	charts   track.Charts
	parents  track.ParentOrders
	versions []versionNote
	refusals int // of orders
	warnings []string
}

// versionNote is one version of a strategy as the report lists it.
type versionNote struct {
	strategy int32
	report.Version
}

// log tells a line. One without a time gets the session's; before its first moment
// that is our own clock on live data, and unknown on others.
func (p *reporter) log(l Line) {
	if l.Time == 0 {
		l.Time = exchange.Time(p.now.Load())
	}
	if l.Time == 0 && p.before != nil {
		l.Time = p.before()
	}
	p.out.Log(console.Line(l))
	p.meter.line(l.Level)
	p.memory.line(&l)
	p.alerts.line(&l)
	p.keep(&l)
	if p.events.Active() {
		p.events.Publish(LogEvent{Moment{Time: l.Time}, l}, false)
	}
}

// warn tells a warning of the host itself.
func (p *reporter) warn(text string) {
	p.log(Line{Level: intent.Warn, Strategy: "host", Text: text})
}

// caution tells a person at the start, or when a script asks for it, and keeps the
// line for the summary.
func (p *reporter) caution(l Line) {
	text := l.Text
	if l.Where != "" {
		text = l.Where + ": " + text
	}
	p.warnings = append(p.warnings, text)
	p.log(l)
}

// take passes on what people should see of an effect, and keeps what summary and report
// show of it.
func (p *reporter) take(c *core.Core, e *core.Effect) {
	if p.events.Active() {
		for _, ev := range eventsOf(c, e) {
			p.events.Publish(ev, ev.Kind()&neverDropped != 0)
		}
	}
	p.meter.effect(c, e)
	p.memory.effect(c, e)
	switch b := e.Body.(type) {
	case *core.EquitySampled:
		p.equity.Add(e.Time, b.Amount)
	case *core.ChartPoint:
		p.charts.Add(b.Series, e.Time, b.Value)
	case core.ScheduleChanged:
		s := &b.Schedule
		p.parents.Add(e.Time, s.ID, s.Total, s.Filled, s.Due)
	case *core.Notified:
		p.alerts.raise(messageOf(e, c.StrategyName(e.Strategy)))
	case core.OrderChanged:
		p.refused(c, b.Order, e.Time)
	case *core.LogLine:
		l := Line{Time: e.Time, Level: b.Level, Strategy: c.StrategyName(e.Strategy), Where: b.Where, Text: b.Text,
			Seq: e.Seq, Order: b.About.Order, Pair: b.About.Pair, Instrument: b.About.Instrument}
		if b.Caution {
			p.caution(l)
			return
		}
		p.log(l)
		p.opens(e, b)
	case core.VersionChanged:
		p.noteVersion(e.Strategy, e.Time, b.Version)
	}
}

// opens names the command that opens a debugger at an error of a strategy.
func (p *reporter) opens(e *core.Effect, b *core.LogLine) {
	if e.Strategy < 0 || b.Level != intent.Error || b.Where != "" || !strings.HasPrefix(b.Text, "on_") || p.journal == nil || p.journal() == "" {
		return
	}
	text := fmt.Sprintf("perilune debug --journal %s --post-mortem %d shows the line with its variables", shellWord(p.journal()), e.Seq)
	p.log(Line{Time: e.Time, Level: intent.Info, Strategy: "host", Text: text, Seq: e.Seq})
}

// shellWord quotes a word for a shell where it has to be.
func shellWord(s string) string {
	if strings.ContainsAny(s, " \t'\"\\$&;()<>|*?`!#~") {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	return s
}

func (p *reporter) noteVersion(strategy int32, at exchange.Time, v *core.Version) {
	note := fmt.Sprintf("v%d loaded", v.Number)
	if !v.Loaded {
		note = "refused: " + v.Problem
	}
	p.versions = append(p.versions, versionNote{strategy, report.Version{Hash: v.Hash, From: at, Note: note}})
}

// show tells the session's state.
func (p *reporter) show(s Status) { p.out.Show(s) }

// direct is a sink that calls the functions of the options on the goroutine of whoever
// speaks: for a session that nobody watches.
type direct struct{ o *Options }

func (d direct) Log(l console.Line) {
	l.Text = bindings.Printable(l.Text)
	d.o.tell(Line(l))
}

func (d direct) Show(s Status) {
	if d.o.Status != nil {
		d.o.Status(s)
	}
}

// openConsole starts what calls the functions of the options without holding the
// session up.
func openConsole(o *Options) *console.Console[Status] {
	c := console.Options[Status]{Status: o.Status, Paced: o.liveData() || o.Speed > 0}
	if o.Log != nil {
		c.Log = func(l console.Line) { o.Log(Line(l)) }
	}
	if o.Logger != nil {
		c.Logger = func(l console.Line) { o.toLogger(Line(l)) }
	}
	return console.New(c)
}
