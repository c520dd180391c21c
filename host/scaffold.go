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
	return scaffold(dir, name, scripts.Skeleton, scripts.SkeletonTest, "NAME", "NAME")
}

// ScaffoldFrom is Scaffold with a strategy of the gallery, and its tests, instead of the
// skeleton. What is in the gallery, Gallery says.
func ScaffoldFrom(dir, name, from string) ([]string, error) {
	var text [2]string
	for i, ending := range []string{".lua", script.TestSuffix} {
		raw, err := scripts.Gallery.ReadFile("gallery/" + from + ending)
		if err != nil {
			var names []string
			for _, s := range Gallery() {
				names = append(names, s.Name)
			}
			return nil, configError("the gallery has no %q: there are %s", from, strings.Join(names, ", "))
		}
		text[i] = string(raw)
	}
	return scaffold(dir, name, text[0], text[1], `"`+from+`"`, `"NAME"`, from+".lua", "NAME.lua", "scripts/gallery/", "strategies/")
}

// Example is a strategy of the gallery.
type Example struct {
	Name string `json:"name"`
	Doc  string `json:"doc"` // its first sentence
}

// Gallery are the strategies that ScaffoldFrom begins with, by name.
func Gallery() (out []Example) {
	list, _ := scripts.Gallery.ReadDir("gallery")
	for _, f := range list {
		if strings.HasSuffix(f.Name(), script.TestSuffix) {
			continue
		}
		raw, _ := scripts.Gallery.ReadFile("gallery/" + f.Name())
		head, _, _ := strings.Cut(string(raw), "\n--\n")
		doc := strings.TrimPrefix(strings.ReplaceAll(head, "\n-- ", " "), "-- ")
		out = append(out, Example{strings.TrimSuffix(f.Name(), ".lua"), doc})
	}
	return out
}

// scaffold writes a strategy and its test. Of pairs of words the first is replaced by the
// second, in which NAME stands for the strategy's name.
func scaffold(dir, name, main, test string, words ...string) ([]string, error) {
	name = strings.TrimSuffix(name, ".lua")
	if !scaffoldName.MatchString(name) {
		return nil, configError("strategy name %q: want lower-case letters, digits and _, at most 32, a letter first; it goes to strategies/NAME.lua", name)
	}
	if dir == "" {
		return nil, configError("Scaffold: the directory is empty: want \".\" for the working directory")
	}
	dir = filepath.Join(dir, "strategies")
	path := filepath.Join(dir, name+".lua")
	wrote := []string{path, strings.TrimSuffix(path, ".lua") + script.TestSuffix}
	for _, p := range wrote {
		if _, err := os.Stat(p); !errors.Is(err, fs.ErrNotExist) {
			return nil, configError("%s exists already", p)
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	for i := 1; i < len(words); i += 2 {
		words[i] = strings.ReplaceAll(words[i], "NAME", name)
	}
	named := strings.NewReplacer(words...)
	for i, text := range []string{main, test} {
		if err := os.WriteFile(wrote[i], []byte(named.Replace(text)), 0o644); err != nil {
			return nil, err
		}
	}
	settings, err := EditorSettings(dir)
	return append(wrote, settings...), err
}

// EditorSettings writes what an editor needs to complete and check strategies of a folder, and
// returns what it wrote. Settings that are there already stay.
func EditorSettings(dir string) (wrote []string, err error) {
	if err := os.MkdirAll(filepath.Join(dir, "types"), 0o755); err != nil {
		return nil, err
	}
	for _, stub := range append(bindings.Stubs(std.Modules()), bindings.Stub{Name: "testing.lua", Text: scripts.TestingStub}) {
		path := filepath.Join(dir, "types", stub.Name)
		if err := os.WriteFile(path, []byte(stub.Text), 0o644); err != nil {
			return wrote, err
		}
		wrote = append(wrote, path)
	}
	settings := filepath.Join(dir, ".luarc.json")
	if _, err := os.Stat(settings); err == nil {
		return wrote, nil
	}
	return append(wrote, settings), os.WriteFile(settings, []byte(scripts.EditorSettings), 0o644)
}
