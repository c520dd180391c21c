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

	"github.com/perilune/perilune/bindings"
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
	var f planFile
	meta, err := toml.DecodeFile(path, &f)
	if os.IsNotExist(err) {
		return nil, configError("study: %v", err)
	}
	if err != nil {
		return nil, configError("%s:%s", path, tomlError(err))
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		known := []string{"title", "halves", "folds", "capital", "lacking", "data", "tables", "prices", "utc_offset", "row", "name", "script", "symbols", "set", "tune"}
		return nil, configError("%s: unknown key %q%s", path, unknown[0].String(), bindings.DidYouMean(unknown[0][len(unknown[0])-1], known))
	}
	p, err := f.plan(filepath.Dir(path))
	if err != nil {
		return nil, configError("%s: %v", path, err)
	}
	return p, nil
}

func (f *planFile) plan(dir string) (p *StudyPlan, err error) {
	p = &StudyPlan{Title: f.Title, Lacking: f.Lacking, Tables: f.Data.Tables, Prices: f.Data.Prices}
	if p.Halves, err = planDays("halves", f.Halves, 3, 3); err != nil {
		return nil, err
	}
	if p.Folds, err = planDays("folds", f.Folds, 3, 100); err != nil {
		return nil, err
	}
	if f.Capital != "" {
		if p.Capital, err = decimal.NewFromString(string(f.Capital)); err != nil || !p.Capital.IsPositive() {
			return nil, fmt.Errorf("capital = %q: want an amount above 0", f.Capital)
		}
	}
	if (p.Tables == "") != (p.Prices == "") {
		return nil, fmt.Errorf("[data]: want both tables and prices, or neither")
	}
	if p.Ahead, err = record.ParseAhead(f.Data.UTCOffset); err != nil {
		return nil, fmt.Errorf("[data] utc_offset: %w", err)
	}
	if len(f.Rows) == 0 {
		return nil, fmt.Errorf("no [[row]]: want a strategy to compare")
	}
	for i, r := range f.Rows {
		row, err := r.row(dir)
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", i+1, err)
		}
		if slices.ContainsFunc(p.Rows, func(x StudyRow) bool { return x.Name == row.Name }) {
			return nil, fmt.Errorf("row %d: %q is the name of another row too", i+1, row.Name)
		}
		p.Rows = append(p.Rows, row)
	}
	return p, nil
}

func (r *planRow) row(dir string) (StudyRow, error) {
	if r.Script == "" {
		return StudyRow{}, fmt.Errorf("no script")
	}
	row := StudyRow{Name: cmp.Or(r.Name, strings.TrimSuffix(filepath.Base(r.Script), ".lua")), Script: filepath.Join(dir, r.Script), Symbols: r.Symbols,
		Set: map[string]string{}, Tune: map[string][]string{}}
	for _, name := range sortedKeys(r.Set) {
		text, _, err := settingText(r.Set[name])
		if err != nil {
			return row, fmt.Errorf("set.%s: %w", name, err)
		}
		row.Set[name] = text
	}
	for _, name := range sortedKeys(r.Tune) {
		if _, twice := r.Set[name]; twice {
			return row, fmt.Errorf("%s is in set and in tune: want it in one", name)
		}
		for _, v := range r.Tune[name] {
			text, _, err := settingText(v)
			if err != nil {
				return row, fmt.Errorf("tune.%s: %w", name, err)
			}
			row.Tune[name] = append(row.Tune[name], text)
		}
	}
	return row, nil
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
