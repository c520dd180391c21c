package cli

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/pflag"

	"github.com/perilune/perilune/host"
)

// overrides are the flags that win over a key of the file, by the flag's name.
var overrides = map[string]string{"leverage": "paper.leverage", "fees": "paper.fee_bp", "latency": "paper.latency_ms", "queue": "paper.queue", "preflight": "preflight.mode"}

// configVerb tells what a session would be configured with, and where each value is from.
func configVerb(_ context.Context, e *env, args []string) error {
	f := e.flags("config", "show|check [--config FILE] [flags of run]", "perilune config show --config perilune.toml --set capital=5000")
	var s sessionFlags
	var r runFlags
	r.define(f, &s)
	if err := parse(f, args); err != nil {
		return err
	}
	if f.NArg() != 1 || f.Arg(0) != "show" && f.Arg(0) != "check" {
		return fail(ExitUsage, "want: config show, or config check --config FILE")
	}
	if f.Arg(0) == "check" && s.config == "" {
		return fail(ExitUsage, "config check: name the file with --config")
	}
	if _, err := s.options(f); err != nil { // all that run finds wrong before it begins
		return err
	}
	settings, err := host.ConfigSettings(s.config)
	if err != nil {
		return err
	}
	settings = append(withFlags(settings, f, s.set, s.balances), fromEnvironment()...)
	switch {
	case f.Arg(0) == "check" && s.json:
		return e.printJSON(map[string]any{"config": s.config, "settings": ofFile(settings, s.config)})
	case f.Arg(0) == "check":
		fmt.Fprintf(e.out, "%s is right: %d settings\n", s.config, ofFile(settings, s.config))
		return nil
	case s.json:
		return e.printJSON(map[string]any{"config": s.config, "settings": settings})
	}
	w := bufio.NewWriter(e.out)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, x := range settings {
		fmt.Fprintf(t, "%s\t%s\t%s\n", x.Key, orDash(x.Value), x.Origin)
	}
	t.Flush()
	return w.Flush()
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// ofFile counts the settings that a file makes.
func ofFile(settings []host.Setting, path string) (n int) {
	for _, x := range settings {
		if strings.HasPrefix(x.Origin, path+":") {
			n++
		}
	}
	return n
}

// withFlags puts what flags say over what the file does, and the flags after it.
func withFlags(settings []host.Setting, f *pflag.FlagSet, set, balances []string) []host.Setting {
	put := func(key, value, origin string) {
		for i := range settings {
			if settings[i].Key == key {
				settings[i].Value, settings[i].Origin = value, origin+" (over "+settings[i].Origin+")"
				return
			}
		}
		settings = append(settings, host.Setting{Key: key, Value: value, Origin: origin})
	}
	for _, text := range set {
		name, value, _ := strings.Cut(text, "=")
		dotted := strings.Contains(name, ".")
		wins := false
		for i := range settings {
			if rest, ok := strings.CutPrefix(settings[i].Key, "params."); ok && (rest == name || !dotted && strings.HasSuffix(rest, "."+name)) {
				settings[i].Value, settings[i].Origin, wins = value, "flag --set (over "+settings[i].Origin+")", true
			}
		}
		if !wins {
			settings = append(settings, host.Setting{Key: "params." + name, Value: value, Origin: "flag --set"})
		}
	}
	for _, text := range balances {
		name, value, _ := strings.Cut(text, "=")
		put("paper.balances."+name, fmt.Sprintf("%q", value), "flag --balance")
	}
	f.VisitAll(func(x *pflag.Flag) {
		switch key, ok := overrides[x.Name]; {
		case slices.Contains([]string{"set", "balance", "json", "help"}, x.Name):
		case ok && x.Changed:
			put(key, x.Value.String(), "flag --"+x.Name)
		case ok:
		case x.Changed:
			put("--"+x.Name, x.Value.String(), "flag")
		default:
			put("--"+x.Name, x.DefValue, "default")
		}
	})
	return settings
}

// fromEnvironment are the variables that a session reads.
func fromEnvironment() (out []host.Setting) {
	names := []string{logFormatVariable, "PERILUNE_FEED"}
	for _, c := range host.Venues() {
		names = append(names, "PERILUNE_FEED_"+strings.ToUpper(c.House()))
	}
	for _, name := range append(names, "NO_COLOR", "GOMEMLIMIT") {
		if value, ok := os.LookupEnv(name); ok && value != "" {
			out = append(out, host.Setting{Key: name, Value: value, Origin: "environment"})
		}
	}
	return out
}
