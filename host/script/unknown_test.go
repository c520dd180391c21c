package script_test

import (
	"strings"
	"testing"
)

// TestUnknownNames finds a misspelt function, and leaves the fields of state
// alone, whether they are empty yet or hold what an earlier version remembered:
// what is in it differs between a first load and a reload.
func TestUnknownNames(t *testing.T) {
	vm := newVM(t, `
return {name = "t", on_timer = function()
  if not state.job.finished then log.inof(state.job.next.name) end
end}`)
	for _, saved := range []string{`{}`, `{"job": {"next": {}}}`, `{"job": 1}`} {
		if err := vm.SetState([]byte(saved)); err != nil {
			t.Fatal(err)
		}
		got := vm.UnknownNames()
		if len(got) != 1 || !strings.Contains(got[0].Message, "unknown function log.inof") {
			t.Errorf("with state %s: %v, want only log.inof", saved, got)
		}
	}
}
