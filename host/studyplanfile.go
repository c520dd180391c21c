package host

import (
	"fmt"
	"strings"

	"github.com/perilune/perilune/bindings"
)

// planKinds are what the keys of a plan's file hold. That they are checked here, and not by
// the decoder, is for the lines: of a list of tables it knows those of the last one alone.
var planKinds = map[string]string{
	"title": "text", "halves": "texts", "folds": "texts", "capital": "amount", "lacking": "texts",
	"data": "table", "data.tables": "text", "data.prices": "text", "data.utc_offset": "texts",
	"row": "tables", "row.name": "text", "row.script": "text", "row.symbols": "texts", "row.set": "table", "row.tune": "lists",
}

// planWants say what would be right.
var planWants = map[string]string{
	"text": `a text in quotes`, "texts": `a list of texts, such as ["a", "b"]`, "amount": `an amount, such as 10000 or "10000.50"`,
	"table": "a section of keys with values", "tables": "sections [[row]]", "lists": "a section of keys with lists of values, such as level = [1, 5]",
}

// planText is the text of a plan's file, for the lines of what is in it.
type planText struct{ path, raw string }

// at names the place of a key; row counts from 1, 0: it is in none.
func (t *planText) at(row int, key ...string) string {
	text, before := t.raw, 0
	if row > 0 {
		text, before = t.row(row)
	}
	return fmt.Sprintf("%s:%d", t.path, before+keyLine(text, key...))
}

// row is the text of a row and how many lines are before it. A plan that writes its rows
// in another way than [[row]] has one text for all.
func (t *planText) row(n int) (text string, before int) {
	lines := strings.Split(t.raw, "\n")
	from, to := -1, len(lines)
	for i, line := range lines {
		head, _, _ := strings.Cut(strings.TrimSpace(line), "]]")
		if bare, ok := strings.CutPrefix(head, "[["); !ok || bareKey(bare) != "row" {
			continue
		}
		if n--; n == 0 {
			from = i
		} else if n < 0 {
			to = i
			break
		}
	}
	if from < 0 {
		return t.raw, 0
	}
	return strings.Join(lines[from:to], "\n"), from
}

// check looks at the keys of a table of the file and the kinds of their values.
func (t *planText) check(table map[string]any, row int, section ...string) error {
	for _, name := range sortedKeys(table) {
		key := append(section[:len(section):len(section)], name)
		full := strings.Join(key, ".")
		kind, known := planKinds[full]
		if !known {
			return configError("%s: unknown key %q%s", t.at(row, key...), full, bindings.DidYouMean(name, planNames(section)))
		}
		v := table[name]
		if !planFits(kind, v) {
			return configError("%s: %s = %s: want %s", t.at(row, key...), full, planValue(v), planWants[kind])
		}
		switch v := v.(type) {
		case []map[string]any:
			for i := range v {
				if err := t.check(v[i], i+1, key...); err != nil {
					return err
				}
			}
		case map[string]any:
			if full == "data" {
				if err := t.check(v, row, key...); err != nil {
					return err
				}
			}
			for _, x := range sortedKeys(v) {
				if _, list := v[x].([]any); kind == "lists" && !list {
					return configError("%s: %s.%s = %s: want a list of values to choose from, such as [1, 5]", t.at(row, append(key, x)...), full, x, planValue(v[x]))
				}
			}
		}
	}
	return nil
}

func planFits(kind string, v any) (ok bool) {
	switch kind {
	case "text":
		_, ok = v.(string)
	case "texts":
		var list []any
		if list, ok = v.([]any); ok {
			for _, x := range list {
				if _, text := x.(string); !text {
					return false
				}
			}
		}
	case "amount":
		switch v.(type) {
		case string, int64:
			return true
		}
	case "table", "lists":
		_, ok = v.(map[string]any)
	case "tables":
		_, ok = v.([]map[string]any)
	}
	return ok
}

// planValue is a value as it is in the file, or near it.
func planValue(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("%q", v)
	case map[string]any, []map[string]any:
		return "a section"
	}
	return fmt.Sprintf("%.60s", fmt.Sprint(v))
}

// planNames lists the keys of a section.
func planNames(section []string) (names []string) {
	for _, full := range sortedKeys(planKinds) {
		if name, ok := strings.CutPrefix(full, strings.Join(append(section[:len(section):len(section)], ""), ".")); ok && !strings.Contains(name, ".") {
			names = append(names, name)
		}
	}
	return names
}
