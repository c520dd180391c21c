package cli

import (
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/host/cli/manual"
)

// deployed reads a file of scripts/deploy.
func deployed(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "scripts", "deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// setting is what a line KEY=VALUE of a unit says.
func setting(t *testing.T, unit, key string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + key + `=(.*)$`).FindStringSubmatch(unit)
	if m == nil {
		t.Fatalf("the unit has no %s", key)
	}
	return m[1]
}

// The unit starts a session again after the ends that the manual says so of, and after no
// other, and leaves it the time that its end may take.
func TestUnit(t *testing.T) {
	unit := deployed(t, "perilune.service")
	c, _ := manual.Find(manual.Chapters(), "exit-codes")
	var never []string
	for _, m := range regexp.MustCompile(`(?m)^\| (\d+) \| [^|]* \| ([^|]*) \|$`).FindAllStringSubmatch(c.Source, -1) {
		if m[1] != "0" && !strings.HasPrefix(m[2], "start it again") {
			never = append(never, m[1])
		}
	}
	if got, want := setting(t, unit, "RestartPreventExitStatus"), strings.Join(never, " "); got != want {
		t.Errorf("RestartPreventExitStatus=%s, and by the manual %s", got, want)
	}
	stop, err := time.ParseDuration(setting(t, unit, "TimeoutStopSec"))
	if err != nil || stop <= endWithin+abandonedIn {
		t.Errorf("TimeoutStopSec=%s (%v): a session's end may take %s", stop, err, endWithin+abandonedIn)
	}
	if got := setting(t, unit, "Type"); got != "notify" {
		t.Errorf("Type=%s: READY and WATCHDOG are for notify", got)
	}
	_, command, _ := strings.Cut(setting(t, unit, "ExecStart"), "perilune ")
	checkCommand(t, "perilune.service", command)
}

func TestLaunchAgent(t *testing.T) {
	dec := xml.NewDecoder(strings.NewReader(deployed(t, "io.perilune.plist")))
	var words []string
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := tok.(xml.CharData); ok && strings.TrimSpace(string(s)) != "" {
			words = append(words, string(s))
		}
	}
	_, command, found := strings.Cut(strings.Join(words, " "), "/usr/local/bin/perilune ")
	command, _, _ = strings.Cut(command, " WorkingDirectory")
	if !found {
		t.Fatal("the agent starts no perilune")
	}
	checkCommand(t, "io.perilune.plist", command)
}
