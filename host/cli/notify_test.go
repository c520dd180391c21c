package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/notify/notifytest"
)

// run runs a command line and returns what it printed.
func runMain(args ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	code = Main(args, strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

// Every configuration of the chapter on alerts is one that the program reads.
func TestConfigurationsOfTheChapterOnAlerts(t *testing.T) {
	for name, value := range map[string]string{"TELEGRAM_TOKEN": "1:T", "SMTP_PASSWORD": "x", "DISCORD_WEBHOOK": "https://discord.com/api/webhooks/1/x",
		"SLACK_WEBHOOK": "https://hooks.slack.com/services/x", "NTFY_TOPIC": "t", "NTFY_TOKEN": "x", "HOOK_SECRET": "x", "HEARTBEAT_URL": "https://hc-ping.com/x"} {
		t.Setenv(name, value)
	}
	n, classes := 0, ""
	for _, c := range chapters() {
		if c.Name != "alerts" {
			continue
		}
		classes = c.Source
		for _, b := range blocks(c) {
			if b.kind != "toml" {
				continue
			}
			n++
			path := filepath.Join(t.TempDir(), "a.toml")
			if err := os.WriteFile(path, []byte(strings.Join(b.lines, "\n")), 0o600); err != nil {
				t.Fatal(err)
			}
			var o host.Options
			if err := o.LoadConfig(path); err != nil {
				t.Errorf("alerts.md:%d: %v", b.line, err)
			} else if o.Notify == nil {
				t.Errorf("alerts.md:%d: it says nothing of notify", b.line)
			}
		}
	}
	if n < 5 {
		t.Errorf("%d configurations", n)
	}
	for _, k := range host.AlertKinds() {
		if !strings.Contains(classes, "`"+string(k)+"`") {
			t.Errorf("alerts.md says nothing of the class %s", k)
		}
	}
}

// notify test tells each target, and says what came of it without a token; notify lists what
// waits.
func TestNotifyVerb(t *testing.T) {
	s, bad := notifytest.New(t), notifytest.New(t)
	bad.Answer(func(w http.ResponseWriter, r *http.Request, path string) bool {
		http.Error(w, "no "+path, 401)
		return true
	})
	t.Setenv("GOOD_TOKEN", "1:TOKEN-abc")
	t.Setenv("BAD_HOOK", bad.URL+"/services/TOKEN-abc")
	path := filepath.Join(t.TempDir(), "n.toml")
	config := fmt.Sprintf("[[notify.target]]\nname = \"phone\"\nkind = \"telegram\"\ntoken = \"env:GOOD_TOKEN\"\nchat = \"42\"\nbase_url = %q\n\n[[notify.target]]\nname = \"team\"\nkind = \"slack\"\nurl = \"env:BAD_HOOK\"\n", s.URL)
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := runMain("notify", "test", "--config", path)
	if code != ExitFailure || !strings.Contains(out, "phone  telegram  took it in ") || !strings.Contains(out, "team   slack     FAILED: answered 401: no") || strings.Contains(out+errs, "TOKEN-abc") || !strings.Contains(errs, "1 of 2 targets") {
		t.Errorf("%d\n%s\n%s", code, out, errs)
	}
	if r := s.Next(t); !strings.Contains(r.Body, "This is a test") {
		t.Errorf("%+v", r)
	}
	code, out, errs = runMain("notify", "test", "--config", path, "--target", "phone", "--json")
	var got struct {
		OK      bool    `json:"ok"`
		Targets []tried `json:"targets"`
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != ExitOK || !got.OK || len(got.Targets) != 1 || got.Targets[0].Target != "phone" {
		t.Errorf("%d, %v\n%s\n%s", code, err, out, errs)
	}
	for want, args := range map[string][]string{
		"there is none of this name; there are phone, team": {"notify", "test", "--config", path, "--target", "fon"},
		"want --config FILE":                                  {"notify", "test"},
		"there is no such file":                               {"notify", "--db", filepath.Join(t.TempDir(), "no.db")},
		"want list, which is the default, or test, got \"x\"": {"notify", "x"},
	} {
		if code, _, errs := runMain(args...); code == ExitOK || !strings.Contains(errs, want) {
			t.Errorf("%v: %d, %s", args, code, errs)
		}
	}
	for want, bad := range map[string]string{
		`n.toml: [notify] target 1: severity = "loud": want notice, warning or critical`: "[[notify.target]]\nname = \"a\"\nkind = \"ntfy\"\ntopic = \"t\"\nseverity = \"loud\"\n",
		`did you mean "halt"?; there are halt, liquidation`:                              "[[notify.target]]\nname = \"a\"\nkind = \"ntfy\"\ntopic = \"t\"\nclasses = [\"hault\"]\n",
		`unknown key "notify.target.topik"; did you mean "topic"?; the keys of`:          "[[notify.target]]\nname = \"a\"\nkind = \"ntfy\"\ntopik = \"t\"\n",
		`target 1: token: environment variable NO_SUCH_TOKEN is not set`:                 "[[notify.target]]\nname = \"a\"\nkind = \"telegram\"\ntoken = \"env:NO_SUCH_TOKEN\"\nchat = \"1\"\n",
		`target 1: url: who has it can write there: want env:NAME`:                       "[[notify.target]]\nname = \"a\"\nkind = \"slack\"\nurl = \"https://hooks.slack.com/services/SECRET\"\n",
		`target 1: token: a reference of 10 bytes points nowhere`:                        "[[notify.target]]\nname = \"a\"\nkind = \"telegram\"\ntoken = \"1:SECRETxx\"\nchat = \"1\"\n",
		`target 1: quiet = "22": want a time of day`:                                     "[[notify.target]]\nname = \"a\"\nkind = \"ntfy\"\ntopic = \"t\"\nquiet = \"22-7\"\n",
	} {
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _, errs := runMain("notify", "test", "--config", path); code != ExitConfig || !strings.Contains(errs, want) || strings.Contains(errs, "SECRET") {
			t.Errorf("%d: %s, want %q", code, errs, want)
		}
	}
}
