package host

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is wrong in a plan's file is told with its file, line, key and value, also where
// several rows have the key.
func TestStudyPlansThatAreWrongNameTheLine(t *testing.T) {
	const good = `title = "t"
halves = ["2021-01-01", "2022-01-01", "2023-01-01"]
folds = ["2021-01-01", "2022-01-01", "2023-01-01"]
capital = 10000
[[row]]
name = "a"
script = "a.lua"
set = { level = 1 }
[[row]]
name = "b"
script = "b.lua"
[row.tune]
level = [1, 5]
[[row]]
name = "c"
script = "c.lua"
`
	load := func(text string) error {
		path := filepath.Join(t.TempDir(), "plan.toml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := LoadStudyPlan(path)
		return err
	}
	if err := load(good); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, want string }{
		{`name = "a"`, `name = -1`, "plan.toml:6: row.name = -1: want a text in quotes"},
		{`script = "b.lua"`, `script = 7`, "plan.toml:11: row.script = 7: want a text in quotes"},
		{`script = "b.lua"`, `scripx = "b.lua"`, `plan.toml:11: unknown key "row.scripx"; did you mean "script"?`},
		{`level = [1, 5]`, `level = 5`, "plan.toml:13: row.tune.level = 5: want a list of values"},
		{`level = [1, 5]`, `level = [2021-01-01]`, "plan.toml:13: row 2: tune.level: "},
		{`script = "c.lua"`, ``, "plan.toml:14: row 3: no script"},
		{`name = "c"`, `name = "a"`, `plan.toml:15: row 3: "a" is the name of another row too`},
		{`capital = 10000`, `capital = 1.5`, `plan.toml:4: capital = 1.5: want an amount`},
		{`capital = 10000`, `capital = -1`, `plan.toml:4: capital = "-1": want an amount above 0`},
		{`halves = [`, `halves = [5, `, "plan.toml:2: halves = "},
		{`halves = ["2021-01-01"`, `halves = ["noon"`, `plan.toml:2: halves: "noon": want a day`},
		{`title = "t"`, `titel = "t"`, `plan.toml:1: unknown key "titel"`},
		{`title = "t"`, `title = "t`, "plan.toml:1: "},
	} {
		if err := load(strings.Replace(good, c.from, c.to, 1)); !strings.Contains(fmt.Sprint(err), c.want) || strings.Contains(fmt.Sprint(err), "int64") {
			t.Errorf("%s: %v, want %s", c.to, err, c.want)
		}
	}
}
