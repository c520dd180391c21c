package cli

import (
	"log/slog"
	"strings"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host"
)

// lineText is a line of the log as people read it, without its end: the one way in which
// lines are shown, of a session that runs and of one in a ledger.
func lineText(l *host.Line, color bool) string {
	var b strings.Builder
	if l.Time != 0 {
		b.WriteString(paint(color, faint, l.Time.UTC().Format("2006-01-02 15:04:05")) + "  ")
	}
	switch {
	case l.Level >= intent.Error:
		b.WriteString(paint(color, bad, "ERROR") + " ")
	case l.Level == intent.Warn:
		b.WriteString(paint(color, uneasy, "WARN") + " ")
	}
	who := l.Strategy
	if l.Where != "" {
		who = l.Where
	}
	if who != "" {
		b.WriteString(bindings.Printable(who) + ": ")
	}
	text := bindings.Printable(l.Text) // what a script says may steer a terminal
	if l.Level == intent.Debug {
		b.WriteString(paint(color, faint, text))
	} else {
		b.WriteString(text)
	}
	return b.String()
}

// levels are those of slog, by ours.
var levels = [...]slog.Level{intent.Debug: slog.LevelDebug, intent.Info: slog.LevelInfo, intent.Warn: slog.LevelWarn, intent.Error: slog.LevelError}

// lineOf is the line that a record of a session's logger was made from.
func lineOf(r *slog.Record) host.Line {
	l := host.Line{Text: r.Message, Level: intent.Debug}
	for level := range levels {
		if r.Level >= levels[level] {
			l.Level = intent.Level(level)
		}
	}
	if !r.Time.IsZero() {
		l.Time = exchange.Time(r.Time.UnixNano())
	}
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "strategy":
			l.Strategy = a.Value.String()
		case "where":
			l.Where = a.Value.String()
		}
		return true
	})
	return l
}

// parseLevel reads the name of a level.
func parseLevel(flag, name string) (intent.Level, error) {
	names := []string{}
	for level := intent.Debug; level <= intent.Error; level++ {
		if level.String() == name {
			return level, nil
		}
		names = append(names, level.String())
	}
	return 0, fail(ExitUsage, "%s %q: want %s", flag, name, exchange.OneOf(names))
}
