package host

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/host/script"
)

// origin is where in a configuration file a parameter was set, and as what. The
// zero value is a parameter from elsewhere, such as a flag, which is text.
type origin struct {
	place string // file:line
	kind  string // number, boolean, string or list
}

// takeParams reads [params.<strategy>]. An array becomes its JSON text, which a
// list parameter reads back as it was.
func (o *Options) takeParams(path, raw string, f *fileConfig) error {
	if o.Set == nil {
		o.Set = map[string]string{}
	}
	o.origins = map[string]origin{}
	for _, strategy := range sortedKeys(f.Params) {
		if f.Params[strategy] == nil {
			return configError("%s: params.%s: want a section [params.<strategy>] around parameters", path, strategy)
		}
		for _, name := range sortedKeys(f.Params[strategy]) {
			key := strategy + "." + name
			if _, fromFlag := o.Set[key]; fromFlag {
				continue
			}
			if _, fromFlag := o.Set[name]; fromFlag {
				continue
			}
			place := fmt.Sprintf("%s:%d", path, keyLine(raw, "params", strategy, name))
			text, kind, err := settingText(f.Params[strategy][name])
			if err != nil {
				return configError("%s: params.%s: %v", place, key, err)
			}
			o.Set[key], o.origins[key] = text, origin{place, kind}
		}
	}
	return nil
}

// settingText is a value of the file as --set would have it, and its kind.
func settingText(v any) (text, kind string, err error) {
	switch v := v.(type) {
	case string:
		return v, "string", nil
	case bool:
		return strconv.FormatBool(v), "boolean", nil
	case int64:
		return strconv.FormatInt(v, 10), "number", nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "", "", fmt.Errorf("%v: want a finite number", v)
		}
		return strconv.FormatFloat(v, 'g', -1, 64), "number", nil
	case []any:
		return listText(v)
	case map[string]any, []map[string]any:
		return "", "", fmt.Errorf("it is a table: want a number, a text, true or false, or a list of numbers or texts")
	}
	return "", "", fmt.Errorf("%v is a date or time: write it as text, in quotes", v)
}

func listText(list []any) (text, kind string, err error) {
	for i, e := range list {
		switch _, kind, err := settingText(e); {
		case err != nil:
			return "", "", fmt.Errorf("element %d: %w", i+1, err)
		case kind != "number" && kind != "string":
			return "", "", fmt.Errorf("element %d is a %s: want numbers or texts", i+1, kind)
		}
	}
	raw, err := json.Marshal(list)
	if list == nil {
		raw = []byte("[]")
	}
	return string(raw), "list", err
}

// fits refuses a value whose kind in the file is not that of the parameter. Text
// may stand for anything, as it does in a flag.
func (g origin) fits(p *script.Param) error {
	want := map[string]string{"number": "number", "integer": "number", "boolean": "boolean", "list": "list", "string": "string", "choice": "string"}[p.Type]
	switch {
	case g.kind == "", g.kind == "string", g.kind == want:
		return nil
	}
	return fmt.Errorf("it is a %s there: want a %s", g.kind, p.Type)
}

// at puts a parameter's place in the file before what is wrong with it.
func (g origin) at(err error) error {
	if g.place == "" {
		return err
	}
	return configError("%s: %v", g.place, err)
}

// keyLine finds the line of a key in a TOML text, that of its section when it is
// written in a way that is rare, and 1 when there is none.
func keyLine(raw string, key ...string) int {
	line, section := 1, ""
	best := 0
	for n, text := range strings.Split(raw, "\n") {
		text = strings.TrimSpace(text)
		if head, ok := strings.CutPrefix(text, "["); ok && !strings.Contains(strings.SplitN(text, "]", 2)[0], "=") {
			section = bareKey(strings.SplitN(strings.TrimPrefix(head, "["), "]", 2)[0])
		} else {
			name, _, assigns := strings.Cut(text, "=")
			if !assigns || strings.HasPrefix(text, "#") {
				continue
			}
			if full := strings.TrimPrefix(section+"."+bareKey(name), "."); full == strings.Join(key, ".") {
				return n + 1
			} else if depth := common(full, key); depth > best {
				best, line = depth, n+1
			}
			continue
		}
		if depth := common(section, key); depth > best {
			best, line = depth, n+1
		}
	}
	return line
}

// bareKey drops quotes and blanks around the parts of a key.
func bareKey(s string) string {
	parts := strings.Split(s, ".")
	for i := range parts {
		parts[i] = strings.Trim(strings.TrimSpace(parts[i]), `"'`)
	}
	return strings.Join(parts, ".")
}

// common is how many parts of key a shorter dotted key spells; 0 when it differs.
func common(dotted string, key []string) int {
	parts := strings.Split(dotted, ".")
	for i, p := range parts {
		if i >= len(key) || p != key[i] {
			return 0
		}
	}
	return len(parts)
}

// unknownKey words a key that nothing reads, with the nearest one of its section.
func unknownKey(path, raw string, key toml.Key, f *fileConfig) error {
	names := tomlNames(reflect.TypeOf(f).Elem(), key[:len(key)-1])
	if len(key) > 1 && key[0] == "venue" {
		names = venueNames(key[1 : len(key)-1])
	}
	hint := bindings.DidYouMean(key[len(key)-1], names)
	there := "the sections are " + strings.Join(ConfigSections(), ", ")
	if section := key[:len(key)-1]; len(section) > 0 && len(names) > 0 {
		there = fmt.Sprintf("the keys of [%s] are %s", section, strings.Join(names, ", "))
	}
	return configError("%s:%d: unknown key %q%s; %s", path, keyLine(raw, key...), key.String(), hint, there)
}

// ConfigSections names the sections that a configuration file can have.
func ConfigSections() (names []string) {
	t := reflect.TypeFor[fileConfig]()
	for i := range t.NumField() {
		switch name := t.Field(i).Tag.Get("toml"); name {
		case "version":
		case "venue":
			for _, house := range venueNames(nil) {
				names = append(names, "venue."+house)
			}
		case "feed":
			names = append(names, "feed.relay")
		case "params":
			names = append(names, "params.<strategy>")
		default:
			names = append(names, name)
		}
	}
	return names
}

// venueNames lists the keys of a venue's section, or the venues.
func venueNames(section []string) (names []string) {
	if len(section) > 0 {
		if c, ok := connectorOf(section[0]); ok {
			return tomlNames(reflect.TypeOf(c.Section()), section[1:])
		}
		return nil
	}
	for _, c := range Venues() {
		names = append(names, c.House())
	}
	return names
}

// tomlNames lists the keys of a section of the configuration.
func tomlNames(t reflect.Type, section []string) (names []string) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	for i := range t.NumField() {
		if f := t.Field(i); f.Anonymous {
			names = append(names, tomlNames(f.Type, section)...)
			continue
		}
		name := t.Field(i).Tag.Get("toml")
		if name == "-" {
			continue
		}
		if len(section) > 0 && name == section[0] {
			return tomlNames(t.Field(i).Type, section[1:])
		}
		names = append(names, name)
	}
	if len(section) > 0 {
		return nil
	}
	return names
}
