package host

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/record"
)

// StudyPlan is a comparison written down in a TOML file, so that its table comes from one
// command: see RunStudyTable.
type StudyPlan struct {
	Title string
	// Halves are three days: values are chosen by what is between the first two, and
	// judged on what is between the last two.
	Halves []exchange.Time
	// Folds are the borders of the parts of a walk-forward; each part takes the values
	// that earned most over the parts before it.
	Folds []exchange.Time
	// Capital is what returns and drawdowns are parts of; zero: the opening balance.
	Capital decimal.Decimal
	// Lacking says what the data can't show, in words that are printed with the table.
	Lacking []string
	// Tables and Prices, when they are set, are what a history of several venues is made
	// of before anything runs: folders below the data directory, and how far the tables'
	// dates are ahead of UTC. Without, the data directory is the history.
	Tables, Prices string
	Ahead          map[string]exchange.Time
	Rows           []StudyRow
}

// StudyRow is one strategy on some instruments.
type StudyRow struct {
	Name    string
	Script  string              // path
	Symbols []string            // none: all
	Set     map[string]string   // by parameter
	Tune    map[string][]string // values to choose from, by parameter
}

// planFile is the shape of the file.
type planFile struct {
	Title   string   `toml:"title"`
	Halves  []string `toml:"halves"`
	Folds   []string `toml:"folds"`
	Capital amount   `toml:"capital"`
	Lacking []string `toml:"lacking"`
	Data    struct {
		Tables    string   `toml:"tables"`
		Prices    string   `toml:"prices"`
		UTCOffset []string `toml:"utc_offset"`
	} `toml:"data"`
	Rows []planRow `toml:"row"`
}

type planRow struct {
	Name    string           `toml:"name"`
	Script  string           `toml:"script"`
	Symbols []string         `toml:"symbols"`
	Set     map[string]any   `toml:"set"`
	Tune    map[string][]any `toml:"tune"`
}

// LoadStudyPlan reads a plan. Scripts are found from the folder it is in. What it asks of
// strategies and data is checked by RunStudyTable.
func LoadStudyPlan(path string) (*StudyPlan, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, configError("study: %v", err)
	}
	t := &planText{path, string(raw)}
	var table map[string]any
	if _, err := toml.Decode(t.raw, &table); err != nil {
		return nil, configError("%s:%s", path, tomlError(err))
	}
	if err := t.check(table, 0); err != nil {
		return nil, err
	}
	var f planFile
	if _, err := toml.Decode(t.raw, &f); err != nil {
		return nil, configError("%s:%s", path, tomlError(err))
	}
	return f.plan(t)
}

func (f *planFile) plan(t *planText) (p *StudyPlan, err error) {
	p = &StudyPlan{Title: f.Title, Lacking: f.Lacking, Tables: f.Data.Tables, Prices: f.Data.Prices}
	if p.Halves, err = planDays("halves", f.Halves, 3, 3); err != nil {
		return nil, configError("%s: %v", t.at(0, "halves"), err)
	}
	if p.Folds, err = planDays("folds", f.Folds, 3, 100); err != nil {
		return nil, configError("%s: %v", t.at(0, "folds"), err)
	}
	if f.Capital != "" {
		if p.Capital, err = decimal.NewFromString(string(f.Capital)); err != nil || !p.Capital.IsPositive() {
			return nil, configError("%s: capital = %q: want an amount above 0", t.at(0, "capital"), f.Capital)
		}
	}
	if (p.Tables == "") != (p.Prices == "") {
		return nil, configError("%s: [data]: want both tables and prices, or neither", t.at(0, "data"))
	}
	if p.Ahead, err = record.ParseAhead(f.Data.UTCOffset); err != nil {
		return nil, configError("%s: [data] utc_offset: %v", t.at(0, "data", "utc_offset"), err)
	}
	if len(f.Rows) == 0 {
		return nil, configError("%s: no [[row]]: want a strategy to compare", t.path)
	}
	for i, r := range f.Rows {
		row, key, err := r.row(filepath.Dir(t.path))
		if err != nil {
			return nil, configError("%s: row %d: %v", t.at(i+1, append([]string{"row"}, key...)...), i+1, err)
		}
		if slices.ContainsFunc(p.Rows, func(x StudyRow) bool { return x.Name == row.Name }) {
			return nil, configError("%s: row %d: %q is the name of another row too", t.at(i+1, "row", "name"), i+1, row.Name)
		}
		p.Rows = append(p.Rows, row)
	}
	return p, nil
}

// row makes a row of what the file says; key is what an error is about.
func (r *planRow) row(dir string) (row StudyRow, key []string, err error) {
	if r.Script == "" {
		return row, nil, fmt.Errorf(`no script: want a strategy, such as script = "basis.lua"`)
	}
	row = StudyRow{Name: cmp.Or(r.Name, strings.TrimSuffix(filepath.Base(r.Script), ".lua")), Script: filepath.Join(dir, r.Script), Symbols: r.Symbols,
		Set: map[string]string{}, Tune: map[string][]string{}}
	for _, name := range sortedKeys(r.Set) {
		text, _, err := settingText(r.Set[name])
		if err != nil {
			return row, []string{"set", name}, fmt.Errorf("set.%s: %w", name, err)
		}
		row.Set[name] = text
	}
	for _, name := range sortedKeys(r.Tune) {
		if _, twice := r.Set[name]; twice {
			return row, []string{"tune", name}, fmt.Errorf("%s is in set and in tune: want it in one", name)
		}
		for _, v := range r.Tune[name] {
			text, _, err := settingText(v)
			if err != nil {
				return row, []string{"tune", name}, fmt.Errorf("tune.%s: %w", name, err)
			}
			row.Tune[name] = append(row.Tune[name], text)
		}
	}
	return row, nil, nil
}

// planDays reads ascending days.
func planDays(key string, days []string, least, most int) (out []exchange.Time, err error) {
	if len(days) < least || len(days) > most {
		return nil, fmt.Errorf("%s: %d days: want %d to %d, such as \"2021-01-01\"", key, len(days), least, most)
	}
	for _, d := range days {
		t, err := time.ParseInLocation(time.DateOnly, d, time.UTC)
		if err != nil {
			return nil, fmt.Errorf("%s: %q: want a day such as \"2021-01-01\", in UTC", key, d)
		}
		at := exchange.Time(t.UnixNano())
		if len(out) > 0 && at <= out[len(out)-1] {
			return nil, fmt.Errorf("%s: %s is not later than the day before it", key, d)
		}
		out = append(out, at)
	}
	return out, nil
}
