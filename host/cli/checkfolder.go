package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/perilune/perilune/host"
)

// scriptsIn puts the scripts of a folder, by name, in the place of the folder. Folders within
// it are left alone: modules live there.
func scriptsIn(paths []string) ([]string, error) {
	var out []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil || !info.IsDir() {
			out = append(out, path) // what is not there is named when it is read
			continue
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, fail(ExitScript, "%s: %w", path, err)
		}
		before := len(out)
		for _, f := range entries {
			if !f.IsDir() && filepath.Ext(f.Name()) == ".lua" {
				out = append(out, filepath.Join(path, f.Name()))
			}
		}
		if len(out) == before {
			return nil, fail(ExitScript, "%s: there is no script in this folder", path)
		}
	}
	return out, nil
}

// modulesAmong finds the files that others require, which are no strategies though they lie
// beside them, and says so instead of what they lack to be one.
func modulesAmong(reports []*host.CheckReport) {
	by := map[string][]string{}
	for _, r := range reports {
		for _, module := range r.Requires {
			by[filepath.Clean(module)] = append(by[filepath.Clean(module)], filepath.Base(r.Path))
		}
	}
	for _, r := range reports {
		if users := by[filepath.Clean(r.Path)]; len(users) > 0 && !r.OK && r.Name == "" {
			*r = host.CheckReport{Path: r.Path, OK: true, Module: strings.Join(slices.Compact(users), ", ")}
		}
	}
}
