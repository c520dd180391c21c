package notify_test

import (
	"fmt"
	"testing"

	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/bindings/notify"
)

func TestSend(t *testing.T) {
	b := bindtest.New(t, notify.Module())
	b.Run(`assert(notify.send("hello") == true)
		assert(notify.send("look", { severity = "critical" }) == true)
		notify.send("x", {})`)
	if got := fmt.Sprint(b.Env.Notices); got != "[notice hello critical look notice x]" {
		t.Error(got)
	}
	b.Env.Silenced = true
	b.Run(`assert(notify.send("too much") == false)`)
	for code, want := range map[string]string{
		`notify.send()`:                             "text",
		`notify.send("")`:                           "want 1 to 1000 bytes, got 0",
		`notify.send(("x"):rep(1001))`:              "want 1 to 1000 bytes, got 1001",
		`notify.send("x", { severity = "loud" })`:   "notice, warning, critical",
		`notify.send("x", { severty = "warning" })`: `did you mean "severity"?`,
	} {
		b.Fail(code, "notify.send", want)
	}
}
