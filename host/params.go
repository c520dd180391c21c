package host

import (
	"encoding/json"
	"strings"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/host/script"
)

// checkParams refuses settings that no strategy has, naming the nearest, and
// values that a strategy does not take.
func checkParams(scripts []loaded, set map[string]string, origins map[string]origin) error {
	for _, key := range sortedKeys(set) {
		known := false
		for i := range scripts {
			p := addressed(scripts[i].name, scripts[i].params, key)
			if p == nil {
				continue
			}
			known = true
			err := origins[key].fits(p)
			if err == nil {
				err = p.Check(set[key])
			}
			if err != nil {
				return origins[key].at(configError("parameter %s of %s: %v", p.Name, scripts[i].name, err))
			}
		}
		if !known {
			return origins[key].at(configError("parameter %q: no strategy has it%s", key, suggestion(scripts, key)))
		}
	}
	return nil
}

// addressed returns the parameter that a key names in a strategy, or nil.
func addressed(name string, params []script.Param, key string) *script.Param {
	if strategy, param, dotted := strings.Cut(key, "."); dotted {
		if strategy != name {
			return nil
		}
		key = param
	}
	for i := range params {
		if params[i].Name == key {
			return &params[i]
		}
	}
	return nil
}

func suggestion(scripts []loaded, key string) string {
	var names []string
	for i := range scripts {
		for _, p := range scripts[i].params {
			names = append(names, p.Name)
		}
	}
	if _, param, ok := strings.Cut(key, "."); ok {
		key = param
	}
	if hint := bindings.DidYouMean(key, names); hint != "" {
		return hint
	}
	if len(names) == 0 {
		return ""
	}
	return "; there are " + strings.Join(names, ", ")
}

// paramsFor picks the settings that concern one strategy.
func paramsFor(name string, params []script.Param, set map[string]string) map[string]string {
	out := map[string]string{}
	for _, key := range sortedKeys(set) {
		if p := addressed(name, params, key); p != nil {
			if _, exact := out[p.Name]; exact && !strings.Contains(key, ".") {
				continue
			}
			out[p.Name] = set[key]
		}
	}
	return out
}

// configText is what the ledger keeps of a run's settings.
func configText(s *header) string {
	params := map[string]map[string]string{}
	for i := range s.Strategies {
		params[s.Strategies[i].Path] = s.Strategies[i].Params
	}
	raw, err := json.Marshal(map[string]any{"params": params, "limits": s.Limits, "leverage": s.Leverage, "currency": s.currency()})
	if err != nil {
		return "{}"
	}
	return string(raw)
}
