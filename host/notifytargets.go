package host

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/notify"
	"github.com/perilune/perilune/ledger"
)

// Whom to tell by configuration: see package notify.
type (
	// NotifyOptions are the targets of the configuration's [notify].
	NotifyOptions = notify.Options
	// NotifyTarget is one of them.
	NotifyTarget = notify.Target
)

// targets are those of the configuration. They are a Notifier: what it is told goes to the
// outbox of the ledger, and from there to each target that wants it. Its methods may be
// called on nil.
type targets struct {
	o    *NotifyOptions
	desk *notify.Desk
	mode string
	last time.Duration // to hear the end
	warn func(string)

	session atomic.Pointer[string]
	made    atomic.Uint64 // keys
	began   int64         // of keys

	keep   *deliveries    // nil: there is no ledger
	stamp  ledger.Options // of the ledger
	run    ledger.RunID
	closed sync.Once
	ending context.CancelFunc // what runs beside: commands of chats, the heartbeat
	beside chan struct{}
}

// openTargets starts what brings alerts to the targets of the configuration. Only a session
// in real time tells them anything.
func openTargets(o *Options, warn func(string)) *targets {
	if !o.notifies() {
		return nil
	}
	t := &targets{o: o.Notify, mode: "PAPER", last: cmp.Or(o.lastWords, lastWithin), warn: warn, began: time.Now().UnixNano()}
	if o.realOrders() {
		t.mode = "LIVE"
	}
	t.desk = notify.NewDesk(o.Notify, warn)
	none := ""
	t.session.Store(&none)
	return t
}

// notifies reports whether targets of the configuration are told of the session.
func (o *Options) notifies() bool { return o.Notify != nil && o.realTime() }

// Notify implements Notifier.
func (t *targets) Notify(_ context.Context, a Alert) error {
	n := notify.Notice{Key: fmt.Sprintf("%x-%d", t.began, t.made.Add(1)), Time: wall(a.Time), Severity: a.Severity, Class: string(a.Kind),
		Mode: t.mode, Session: *t.session.Load(), Strategy: a.Strategy, Text: a.Text, Count: a.Count}
	if a.Dropped > 0 {
		n.Text += fmt.Sprintf(" (%d alerts before it were left out)", a.Dropped)
	}
	if a.Time == 0 { // before the session's first moment
		n.Time = time.Now()
	}
	t.desk.Take(n)
	return nil
}

// attach gives the targets the ledger, and takes up what earlier runs did not tell.
func (a *alerts) attach(r *sessionRecord) error {
	if a == nil || a.targets == nil {
		return nil
	}
	t := a.targets
	t.session.Store(&r.session)
	if r.db == nil {
		return nil
	}
	box := ledger.OutboxOf(&r.db.Reader)
	left, err := box.Unsent()
	if err != nil {
		return &LedgerError{err}
	}
	sent, err := box.SentSince(time.Now().Add(-notify.AgainAfter))
	if err != nil {
		return &LedgerError{err}
	}
	t.keep, t.stamp = &deliveries{r.writer}, r.stamp
	t.run = r.run.ID
	var untaken []ledger.Delivery
	left = slices.DeleteFunc(left, func(d ledger.Delivery) bool {
		if d.Target == "" {
			untaken = append(untaken, d)
		}
		return d.Target == ""
	})
	t.desk.Attach(t.keep, t.read(left), t.read(sent))
	for _, n := range once(t.read(untaken)) {
		t.desk.Take(n)
	}
	return nil
}

// once are notices of which each says something else; what said the same is counted.
func once(list []notify.Delivery) (out []notify.Notice) {
	for i := range list {
		n := list[i].Notice
		same := slices.IndexFunc(out, func(x notify.Notice) bool {
			return x.Class == n.Class && x.Strategy == n.Strategy && x.Text == n.Text
		})
		if same < 0 {
			out = append(out, n)
			continue
		}
		out[same].Count, out[same].Time = out[same].Count+1, n.Time
	}
	return out
}

func (t *targets) read(list []ledger.Delivery) (out []notify.Delivery) {
	for i := range list {
		d := &list[i]
		severity, err := intent.ParseSeverity(d.Severity)
		if err != nil {
			severity = Critical // of a later version: it is told rather than not
		}
		out = append(out, notify.Delivery{Notice: notify.Notice{Key: d.Key, Time: wall(d.Notice.Time), Severity: severity, Class: d.Class, Mode: t.mode,
			Session: *t.session.Load(), Strategy: d.Strategy, Text: d.Text, Count: d.Count},
			Target: d.Target, State: notify.State(d.State), Attempts: d.Attempts, Next: d.Next, Error: d.Error, Made: d.Made})
	}
	return out
}

// deliveries keep in the ledger what becomes of what is told.
type deliveries struct{ writer *ledger.Writer }

// Keep implements notify.Store.
func (k *deliveries) Keep(list []notify.Delivery) error { return k.writer.Aside(rowsOf(list)...) }

func rowsOf(list []notify.Delivery) []ledger.Record {
	rows := make([]ledger.Record, len(list))
	for i := range list {
		d := &list[i]
		rows[i] = &ledger.DeliveryRow{Delivery: ledger.Delivery{
			Notice: ledger.Notice{Key: d.Key, Time: exchange.Time(d.Time.UnixNano()), Severity: d.Severity.String(), Class: d.Class, Strategy: d.Strategy, Text: d.Text, Count: d.Count},
			Target: d.Target, State: string(d.State), Attempts: d.Attempts, Next: d.Next, Error: d.Error, Made: d.Made}}
	}
	return rows
}

// detach takes the ledger away from the targets, because it is about to be closed.
func (a *alerts) detach() {
	if a != nil && a.targets != nil {
		a.targets.desk.Detach()
	}
}

// lastWithin is what the targets have to hear the end of a session, where a test does not want
// more.
const lastWithin = 4 * time.Second

// close ends the telling. What could not be told goes to the ledger, if that can still be
// written, and is told by the next run.
func (t *targets) close(ill bool) {
	if t != nil {
		t.closed.Do(func() { t.end(ill) })
	}
}

func (t *targets) end(ill bool) {
	if t.ending != nil {
		t.ending()
		<-t.beside
	}
	if ill {
		ctx, cancel := context.WithTimeout(context.Background(), t.last)
		t.desk.Fail(ctx, t.o)
		cancel()
	}
	left := t.desk.Close(t.last)
	if len(left) == 0 || t.keep == nil {
		return
	}
	if t.keep.Keep(left) == nil { // the loop hangs, and its ledger is open
		return
	}
	if err := ledger.KeepLast(t.stamp, t.run, rowsOf(left)); err != nil {
		t.warn(fmt.Sprintf("notify: %d notices could not be told, nor kept for the next run: %v", len(left), err))
	}
}

// dayEnds is when the day that a moment is in is summed up.
func (t *targets) dayEnds(now exchange.Time) exchange.Time {
	return exchange.Time(t.o.Daily.Next(wall(now)).UnixNano())
}

// beginBeside answers chats and fetches the heartbeat's address until close.
func (a *alerts) beginBeside(s *Session) {
	if a == nil || a.targets == nil {
		return
	}
	t := a.targets
	ctx, cancel := context.WithCancel(context.Background())
	t.ending, t.beside = cancel, make(chan struct{})
	go func() {
		defer close(t.beside)
		served := make(chan struct{})
		go func() { defer close(served); t.desk.Serve(ctx, chat{s}) }()
		t.desk.Beat(ctx, t.o, s.r.supervisor.ailing)
		<-served
	}()
}

// metrics tell what became of the notices of each target.
func (t *targets) metrics(l *metricList) {
	if t == nil {
		return
	}
	for _, c := range t.desk.Counts() {
		target := Label{"target", c.Target}
		for _, x := range []struct {
			state string
			n     uint64
		}{{"sent", c.Sent}, {"failed", c.Failed}, {"dropped", c.Dropped}} {
			l.add(Counter, "perilune_notices_total", "What became of notices to the targets of the configuration.", float64(x.n), target, Label{"state", x.state})
		}
		l.add(Counter, "perilune_notice_errors_total", "Tries to reach a target that failed.", float64(c.Errors), target)
		l.add(Gauge, "perilune_notices_waiting", "Notices that wait for a target.", float64(c.Waiting), target)
	}
}

// messageOf is the alert of what a strategy tells.
func messageOf(e *core.Effect, strategy string) Alert {
	b := e.Body.(*core.Notified)
	return Alert{Time: e.Time, Severity: b.Severity, Kind: AlertMessage, Strategy: strategy, Text: notify.OneLine(b.Text)}
}

// noticeRow is the row of what an effect tells people at once; nil: it tells them nothing, or
// nothing that must outlive a kill in the next moment. The targets take up what is not marked
// as taken when a session goes on.
func noticeRow(run ledger.RunID, e *core.Effect, names func(int32) string) *ledger.NoticeRow {
	var a Alert
	switch b := e.Body.(type) {
	case *core.Notified:
		a = messageOf(e, names(e.Strategy))
	case *core.LogLine:
		x, ok := alertOf(&Line{Time: e.Time, Level: b.Level, Strategy: names(e.Strategy), Where: b.Where, Text: b.Text})
		if !ok || x.Severity < Critical {
			return nil
		}
		a = x
	default:
		return nil
	}
	n := ledger.Notice{Time: e.Time, Severity: a.Severity.String(), Class: string(a.Kind), Strategy: a.Strategy, Text: notify.OneLine(a.Text), Count: 1}
	h := fnv.New64a()
	fmt.Fprintf(h, "%s\n%s\n%s", n.Class, n.Strategy, n.Text)
	n.Key = fmt.Sprintf("e%d-%d-%x", run, e.Seq, h.Sum64())
	return &ledger.NoticeRow{At: ledger.At{Seq: e.Seq, Time: e.Time}, Notice: n}
}

func wall(t exchange.Time) time.Time { return time.Unix(0, int64(t)) }
