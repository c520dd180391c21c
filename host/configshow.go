package host

import (
	"fmt"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/host/risk"
)

// Setting is a value of the configuration and where it is from.
type Setting struct {
	Key    string `json:"key"` // as in the file: "risk.daily_loss"
	Value  string `json:"value"`
	Origin string `json:"origin"` // file:line, "default", or what else set it
}

// ConfigSettings are the settings of a configuration file, each key of a section that there
// is, with the defaults of what it leaves out. Secrets are masked: a reference to one
// (env:NAME) says whether it leads somewhere. "" is no file. The file is checked as a session
// checks it.
func ConfigSettings(path string) ([]Setting, error) {
	given, raw := map[string]any{}, ""
	if path != "" {
		if err := (&Options{Account: &AccountOptions{}}).LoadConfig(path); err != nil {
			return nil, err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, configError("configuration: %v", err)
		}
		raw = string(text)
		if _, err := toml.Decode(raw, &given); err != nil {
			return nil, configError("%s:%s", path, tomlError(err))
		}
	}
	x := &settingsOf{path: path, raw: raw}
	x.add(reflect.TypeFor[fileConfig](), given, nil)
	venues, _ := given["venue"].(map[string]any)
	for _, house := range houseNames() {
		if fields, ok := venues[house].(map[string]any); ok {
			c, _ := connectorOf(house)
			x.add(reflect.TypeOf(c.Section()), fields, []string{"venue", house})
		}
	}
	params, _ := given["params"].(map[string]any)
	for _, strategy := range sortedKeys(params) {
		fields, _ := params[strategy].(map[string]any)
		for _, name := range sortedKeys(fields) {
			x.set([]string{"params", strategy, name}, fields[name])
		}
	}
	return x.out, nil
}

// settingsOf gathers settings.
type settingsOf struct {
	path, raw string
	out       []Setting
}

// add takes the keys of a section that a type describes, in its order.
func (x *settingsOf) add(t reflect.Type, given map[string]any, at []string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get("toml")
		key := append(slices.Clone(at), name)
		value, there := given[name]
		in := f.Type
		for in.Kind() == reflect.Pointer {
			in = in.Elem()
		}
		switch {
		case f.Anonymous:
			x.add(f.Type, given, at)
		case name == "params" || name == "venue": // their keys are not the type's
		case in.Kind() == reflect.Struct:
			fields, _ := value.(map[string]any)
			if there || f.Type.Kind() == reflect.Struct { // an optional section that is not there has no keys
				x.add(in, fields, key)
			}
		case in.Kind() == reflect.Map:
			fields, _ := value.(map[string]any)
			for _, k := range sortedKeys(fields) {
				x.set(append(slices.Clone(key), k), fields[k])
			}
		case in.Kind() == reflect.Slice && in.Elem().Kind() == reflect.Struct:
			list, _ := value.([]map[string]any)
			for n, fields := range list {
				for _, k := range sortedKeys(fields) {
					x.set(append(slices.Clone(key[:len(key)-1]), fmt.Sprintf("%s[%d]", name, n+1), k), fields[k])
				}
			}
		case there:
			x.set(key, value)
		default:
			x.out = append(x.out, Setting{strings.Join(key, "."), defaultOf(strings.Join(key, ".")), "default"})
		}
	}
}

func (x *settingsOf) set(key []string, value any) {
	line := keyLine(x.raw, bareIndexes(key)...)
	x.out = append(x.out, Setting{strings.Join(key, "."), masked(key[len(key)-1], value), fmt.Sprintf("%s:%d", x.path, line)})
}

// bareIndexes leaves the place of an element of a list out of a key.
func bareIndexes(key []string) []string {
	out := slices.Clone(key)
	for i := range out {
		out[i], _, _ = strings.Cut(out[i], "[")
	}
	return out
}

// secretNames are parts of the names of keys whose values nobody should read over a shoulder.
var secretNames = []string{"secret", "key", "token", "pass", "url", "auth", "args", "env", "command", "topic"}

// masked is a value for people. What may be a secret is shown as a reference, which is none,
// or not at all; an address
// is shown if it is a host alone.
func masked(name string, value any) string {
	secret := slices.ContainsFunc(secretNames, func(part string) bool { return strings.Contains(strings.ToLower(name), part) })
	if list, ok := value.([]any); ok && secret {
		return maskedList(name, list)
	}
	text, isText := value.(string)
	if !isText {
		return strings.TrimSpace(tomlText(value))
	}
	if !secret {
		return fmt.Sprintf("%q", text)
	}
	if sign.CheckReference(text) == nil {
		if where, of, _ := strings.Cut(text, ":"); where == "env" {
			if _, there := os.LookupEnv(of); !there {
				return fmt.Sprintf("%q (not set)", text)
			}
		}
		return fmt.Sprintf("%q", text)
	}
	if u, err := url.Parse(text); err == nil && u.Host != "" && u.User == nil && u.RawQuery == "" && len(u.Path) <= 1 {
		return fmt.Sprintf("%q", text)
	}
	return "•••"
}

// maskedList masks each element, but a program is shown: it is what follows it that may be
// a secret.
func maskedList(name string, list []any) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = masked(name, v)
		if program, ok := v.(string); ok && i == 0 && name == "command" {
			parts[i] = fmt.Sprintf("%q", program)
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// tomlText is a value as the file has it.
func tomlText(value any) string {
	if at, ok := value.(time.Time); ok {
		return at.Format(time.RFC3339)
	}
	if list, ok := value.([]any); ok {
		var parts []string
		for _, v := range list {
			if s, ok := v.(string); ok {
				v = fmt.Sprintf("%q", s)
			}
			parts = append(parts, fmt.Sprint(v))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return fmt.Sprint(value)
}

// defaultOf is what a key that is not given stands for, "" where it is nothing or depends on
// more than the file.
func defaultOf(key string) string {
	l := risk.Limits{}.WithDefaults()
	money := func(v fmt.Stringer) string { return fmt.Sprintf("%q", v.String()) }
	switch key {
	case "version":
		return "1"
	case "paper.leverage":
		return "5"
	case "paper.latency":
		return `"lognormal"`
	case "paper.impact":
		return `"memory"`
	case "paper.queue":
		return `"risk_averse"`
	case "risk.max_order_notional":
		return money(l.MaxOrderNotional)
	case "risk.max_position_notional":
		return money(l.MaxPositionNotional)
	case "risk.max_borrowed":
		return money(l.MaxBorrowed)
	case "risk.daily_loss":
		return money(l.DailyLoss)
	case "risk.collar_bp":
		return fmt.Sprint(l.CollarBP)
	case "risk.orders_per_second":
		return fmt.Sprint(l.OrdersPerSecond)
	case "risk.order_burst":
		return fmt.Sprint(l.OrderBurst)
	case "risk.max_open_orders":
		return fmt.Sprint(l.MaxOpenOrders)
	}
	if name, ok := strings.CutPrefix(key, "preflight."); ok {
		return preflightDefault(name)
	}
	switch key {
	case "script.callback_seconds", "ledger.backup_keep":
		return map[string]string{"script.callback_seconds": "2", "ledger.backup_keep": "24"}[key]
	}
	return ""
}
