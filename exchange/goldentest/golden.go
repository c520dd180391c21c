// Package goldentest plays golden scenarios: texts that a trader reads, of what is done
// to a thing and what it does because of it.
//
// A scenario is a file of lines. A line that begins with # is a comment and an empty one
// is nothing; both stay where they are. Any other line is a command and its words. What
// follows from a command stands under it, in lines that begin with "=>", with the time
// once some has passed:
//
//	# A market order takes what is there.
//	book usdm:BTCUSDT bid 99.9x5 ask 100x3
//	buy 2 usdm:BTCUSDT market
//	=> 1 accepted
//	wait 1s
//	=> 1s 1 fill buy 2 at 100
//
// The commands are the player's own; each folder of scenarios has a README that lists
// them. "go test -run TEST -update" writes the answers anew; read them before they are
// kept.
package goldentest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

var update = flag.Bool("update", false, "rewrite the answers of golden scenarios")

// Player carries out the commands of one scenario. One with a method End() has it called
// after the last.
type Player interface {
	Command(words []string)
}

// Scenario is a file that is played, and the answers so far. It stands for the test of
// the file.
type Scenario struct {
	testing.TB
	Path string
	Line int // of the command that is carried out, from 1
	out  strings.Builder
}

// answer is what the lines of answers begin with.
const answer = "=> "

// Play plays every file that a pattern fits as a subtest of its name. begin makes the
// player of one.
func Play(t *testing.T, pattern string, begin func(*Scenario) Player) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios fit ", pattern, err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			s := &Scenario{TB: t, Path: path}
			got := s.play(string(text), begin)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := Diff(string(text), got); diff != "" {
				t.Fatalf("%s:%s", path, diff)
			}
		})
	}
}

// play returns the scenario with the answers that it gets.
func (s *Scenario) play(text string, begin func(*Scenario) Player) string {
	p := begin(s)
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if strings.HasPrefix(line, "=>") {
			continue
		}
		fmt.Fprintln(&s.out, line)
		s.Line = i + 1
		if words := strings.Fields(line); len(words) > 0 && words[0] != "#" {
			p.Command(words)
		}
	}
	if e, ok := p.(interface{ End() }); ok {
		e.End()
	}
	return s.out.String()
}

// Say adds an answer. after is how much time has passed; 0 or less is not told.
func (s *Scenario) Say(after exchange.Time, format string, args ...any) {
	s.out.WriteString(answer)
	if after > 0 {
		s.out.WriteString(time.Duration(after).String() + " ")
	}
	fmt.Fprintf(&s.out, format+"\n", args...)
}

// Fatalf ends the scenario with the place of the line that is carried out and the
// answers so far.
func (s *Scenario) Fatalf(format string, args ...any) {
	s.Helper()
	s.TB.Fatalf("%s:%d: %s; so far:\n%s", s.Path, s.Line, fmt.Sprintf(format, args...), s.out.String())
}

// Unknown fails for a command or a word that the player does not know.
func (s *Scenario) Unknown(word string) {
	s.Helper()
	s.Fatalf("%s?", word)
}

// Duration reads "1h30m".
func (s *Scenario) Duration(word string) exchange.Time {
	s.Helper()
	d, err := time.ParseDuration(word)
	if err != nil {
		s.Fatalf("%v", err)
	}
	return exchange.Time(d)
}

// Decimal reads a number.
func (s *Scenario) Decimal(word string) decimal.Decimal {
	s.Helper()
	d, err := decimal.NewFromString(word)
	if err != nil {
		s.Fatalf("%v", err)
	}
	return d
}

// Number reads a whole number.
func (s *Scenario) Number(word string) int64 {
	s.Helper()
	d := s.Decimal(word)
	if !d.IsInteger() {
		s.Fatalf("%s is no whole number", word)
	}
	return d.IntPart()
}

// Side reads buy or sell.
func (s *Scenario) Side(word string) exchange.Side {
	s.Helper()
	switch word {
	case "buy":
		return exchange.Buy
	case "sell":
		return exchange.Sell
	}
	s.Fatalf("%s: want buy or sell", word)
	return 0
}

// around is how many lines a difference shows before the first that differs.
const around = 3

// Diff shows the first line in which two texts differ, from its number on, with some
// lines before it; empty when there is none.
func Diff(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		if lineAt(w, i) == lineAt(g, i) {
			continue
		}
		before := strings.Join(w[max(0, min(i, len(w))-around):min(i, len(w))], "\n     ")
		return fmt.Sprintf("%d\n     %s\nwant %s\ngot  %s", i+1, before, lineAt(w, i), lineAt(g, i))
	}
	return ""
}

func lineAt(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(end)"
}
