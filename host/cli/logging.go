package cli

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host"
)

// logFlags say where the log of a session goes, and how.
type logFlags struct {
	file, format, level string
	size, keep          int
}

// logFormatVariable sets --log-format where the flag does not.
const logFormatVariable = "PERILUNE_LOG_FORMAT"

func (l *logFlags) define(f *pflag.FlagSet) {
	f.StringVar(&l.file, "log", "", "write the log to this file too, as JSON lines unless --log-format says text; it is turned to FILE.1, FILE.2, …")
	f.StringVar(&l.format, "log-format", "", "text or json (default: text on a terminal, JSON lines elsewhere; also "+logFormatVariable+")")
	f.StringVar(&l.level, "log-level", "info", "least level to log: debug, info, warn or error")
	f.IntVar(&l.size, "log-size", 16, "MiB that the file of --log may have before it is turned")
	f.IntVar(&l.keep, "log-keep", 5, "turned files of --log to keep")
}

// parsed are the flags, checked.
func (l *logFlags) parsed() (format string, least intent.Level, err error) {
	format, from := l.format, "--log-format"
	if format == "" {
		format, from = os.Getenv(logFormatVariable), logFormatVariable
	}
	if format != "" && format != "text" && format != "json" {
		return "", 0, fail(ExitUsage, "%s %q: want text or json", from, format)
	}
	if least, err = parseLevel("--log-level", l.level); err != nil {
		return "", 0, err
	}
	if l.size < 1 || l.size > 1<<20 {
		return "", 0, fail(ExitUsage, "--log-size %d: want 1 to %d MiB", l.size, 1<<20)
	}
	if l.keep < 0 || l.keep > 1000 {
		return "", 0, fail(ExitUsage, "--log-keep %d: want 0 to 1000 files", l.keep)
	}
	return format, least, nil
}

// logs is where a session's lines go: the screen, and a file beside it.
type logs struct {
	screen *ticker
	file   *logFile // nil: none
	slog.Handler
}

// openLogs opens what the flags ask for.
func openLogs(w io.Writer, f *logFlags, quiet bool) (*logs, error) {
	format, least, err := f.parsed()
	if err != nil {
		return nil, err
	}
	l := &logs{screen: newTicker(w, quiet)}
	l.screen.least = max(l.screen.least, least)
	if format == "json" || format == "" && !l.screen.tty {
		l.screen.asJSON()
	}
	l.Handler = l.screen
	if f.file == "" {
		return l, nil
	}
	if l.file, err = openLogFile(f.file, int64(f.size)<<20, f.keep); err != nil {
		return nil, fail(ExitUsage, "--log: %w", err)
	}
	l.file.tell = func(text string) {
		l.say(l.screen, host.Line{Level: intent.Warn, Strategy: "host", Text: text})
	}
	var file slog.Handler
	if f.format == "text" { // what the environment says is of the screen
		file = slog.Handler(&ticker{screen: screen{w: l.file}, least: least})
	} else {
		file = newJSON(l.file, least)
		l.file.miss = func(n int) []byte { return missing(n) }
	}
	l.Handler = both{l.screen, file}
	return l, nil
}

// missing is the JSON line of how many lines are missing.
func missing(n int) []byte {
	var b lineBuffer
	r := slog.NewRecord(time.Now(), slog.LevelWarn, "lines are missing here: the file could not be written", 0)
	r.AddAttrs(slog.Int("missing", n))
	_ = newJSON(&b, intent.Debug).Handle(context.Background(), r) // a buffer takes all
	return b
}

type lineBuffer []byte

func (b *lineBuffer) Write(p []byte) (int, error) { *b = append(*b, p...); return len(p), nil }

// say writes a line of our own.
func (l *logs) say(to slog.Handler, line host.Line) {
	if !to.Enabled(context.Background(), levels[line.Level]) {
		return
	}
	r := slog.NewRecord(time.Now().UTC(), levels[line.Level], line.Text, 0)
	if line.Strategy != "" {
		r.AddAttrs(slog.String("strategy", line.Strategy))
	}
	_ = to.Handle(context.Background(), r) // whoever can't log can't tell of it either
}

// ended writes the error that a session ended with, where its lines are. On a screen of JSON
// lines it is the last of them, and nothing else is said.
func (l *logs) ended(err error) error {
	var told *coded
	if err == nil || errors.As(err, &told) && told.quiet {
		return err
	}
	line := host.Line{Level: intent.Error, Time: exchange.Time(time.Now().UnixNano()), Text: err.Error()}
	if l.screen.lines != nil {
		l.say(l.Handler, line)
		return &coded{code: codeOf(err), quiet: true, err: err}
	}
	if b, ok := l.Handler.(both); ok {
		l.say(b[1], line)
	}
	return err
}

func (l *logs) close() {
	l.screen.clear()
	if l.file != nil {
		l.file.close()
	}
}

// both hands records to two handlers.
type both [2]slog.Handler

// Enabled implements slog.Handler.
func (b both) Enabled(ctx context.Context, level slog.Level) bool {
	return b[0].Enabled(ctx, level) || b[1].Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (b both) Handle(ctx context.Context, r slog.Record) (err error) {
	for _, h := range b {
		if h.Enabled(ctx, r.Level) {
			err = errors.Join(err, h.Handle(ctx, r.Clone()))
		}
	}
	return err
}

// WithAttrs implements slog.Handler.
func (b both) WithAttrs(attrs []slog.Attr) slog.Handler {
	return both{b[0].WithAttrs(attrs), b[1].WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (b both) WithGroup(name string) slog.Handler {
	return both{b[0].WithGroup(name), b[1].WithGroup(name)}
}
