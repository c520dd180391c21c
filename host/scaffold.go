package host

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/bindings/std"
	"github.com/perilune/perilune/host/script"
	"github.com/perilune/perilune/scripts"
)

var scaffoldName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

// Scaffold writes a strategy skeleton and a test of it, with the settings that give an editor
// completion for it, and returns what it wrote, the strategy first. It never
// overwrites: editor settings that are there already stay.
func Scaffold(dir, name string) ([]string, error) {
	name = strings.TrimSuffix(name, ".lua")
	if !scaffoldName.MatchString(name) {
		return nil, configError("strategy name %q: want lower-case letters, digits and _, at most 32, a letter first; it goes to strategies/NAME.lua", name)
	}
	if dir == "" {
		return nil, configError("Scaffold: the directory is empty: want \".\" for the working directory")
	}
	dir = filepath.Join(dir, "strategies")
	if err := os.MkdirAll(filepath.Join(dir, "types"), 0o755); err != nil {
		return nil, err
	}
	main := filepath.Join(dir, name+".lua")
	if _, err := os.Stat(main); !errors.Is(err, fs.ErrNotExist) {
		return nil, configError("%s exists already", main)
	}
	wrote := []string{main, strings.TrimSuffix(main, ".lua") + script.TestSuffix}
	for i, text := range []string{scripts.Skeleton, scripts.SkeletonTest} {
		if err := os.WriteFile(wrote[i], []byte(strings.ReplaceAll(text, "NAME", name)), 0o644); err != nil {
			return nil, err
		}
	}
	for _, stub := range append(bindings.Stubs(std.Modules()), bindings.Stub{Name: "testing.lua", Text: scripts.TestingStub}) {
		path := filepath.Join(dir, "types", stub.Name)
		if err := os.WriteFile(path, []byte(stub.Text), 0o644); err != nil {
			return nil, err
		}
		wrote = append(wrote, path)
	}
	settings := filepath.Join(dir, ".luarc.json")
	if _, err := os.Stat(settings); err == nil {
		return wrote, nil
	}
	return append(wrote, settings), os.WriteFile(settings, []byte(scripts.EditorSettings), 0o644)
}
