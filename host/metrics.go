package host

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/loop"
)

// MetricKind says how a Metric behaves.
type MetricKind uint8

const (
	Gauge     MetricKind = iota // goes up and down
	Counter                     // only goes up, and begins at 0 with the session
	Quantiles                   // of what was measured since the session's beginning, by the label quantile
)

func (k MetricKind) String() string {
	if names := [...]string{"gauge", "counter", "summary"}; int(k) < len(names) {
		return names[k]
	}
	return "none"
}

// Label is a name and a value that tell metrics of one name apart.
type Label struct{ Name, Value string }

// Metric is one figure of a session, named as Prometheus wants it: counters end in _total,
// and the unit is in the name. Metrics of one name follow each other.
type Metric struct {
	Name   string
	Help   string // what it is, in one line
	Kind   MetricKind
	Labels []Label // none in most
	Value  float64
}

// Metrics returns the figures of the session. It may be called from any goroutine and at
// any time, also after the end, and holds nothing up: orders, fills, refusals, reloads and
// lines are counted as they happen; what only the loop knows (equity, events, queues,
// books) is from its last beat, some four times a second of wall time, and from the end.
//
// Money is a float here, to look at and not to reckon with. perilune_beat_age_seconds rises
// when the loop stands still. What a session has no use for is left out: streams of a
// market that is not live, the journal of one that keeps none; of no session there are none.
func (s *Session) Metrics() []Metric {
	if s == nil || s.r == nil {
		return nil
	}
	out := s.r.meter.metrics(time.Now(), time.Unix(0, s.r.supervisor.beats.Load()))
	s.r.alerts.metrics(&out)
	out.add(Counter, "perilune_subscriber_events_dropped_total", "Events that subscribers of Session.Events were too slow for.", float64(s.events.Lost()))
	out.add(Gauge, "perilune_inbox_events", "Events that wait for the loop.", float64(s.r.inbox.Waiting()))
	out.add(Counter, "perilune_market_events_dropped_total", "Market events that were dropped because the loop was behind.", float64(s.r.inbox.Dropped()))
	return out
}

// BeatAge is how long ago the loop last showed that it goes on, which it does some four
// times a second. It may be called from any goroutine and holds nothing up.
func (s *Session) BeatAge() time.Duration {
	if s == nil || s.r == nil {
		return 0
	}
	beat := s.r.supervisor.beats.Load()
	if beat == 0 { // nothing began yet
		return 0
	}
	return max(0, time.Duration(time.Now().UnixNano()-beat))
}

// WriteMetrics writes Metrics in the text format of Prometheus, version 0.0.4, which
// OpenMetrics scrapers read too: it is the whole of a handler of /metrics. Several sessions
// are told apart by a label of the scrape, or by labels here, which every line gets: each
// once, by a name that no metric's own label has. Nothing is written when they can't be.
func (s *Session) WriteMetrics(w io.Writer, labels ...Label) error {
	switch {
	case s == nil || s.r == nil:
		return fmt.Errorf("WriteMetrics: %w", errNoSession)
	case w == nil:
		return configError("WriteMetrics: the writer is nil")
	}
	if err := checkLabels(labels); err != nil {
		return err
	}
	return writeMetrics(w, s.Metrics(), labels)
}

// ownLabels are the labels that metrics have themselves.
var ownLabels = []string{"channel", "currency", "disk", "feed", "level", "quantile", "result", "rule", "section", "side", "state", "strategy", "stream", "venue"}

var labelNames = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// checkLabels refuses what a scraper would not take, and would drop all metrics for.
func checkLabels(labels []Label) error {
	for i, l := range labels {
		var wrong string
		switch {
		case !labelNames.MatchString(l.Name) || strings.HasPrefix(l.Name, "__"):
			wrong = "want a name of letters, digits and _, that begins with no digit and not with __"
		case slices.Contains(ownLabels, l.Name):
			wrong = "metrics have a label of that name themselves; choose another"
		case slices.ContainsFunc(labels[:i], func(x Label) bool { return x.Name == l.Name }):
			wrong = "it is given twice"
		case !utf8.ValidString(l.Value):
			wrong = fmt.Sprintf("its value %q is no UTF-8", l.Value)
		default:
			continue
		}
		return configError("WriteMetrics: label %q: %s", l.Name, wrong)
	}
	return nil
}

var (
	helpEscapes  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	labelEscapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
)

func writeMetrics(w io.Writer, list []Metric, more []Label) error {
	b := bufio.NewWriter(w)
	last := ""
	for i := range list {
		m := &list[i]
		if m.Name != last {
			last = m.Name
			fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s %s\n", m.Name, helpEscapes.Replace(m.Help), m.Name, m.Kind)
		}
		b.WriteString(m.Name)
		for n, l := range slices.Concat(more, m.Labels) {
			b.WriteString([...]string{"{", ","}[min(n, 1)])
			fmt.Fprintf(b, `%s="%s"`, l.Name, labelEscapes.Replace(l.Value))
		}
		if len(more)+len(m.Labels) > 0 {
			b.WriteByte('}')
		}
		b.WriteByte(' ')
		b.WriteString(strconv.FormatFloat(m.Value, 'g', -1, 64))
		b.WriteByte('\n')
	}
	return b.Flush() // it keeps the first error of all writes
}

// metricList is metrics in the order in which they are shown.
type metricList []Metric

func (l *metricList) add(kind MetricKind, name, help string, value float64, labels ...Label) {
	*l = append(*l, Metric{name, help, kind, labels, value})
}

// meter counts what happens in a session and keeps how it stood last. Any goroutine may ask
// it.
type meter struct {
	mu      sync.Mutex
	names   []string // of the strategies
	orders  map[string]uint64
	fills   map[string]uint64
	refused map[[2]string]uint64 // by strategy and rule
	lines   [intent.Error + 1]uint64
	reloads [2]uint64 // refused, loaded
	killed  map[string]uint64
	trips   trips
	stood   metricList
}

// venueRefused is the rule that an order broke which the venue refused: its words are
// without number.
const venueRefused = "venue"

// ruleOf is the rule that denied an order, of its reason.
func ruleOf(o *exchange.Order) string {
	if o.Status == exchange.StatusRejected {
		return venueRefused
	}
	rule, _, _ := strings.Cut(strings.TrimPrefix(o.Reason, "risk: "), ":")
	if !strings.HasPrefix(o.Reason, "risk: ") {
		return "order" // it makes no sense, whatever the limits
	}
	return rule
}

// effect counts what came of an event. It runs on the loop.
func (m *meter) effect(c *core.Core, e *core.Effect) {
	switch b := e.Body.(type) {
	case core.Submit:
		m.count(&m.orders, c.StrategyName(e.Strategy))
		m.trips.sent(b.Order.ID, e.Time)
	case *core.CallbackEnded:
		m.count(&m.killed, c.StrategyName(e.Strategy))
	case *core.Filled:
		m.count(&m.fills, c.StrategyName(e.Strategy))
	case core.OrderChanged:
		if b.Order.Status != exchange.StatusNew {
			m.trips.answered(b.Order.ID, c.Universe().Get(b.Order.Instrument).Venue.House(), e.Time)
		}
		if b.Order.Status == exchange.StatusDenied || b.Order.Status == exchange.StatusRejected {
			m.mu.Lock()
			if m.refused == nil {
				m.refused = map[[2]string]uint64{}
			}
			m.refused[[2]string{c.StrategyName(e.Strategy), ruleOf(b.Order)}]++
			m.mu.Unlock()
		}
	case core.VersionChanged:
		if b.Loaded && b.Number == 1 {
			return // the one that the session began with
		}
		m.mu.Lock()
		if b.Loaded {
			m.reloads[1]++
		} else {
			m.reloads[0]++
		}
		m.mu.Unlock()
	}
}

func (m *meter) count(of *map[string]uint64, name string) {
	m.mu.Lock()
	if *of == nil {
		*of = map[string]uint64{}
	}
	(*of)[name]++
	m.mu.Unlock()
}

// line counts a line of the log.
func (m *meter) line(level intent.Level) {
	m.mu.Lock()
	m.lines[min(level, intent.Error)]++
	m.mu.Unlock()
}

// look notes how the session stands. It runs on the loop.
func (m *meter) look(r *runner, now exchange.Time) {
	var l metricList
	m.session(&l, r, now)
	m.money(&l, r)
	m.recording(&l, r)
	m.streams(&l, r)
	m.trips.metrics(&l)
	exposureMetrics(&l, r)
	limitMetrics(&l, r)
	m.mu.Lock()
	m.names, m.stood = r.strategies().Running, l
	m.mu.Unlock()
}

func (m *meter) session(l *metricList, r *runner, now exchange.Time) {
	st, lag := r.core.Stats(), exchange.Time(0)
	if c, ok := r.loop.Clock.(*loop.Real); ok {
		lag = c.Waited()
		r.memory.lag.Store(int64(lag))
		quantiles(l, "perilune_loop_wait_seconds", "How long events waited for the loop, since the session's beginning.", c.Waits())
	}
	l.add(Gauge, "perilune_session_time_seconds", "The session's time, in seconds since 1970.", float64(now)/float64(exchange.Second))
	l.add(Counter, "perilune_events_total", "Events that the loop handled.", float64(r.loop.Events()))
	l.add(Gauge, "perilune_loop_lag_seconds", "How long an event waited for the loop at most since the beat before; 0 on virtual time.", float64(lag)/float64(exchange.Second))
	l.add(Counter, "perilune_callback_errors_total", "Callbacks of strategies that failed.", float64(st.Errors))
	l.add(Counter, "perilune_gaps_total", "Times that market data was missed.", float64(st.Gaps))
	l.add(Gauge, "perilune_halted", "1 while the kill latch is tripped.", asFigure(r.core.Halted() != ""))
	l.add(Gauge, "perilune_held", "Instruments and wallets that are held until the account agrees with the venue's.", float64(len(r.core.Held())))
	for i, name := range r.strategies().Running {
		l.add(Gauge, "perilune_strategy_paused", "1 while a strategy is paused.", asFigure(r.core.Paused(i) != ""), Label{"strategy", name})
		l.add(Gauge, "perilune_strategy_halted", "1 while a strategy's own kill latch is tripped.", asFigure(r.core.Latched(i) != ""), Label{"strategy", name})
	}
	l.add(Gauge, "perilune_orders_open", "Orders that may still fill.", float64(len(r.core.WorkingOrders())))
	l.add(Gauge, "perilune_pairs_open", "Pairs that are not done.", float64(len(r.core.OpenPairs())))
}

func (m *meter) money(l *metricList, r *runner) {
	st, currency := r.core.Stats(), Label{"currency", r.core.Currency()}
	unhedged, beyond := r.core.Unhedged()
	if equity, unvalued := r.worth(); unvalued == "" {
		l.add(Gauge, "perilune_equity", "The account's value, once everything in it has a price.", equity.InexactFloat64(), currency)
	}
	l.add(Gauge, "perilune_funding_received", "Funding received, less what was paid.", st.Funding.InexactFloat64(), currency)
	l.add(Gauge, "perilune_fees_paid", "Fees paid.", st.Fees.InexactFloat64(), currency)
	l.add(Gauge, "perilune_unhedged_notional", "What the legs of pairs differ by, all together.", unhedged.InexactFloat64(), currency)
	l.add(Gauge, "perilune_unhedged_pairs_beyond_limit", "Pairs that are unhedged by more, or for longer, than they may be.", float64(len(beyond)))
	l.add(Gauge, "perilune_unhedged_notional_max", "The most that the legs of a pair ever differed by.", st.MaxUnhedged.InexactFloat64(), currency)
}

func (m *meter) recording(l *metricList, r *runner) {
	if r.record.journal != nil {
		l.add(Counter, "perilune_journal_bytes_total", "Bytes written to the journal.", float64(r.record.journal.Bytes()))
	}
	r.record.storage.metrics(l)
	if r.record.writer != nil {
		l.add(Gauge, "perilune_ledger_queue_rows", "Rows that wait for the ledger.", float64(r.record.writer.Pending()))
		l.add(Gauge, "perilune_ledger_failing", "1 while the ledger can't be written.", asFigure(r.record.writer.Err() != nil))
	}
}

func (m *meter) streams(l *metricList, r *runner) {
	ready := 0
	for _, in := range r.core.Universe().All() {
		if r.core.Book(in.ID).Ready() {
			ready++
		}
	}
	l.add(Gauge, "perilune_books", "Order books by what is known of them.", float64(ready), Label{"state", "ready"})
	l.add(Gauge, "perilune_books", "Order books by what is known of them.", float64(r.core.Universe().Len()-ready), Label{"state", "stale"})
	latencyMetrics(l, r.core)
	for _, part := range []any{r.source, r.account} {
		if x, ok := part.(interface{ metrics(*metricList) }); ok {
			x.metrics(l)
		}
	}
}

// streamMetrics are those of what an account at a venue tells.
func (a *liveAccount) streamMetrics(l *metricList) {
	if a.venue == nil {
		return
	}
	h := a.venue.Health()
	for i := range h.Sections {
		l.add(Gauge, "perilune_account_stream_up", "1 while the venue tells us of this part of the account.", asFigure(h.Sections[i].Down == ""),
			Label{"venue", a.house()}, Label{"section", h.Sections[i].Name})
	}
}

// orderMetrics are those of its orders.
func (a *liveAccount) orderMetrics(l *metricList) {
	if a.venue == nil {
		return
	}
	h := a.venue.Health()
	for _, x := range []struct {
		state string
		n     int
	}{{"sending", h.Sending}, {"working", h.Working}, {"unknown", h.Unknown}} {
		l.add(Gauge, "perilune_venue_orders", "Orders by what the venue has said of them.", float64(x.n), Label{"venue", a.house()}, Label{"state", x.state})
	}
}

func asFigure(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// metrics are all figures. beat is when the loop last showed that it goes on.
func (m *meter) metrics(now, beat time.Time) metricList {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := slices.Clone(m.stood)
	if beat.UnixNano() > 0 {
		l.add(Gauge, "perilune_beat_age_seconds", "How long ago the loop last showed that it goes on.", max(0, now.Sub(beat).Seconds()))
	}
	names := append(slices.Clone(m.names), "host")
	for _, x := range []struct {
		name, help string
		of         map[string]uint64
	}{
		{"perilune_orders_total", "Orders that were sent.", m.orders},
		{"perilune_fills_total", "Executions; those of no order of ours are the host's.", m.fills},
		{"perilune_callbacks_killed_total", "Callbacks that were ended because they took too long.", m.killed},
	} {
		for _, name := range names {
			if n := x.of[name]; n > 0 || name != "host" {
				l.add(Counter, x.name, x.help, float64(n), Label{"strategy", name})
			}
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(m.refused), func(a, b [2]string) int { return strings.Compare(a[0]+"\x00"+a[1], b[0]+"\x00"+b[1]) }) {
		l.add(Counter, "perilune_orders_refused_total", "Orders that a rule of the gate denied, or the venue refused (rule \"venue\").", float64(m.refused[k]),
			Label{"strategy", k[0]}, Label{"rule", k[1]})
	}
	for i, result := range []string{"refused", "loaded"} {
		l.add(Counter, "perilune_reloads_total", "Versions of scripts after the first.", float64(m.reloads[i]), Label{"result", result})
	}
	for level, n := range m.lines {
		l.add(Counter, "perilune_log_lines_total", "Lines of the log.", float64(n), Label{"level", intent.Level(level).String()})
	}
	return l
}
