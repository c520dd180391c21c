package host

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// What opens a door somewhere is not shown, wherever it stands in the file.
func TestWhatMayBeASecretIsMasked(t *testing.T) {
	t.Setenv("PERILUNE_TEST_TOKEN", "hidden-token")
	path := filepath.Join(t.TempDir(), "c.toml")
	program, err := os.Executable() // one that is there
	if err != nil {
		t.Fatal(err)
	}
	text := `[notify]
heartbeat_url = "https://beat.example/hidden-id"
[[notify.target]]
name = "hook"
kind = "webhook"
url = "https://hook.example/hidden-path"
[[notify.target]]
name = "phone"
kind = "ntfy"
topic = "hidden-topic"
base_url = "https://ntfy.example"
token = "env:PERILUNE_TEST_TOKEN"
[[notify.target]]
name = "program"
kind = "command"
command = [` + strconv.Quote(program) + `, "--password", "hidden-argument"]
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	settings, err := ConfigSettings(path)
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]string{}
	for _, s := range settings {
		shown[s.Key] = s.Value
		if strings.Contains(s.Value, "hidden") {
			t.Errorf("%s shows %s", s.Key, s.Value)
		}
	}
	for key, want := range map[string]string{
		"notify.heartbeat_url":      "•••",
		"notify.target[1].url":      "•••",
		"notify.target[2].topic":    "•••",
		"notify.target[2].name":     `"phone"`,
		"notify.target[2].base_url": `"https://ntfy.example"`,
		"notify.target[2].token":    `"env:PERILUNE_TEST_TOKEN"`,
		"notify.target[3].command":  "[" + strconv.Quote(program) + ", •••, •••]",
	} {
		if shown[key] != want {
			t.Errorf("%s is shown as %q, want %q", key, shown[key], want)
		}
	}
}
