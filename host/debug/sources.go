package debug

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/script"
)

// Source is a file of a program as the session ran it.
type Source struct {
	ID      int // from 1
	Path    string
	Text    string
	OnDisk  bool // what is at Path is what ran
	Changed bool // something else is there
	Lines   []int
}

// sources knows the files of all programs that were met.
type sources struct {
	dirs  []string // of the strategies' scripts, by strategy
	names []string // of the scripts
	list  []*Source
	known map[*script.Program][]*Source
	fresh []*Source // that were not told yet
}

func newSources(list []host.JournalledStrategy, now string) *sources {
	s := &sources{known: map[*script.Program][]*Source{}}
	for i, j := range list {
		path := j.Path
		if i == 0 && now != "" {
			path = now
		}
		full, err := filepath.Abs(path)
		if err != nil {
			full = path
		}
		s.dirs = append(s.dirs, filepath.Dir(full))
		s.names = append(s.names, j.Program.Path())
	}
	for _, j := range list {
		s.of(j.Program)
	}
	return s
}

// of are the files of a program.
func (s *sources) of(p *script.Program) []*Source {
	if known, ok := s.known[p]; ok {
		return known
	}
	dir := ""
	if at := slices.Index(s.names, p.Path()); at >= 0 {
		dir = s.dirs[at]
	}
	var out []*Source
	for i, src := range p.Sources() {
		path := filepath.Join(dir, filepath.FromSlash(src.Path))
		if at := slices.IndexFunc(s.list, func(k *Source) bool { return k.Path == path && k.Text == src.Text }); at >= 0 {
			out = append(out, s.list[at])
			continue
		}
		now, err := os.ReadFile(path)
		f := &Source{ID: len(s.list) + 1, Path: path, Text: src.Text, OnDisk: err == nil && string(now) == src.Text, Lines: p.Lines(i)}
		f.Changed = err == nil && !f.OnDisk
		s.list, s.fresh, out = append(s.list, f), append(s.fresh, f), append(out, f)
	}
	s.known[p] = out
	return out
}

// named are the files that a person means by a path.
func (s *sources) named(path string) (out []*Source) {
	full, err := filepath.Abs(path)
	if err != nil {
		full = path
	}
	for _, f := range s.list {
		if f.Path == full {
			out = append(out, f)
		}
	}
	if out != nil {
		return out
	}
	tail := string(filepath.Separator) + strings.TrimPrefix(filepath.FromSlash(path), "."+string(filepath.Separator))
	for _, f := range s.list {
		if strings.HasSuffix(f.Path, tail) || filepath.Base(f.Path) == filepath.Base(path) && !strings.ContainsRune(path, filepath.Separator) {
			out = append(out, f)
		}
	}
	return out
}

// snap is the executable line that a breakpoint at a line stands at: it or the next; 0: none.
func (f *Source) snap(line int) int {
	for _, l := range f.Lines {
		if l >= line {
			return l
		}
	}
	return 0
}

// Sources are the files that are known so far.
func (s *Session) Sources() []*Source { return s.sources.list }

// Source is a file by its number; nil: there is none.
func (s *Session) Source(id int) *Source {
	if id < 1 || id > len(s.sources.list) {
		return nil
	}
	return s.sources.list[id-1]
}

// SourcesNamed are the files that a path means, one for each version that is known.
func (s *Session) SourcesNamed(path string) []*Source { return s.sources.named(path) }

// News are the files that were met since it was last asked: a person is told of those that
// are not what is on the disk.
func (s *Session) News() []*Source {
	out := s.sources.fresh
	s.sources.fresh = nil
	return out
}
