package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/control/client"
	"github.com/perilune/perilune/ledger"
)

// lineOut is a line of the log as JSON shows it; what it is not about is left out.
type lineOut struct {
	ID         int64  `json:"id"`
	Time       string `json:"time"`
	Level      string `json:"level"`
	Session    string `json:"session"`
	Run        int64  `json:"run"`
	Seq        uint64 `json:"seq"` // of the event that led to it, or of the last one before it
	Strategy   string `json:"strategy"`
	Where      string `json:"where,omitempty"`
	Text       string `json:"text"`
	Order      uint64 `json:"order,omitempty"`
	Pair       uint64 `json:"pair,omitempty"`
	Instrument string `json:"instrument,omitempty"`
}

// logsVerb shows what sessions said, from their ledger.
func logsVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("logs", "[--db FILE] [flags]", "perilune logs --level warn --since 2h --grep BTC")
	var l ledgerFlags
	f.StringVar(&l.db, "db", "perilune-paper.db", "ledger file")
	f.StringVar(&l.account, "session", "", "only this session, e.g. paper-1 (default: the latest)")
	f.BoolVar(&l.all, "all", false, "all sessions")
	f.StringVar(&l.strategy, "strategy", "", "only this strategy; host: what is no strategy's")
	level := f.String("level", "info", "least level: info, warn or error; log.debug is kept nowhere")
	since := f.String("since", "", "from this time on: 2h, 3d (before the last line), a day or a time in UTC")
	until := f.String("until", "", "before this time: as --since")
	text := f.String("grep", "", "only lines whose text, place or instrument contains this, in any case")
	pair := f.Uint64("pair", 0, "only lines about this pair")
	f.IntVarP(&l.last, "last", "n", 200, "the last so many lines; 0: all")
	asJSON := f.Bool("json", false, "print one JSON object a line on stdout")
	follow := f.BoolP("follow", "f", false, "go on with the lines that come, until Ctrl-C or the end of the session that runs")
	if err := parseAlone(f, args); err != nil {
		return err
	}
	if l.last < 0 {
		return fail(ExitUsage, "-n %d: want 0 or more lines", l.last)
	}
	least, err := parseLevel("--level", *level)
	if err != nil {
		return err
	}
	own := l.strategy
	if own == "host" {
		l.strategy = "" // no strategy to look for
	}
	db, filter, err := l.open(e)
	if err != nil {
		return err
	}
	defer db.Close()
	filter.Strategy, filter.Pair = own, exchange.PairID(*pair)
	if err := sinceUntil(db, &filter, *since, *until); err != nil {
		return err
	}
	which := ledger.LogFilter{Levels: levelsFrom(least), Text: *text}
	newest, err := db.Log(ledger.Filter{Last: 1}, ledger.LogFilter{})
	if err != nil {
		return err
	}
	lines, err := db.Log(filter, which)
	if err != nil {
		return err
	}
	show := func(lines []ledger.LogLine) error {
		if *asJSON {
			return e.logsJSON(lines)
		}
		return e.logsText(lines)
	}
	if err := show(lines); err != nil || !*follow {
		return err
	}
	which.After, filter.Last = lastOf(lastOf(0, newest), lines), 0
	return followLog(ctx, db, l.db, filter, which, show)
}

func (e *env) logsText(lines []ledger.LogLine) error {
	color := newScreen(e.out).color
	w := bufio.NewWriter(e.out)
	for i := range lines {
		line := lineFrom(&lines[i])
		fmt.Fprintln(w, lineText(&line, color))
	}
	return w.Flush()
}

// lastOf is the greatest id of lines, or one of before.
func lastOf(id int64, lines []ledger.LogLine) int64 {
	for i := range lines {
		id = max(id, lines[i].ID)
	}
	return id
}

// followEvery is how often a ledger is asked for lines that came.
const followEvery = 500 * time.Millisecond

// followLog shows lines as the ledger gets them. It ends with ctx, and when no session
// runs on the ledger any more, after its last lines.
func followLog(ctx context.Context, db *ledger.DB, path string, filter ledger.Filter, which ledger.LogFilter, show func([]ledger.LogLine) error) error {
	for {
		_, running := client.Find(ctx, path)
		lines, err := db.Log(filter, which)
		if err != nil {
			return err
		}
		if err := show(lines); err != nil {
			return err
		}
		which.After = lastOf(which.After, lines)
		if errors.Is(running, client.ErrNone) {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(followEvery):
		}
	}
}

func (e *env) logsJSON(lines []ledger.LogLine) error {
	w := bufio.NewWriter(e.out)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for i := range lines {
		x := &lines[i]
		who := x.Strategy
		if who == "" {
			who = "host"
		}
		if err := enc.Encode(lineOut{x.ID, x.Time.String(), x.Level, x.Account, int64(x.Run), x.Seq, who, x.Where, x.Text, uint64(x.Order), uint64(x.Pair), x.Instrument}); err != nil {
			return err
		}
	}
	return w.Flush()
}

// lineFrom is a line of the ledger as one of a session.
func lineFrom(x *ledger.LogLine) host.Line {
	l := host.Line{Time: x.Time, Strategy: x.Strategy, Where: x.Where, Text: x.Text, Seq: x.Seq, Order: x.Order, Pair: x.Pair, Instrument: x.Instrument}
	for level := intent.Debug; level <= intent.Error; level++ {
		if level.String() == x.Level {
			l.Level = level
		}
	}
	return l
}

// levelsFrom names a level and those above it.
func levelsFrom(least intent.Level) (names []string) {
	for level := least; level <= intent.Error; level++ {
		names = append(names, level.String())
	}
	return names
}

// sinceUntil reads the ends of a time. A length is counted back from the last line: a
// session's clock may be another than ours.
func sinceUntil(db *ledger.DB, f *ledger.Filter, since, until string) error {
	var newest exchange.Time
	if last, err := db.Log(ledger.Filter{Account: f.Account, Last: 1}, ledger.LogFilter{}); err != nil {
		return err
	} else if len(last) > 0 {
		newest = last[0].Time
	}
	for _, x := range []struct {
		flag, text string
		to         *exchange.Time
	}{{"--since", since, &f.From}, {"--until", until, &f.To}} {
		if x.text == "" {
			continue
		}
		at, err := moment(x.flag, x.text, newest)
		if err != nil {
			return err
		}
		*x.to = at
	}
	if f.To != 0 && f.From >= f.To {
		return fail(ExitUsage, "--since %s --until %s: there is no time between them", since, until)
	}
	return nil
}

// moment reads a time: a length before the newest line, a day, or a day and a time, in UTC.
func moment(flag, text string, newest exchange.Time) (exchange.Time, error) {
	if back, err := parseLength(text); err == nil {
		return max(newest-back, 1), nil
	}
	for _, layout := range []string{"2006-01-02", "2006-01-02 15:04", "2006-01-02 15:04:05", time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04"} {
		if at, err := time.ParseInLocation(layout, text, time.UTC); err == nil {
			return exchange.Time(at.UnixNano()), nil
		}
	}
	return 0, fail(ExitUsage, "%s %q: want a length such as 90m or 3d, a day, or a time such as \"2026-01-31 15:04\"", flag, text)
}
