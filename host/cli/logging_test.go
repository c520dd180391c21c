package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host"
)

// recordOf is a line as a session hands it to its logger.
func recordOf(l *host.Line) slog.Record {
	r := slog.NewRecord(time.Unix(0, int64(l.Time)).UTC(), levels[l.Level], l.Text, 0)
	r.AddAttrs(slog.String("strategy", l.Strategy))
	if l.Where != "" {
		r.AddAttrs(slog.String("where", l.Where))
	}
	if l.Instrument != "" {
		r.AddAttrs(slog.String("instrument", l.Instrument), slog.Uint64("order", uint64(l.Order)), slog.Uint64("pair", uint64(l.Pair)))
	}
	if l.Seq != 0 {
		r.AddAttrs(slog.Uint64("seq", l.Seq))
	}
	return r
}

// Off a terminal lines are JSON by default, and text where it is asked for; a level leaves
// out what is below it; a file has its own form, and --quiet leaves it whole.
func TestLogFormats(t *testing.T) {
	lines := []host.Line{
		{Time: exchange.Second, Level: intent.Debug, Strategy: "s", Where: "s.lua:3", Text: "looked", Seq: 4},
		{Time: exchange.Second, Level: intent.Info, Text: "began"},
		{Time: 2 * exchange.Second, Level: intent.Error, Strategy: "s", Text: "lost \"it\"", Seq: 9, Order: 7, Pair: 3, Instrument: "usdm:BTCUSDT"},
	}
	const (
		debugJSON = `{"time":"1970-01-01T00:00:01Z","level":"DEBUG","msg":"looked","strategy":"s","where":"s.lua:3","seq":4}` + "\n"
		infoJSON  = `{"time":"1970-01-01T00:00:01Z","level":"INFO","msg":"began"}` + "\n"
		errorJSON = `{"time":"1970-01-01T00:00:02Z","level":"ERROR","msg":"lost \"it\"","strategy":"s","instrument":"usdm:BTCUSDT","order":7,"pair":3,"seq":9}` + "\n"
		infoText  = "1970-01-01 00:00:01  began\n"
		errorText = "1970-01-01 00:00:02  ERROR s: lost \"it\"\n"
	)
	for _, c := range []struct {
		f              logFlags
		variable       string
		quiet          bool
		screen, inFile string
	}{
		{logFlags{level: "info"}, "", false, infoJSON + errorJSON, ""},
		{logFlags{level: "debug"}, "", false, debugJSON + infoJSON + errorJSON, ""},
		{logFlags{level: "info"}, "text", false, infoText + errorText, ""},
		{logFlags{level: "info", format: "json"}, "text", false, infoJSON + errorJSON, ""},
		{logFlags{level: "info", format: "text", file: "x.log"}, "", true, errorText, infoText + errorText},
		{logFlags{level: "warn", file: "x.log"}, "text", false, errorText, errorJSON},
	} {
		t.Setenv(logFormatVariable, c.variable)
		c.f.size, c.f.keep = 1, 1
		if c.f.file != "" {
			c.f.file = filepath.Join(t.TempDir(), c.f.file)
		}
		var screen bytes.Buffer
		l, err := openLogs(&screen, &c.f, c.quiet)
		if err != nil {
			t.Fatal(err)
		}
		for i := range lines {
			if r := recordOf(&lines[i]); l.Enabled(t.Context(), r.Level) {
				if err := l.Handle(t.Context(), r); err != nil {
					t.Fatal(err)
				}
			}
		}
		l.close()
		if screen.String() != c.screen {
			t.Errorf("%+v: the screen has\n%swant\n%s", c.f, &screen, c.screen)
		}
		if c.f.file == "" {
			continue
		}
		if got, err := os.ReadFile(c.f.file); err != nil || string(got) != c.inFile {
			t.Errorf("%+v: the file has\n%s(%v) want\n%s", c.f, got, err, c.inFile)
		}
	}
	for _, f := range []logFlags{{level: "loud", size: 1}, {level: "info", format: "xml", size: 1}, {level: "info"}, {level: "info", size: 1, keep: -1},
		{level: "info", size: 1, file: filepath.Join(t.TempDir(), "no", "such")}} {
		if _, err := openLogs(&bytes.Buffer{}, &f, false); codeOf(err) != ExitUsage {
			t.Errorf("%+v: %v, want a usage error", f, err)
		}
	}
}

// A file of lines is turned at its size, no more files than asked for are kept, and no line
// is torn.
func TestLogFileTurns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.log")
	l, err := openLogFile(path, 100, 2)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 100 {
		fmt.Fprintf(l, "line %02d of some length\n", n) // 23 bytes: four to a file
	}
	l.close()
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) != 3 {
		t.Fatalf("files %q (%v), want three", files, err)
	}
	for n, name := range []string{path, path + ".1", path + ".2"} {
		got, err := os.ReadFile(name)
		first := 96 - 4*n
		want := fmt.Sprintf("line %02d of some length\nline %02d of some length\nline %02d of some length\nline %02d of some length\n", first, first+1, first+2, first+3)
		if err != nil || string(got) != want {
			t.Errorf("%s: %q (%v), want %q", name, got, err, want)
		}
	}
}

// fullFile is a file on a disk that may be full.
type fullFile struct {
	bytes.Buffer
	room int // bytes left; -1: any
}

func (f *fullFile) Write(p []byte) (int, error) {
	if f.room < 0 {
		return f.Buffer.Write(p)
	}
	if len(p) <= f.room {
		f.room -= len(p)
		return f.Buffer.Write(p)
	}
	n, _ := f.Buffer.Write(p[:f.room])
	f.room = 0
	return n, syscall.ENOSPC
}
func (f *fullFile) Truncate(n int64) error     { f.Buffer.Truncate(int(n)); return nil }
func (f *fullFile) Stat() (fs.FileInfo, error) { return fullInfo{size: int64(f.Len())}, nil }
func (f *fullFile) Close() error               { return nil }

type fullInfo struct {
	fs.FileInfo
	size int64
}

func (i fullInfo) Size() int64       { return i.size }
func (i fullInfo) Mode() fs.FileMode { return 0o600 }

// A full disk costs lines and nothing else: each is there whole or not at all, how many are
// missing is told once in the file and on the screen, and the file goes on by itself.
func TestLogFileOnAFullDisk(t *testing.T) {
	f := &fullFile{room: 20}
	now := time.Unix(1, 0)
	var told []string
	l := &logFile{path: "p.log", most: 1 << 20, now: func() time.Time { return now }, open: func() (logWriter, error) { return f, nil },
		tell: func(s string) { told = append(told, s) }, miss: func(n int) []byte { return fmt.Appendf(nil, "missing %d\n", n) }}
	say := func(n int) {
		if got, err := fmt.Fprintf(l, "line %d\n", n); err != nil || got != 7 {
			t.Fatalf("line %d: %d, %v", n, got, err)
		}
	}
	for n := range 5 { // the third is torn, and taken back
		say(n)
	}
	now = now.Add(logAgain)
	say(5) // still full
	f.room = -1
	say(6) // too early to try again
	now = now.Add(logAgain)
	say(7)
	say(8)
	l.close()
	if got, want := f.String(), "line 0\nline 1\nmissing 5\nline 7\nline 8\n"; got != want {
		t.Errorf("the file has %q, want %q", got, want)
	}
	if len(told) != 2 || !strings.Contains(told[0], syscall.ENOSPC.Error()) || !strings.Contains(told[1], "5 lines are missing") {
		t.Errorf("told %q", told)
	}
}

// The end of a session that writes JSON lines is one too, and keeps its exit code.
func TestTheLastWordIsALine(t *testing.T) {
	var w bytes.Buffer
	l, err := openLogs(&w, &logFlags{level: "info", format: "json", size: 1}, false)
	if err != nil {
		t.Fatal(err)
	}
	err = l.ended(fail(ExitHalted, "halted: daily loss"))
	var told *coded
	if !errors.As(err, &told) || !told.quiet || told.code != ExitHalted {
		t.Errorf("got %#v", err)
	}
	var line struct{ Level, Msg string }
	if err := json.Unmarshal(w.Bytes(), &line); err != nil || line.Level != "ERROR" || line.Msg != "halted: daily loss" {
		t.Errorf("got %s (%v)", &w, err)
	}
}

// Wide characters count for two columns and combining ones for none; a text is cut at whole
// characters.
func TestColumns(t *testing.T) {
	for _, c := range []struct {
		text  string
		n     int
		short string // to 6 columns
	}{{"plain", 5, "plain"}, {"比特币多头", 10, "比特…"}, {"e\u0301te\u0301", 3, "e\u0301te\u0301"}, {"ab🚀cd", 6, "ab🚀cd"}, {"ab🚀cde", 7, "ab🚀c…"}} {
		if n := columns(c.text); n != c.n {
			t.Errorf("%q: %d columns, want %d", c.text, n, c.n)
		}
		if got := shorten(c.text, 6); got != c.short || columns(got) > 6 {
			t.Errorf("%q in 6 columns: %q, want %q", c.text, got, c.short)
		}
	}
}

// Lines of a ledger are shown without what steers a terminal.
func TestLineTextIsPrintable(t *testing.T) {
	l := host.Line{Strategy: "a", Text: "\x1b[2J\x1b]0;title\x07\b\u202eend"}
	if got := lineText(&l, false); strings.ContainsAny(got, "\x1b\x07\b\u202e") || !strings.HasSuffix(got, "end") {
		t.Errorf("%q", got)
	}
}
