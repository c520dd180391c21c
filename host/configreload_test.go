package host

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/risk"
)

// A save of the configuration becomes events for what can change, says of the rest by line
// that it stays, and changes nothing when something in it is wrong.
func TestConfigurationIsReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.toml")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const first = "[risk]\ndaily_loss = \"0.05\"\n[paper]\nleverage = 5\n[params.busy]\nqty = 2\n"
	write(first)
	o := &Options{Set: map[string]string{"busy.side": "buy"}}
	if err := o.LoadConfig(path); err != nil {
		t.Fatal(err)
	}
	scripts, err := loadScripts([]string{writeScript(t)}, o.own.scripting())
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	var posted []*exchange.Event
	c := &configWatcher{o: o, scripts: scripts, stale: exchange.Minute, text: o.fileText,
		log: func(l Line) { said = append(said, l.Level.String()+" "+l.Text) }, post: func(ev *exchange.Event) { posted = append(posted, ev) }}
	save := func(text string) {
		said, posted = nil, nil
		write(text)
		_, _, fresh, err := loadConfigText(path)
		if err != nil {
			said = append(said, err.Error())
			return
		}
		c.take(fresh.(*Options))
	}
	expect := func(what string, events int, lines ...string) {
		t.Helper()
		if len(posted) != events {
			t.Errorf("%s: %d events, want %d", what, len(posted), events)
		}
		all := strings.Join(said, "\n")
		for _, line := range lines {
			if !strings.Contains(all, line) {
				t.Errorf("%s: %q is not among\n%s", what, line, all)
			}
		}
	}

	save("[risk]\ndaily_loss = \"0.02\"\nmax_borrowed = 5\n[paper]\nleverage = 3\n[params.busy]\nqty = 4\nside = \"sell\"\n")
	expect("a good save", 2, path+":5: paper.leverage can't change", path+":3: risk.max_borrowed can't change", path+":8: params.busy.side was set by a flag", "5 keys are others")
	if len(posted) == 2 {
		var in core.Instruction
		var l risk.Limits
		if err := json.Unmarshal([]byte(posted[0].Reason), &in); err != nil || posted[0].Name != core.CommandParams || fmt.Sprint(in.Params) != "map[qty:4]" || in.Strategy != "busy" {
			t.Errorf("first %s %s (%v)", posted[0].Name, posted[0].Reason, err)
		}
		if err := json.Unmarshal([]byte(posted[1].Reason), &l); err != nil || posted[1].Name != core.CommandLimits || l.DailyLoss.String() != "0.02" || l.StaleAfter != exchange.Minute {
			t.Errorf("then %s %s (%v)", posted[1].Name, posted[1].Reason, err)
		}
	}
	save(c.text)
	expect("the same again", 0)
	save("[risk]\ndaily_loss = \"0.01\"\n[params.busy]\nqtty = 4\n")
	expect("a parameter that there is not", 0, path+":4: parameter \"busy.qtty\": no strategy has it; did you mean \"qty\"", "was not taken")
	save("[risk]\ndaily_loss = \"2\"\n")
	expect("a limit that makes no sense", 0, path+": [risk] daily_loss")
	save("[risk\n")
	expect("no TOML", 0, path+":2: expected")
}

func writeScript(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "busy.lua")
	text := `return { name = "busy", universe = { "usdm:BTCUSDT" }, params = { qty = { default = 1 }, side = { type = "choice", default = "buy", choices = { "buy", "sell" } } }, on_start = function() end }`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
