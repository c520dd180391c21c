package host

import (
	"encoding/json"
	"strings"

	"github.com/perilune/perilune/host/script"
)

// checkParams refuses settings that no strategy has, naming the nearest.
func checkParams(scripts []loaded, set map[string]string) error {
	for _, key := range sortedKeys(set) {
		if !hasParam(scripts, key) {
			return configError("parameter %q: no strategy has it%s", key, suggestion(scripts, key))
		}
	}
	return nil
}

func hasParam(scripts []loaded, key string) bool {
	for i := range scripts {
		if _, ok := addressed(scripts[i].name, scripts[i].params, key); ok {
			return true
		}
	}
	return false
}

// addressed returns the parameter that a key names in a strategy.
func addressed(name string, params []script.Param, key string) (string, bool) {
	if strategy, param, dotted := strings.Cut(key, "."); dotted {
		if strategy != name {
			return "", false
		}
		key = param
	}
	for i := range params {
		if params[i].Name == key {
			return key, true
		}
	}
	return "", false
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
	if hint := didYouMean(key, names); hint != "" {
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
		if param, ok := addressed(name, params, key); ok {
			if _, exact := out[param]; exact && !strings.Contains(key, ".") {
				continue
			}
			out[param] = set[key]
		}
	}
	return out
}

// configText is what the ledger keeps of a run's settings.
func configText(s *session) string {
	params := map[string]map[string]string{}
	for i := range s.Strategies {
		params[s.Strategies[i].Path] = s.Strategies[i].Params
	}
	raw, err := json.Marshal(map[string]any{"params": params, "limits": s.Limits, "leverage": s.Leverage})
	if err != nil {
		return "{}"
	}
	return string(raw)
}
