package watch

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxLinks ends a cycle of symlinks; Linux itself follows 40.
const maxLinks = 40

// sites is where something may happen that changes what a set of files says.
type sites struct {
	dirs  map[string]bool // real directories, to be watched
	names map[string]bool // the entries of those that matter
}

// concern reports whether an event on this path may matter.
func (s sites) concern(name string) bool { return s.names[name] || s.dirs[name] }

// sitesOf resolves every file. A path is resolved here, component by component,
// rather than by filepath.EvalSymlinks, because each symlink on the way is
// itself a thing that may be swapped, and because what does not exist yet is to
// be watched for in the nearest directory that does.
func sitesOf(files []string) sites {
	s := sites{dirs: make(map[string]bool), names: make(map[string]bool)}
	for _, f := range files {
		s.resolve(f)
	}
	return s
}

func (s sites) add(dir, name string) {
	s.dirs[dir] = true
	s.names[filepath.Join(dir, name)] = true
}

func (s sites) resolve(path string) {
	at, rest := split(path)
	for links := 0; len(rest) > 0; {
		name := rest[0]
		next := filepath.Join(at, name)
		info, err := os.Lstat(next)
		switch {
		case err != nil:
			s.add(at, name)
			return
		case info.Mode()&os.ModeSymlink != 0:
			s.add(at, name)
			target, err := os.Readlink(next)
			if links++; err != nil || links > maxLinks {
				return
			}
			if !filepath.IsAbs(target) {
				target = filepath.Join(at, target)
			}
			root, more := split(target)
			at, rest = root, slices.Concat(more, rest[1:])
		case len(rest) == 1:
			s.add(at, name)
			return
		default:
			at, rest = next, rest[1:]
		}
	}
}

// split takes an absolute path apart into its root and its components.
func split(path string) (root string, parts []string) {
	path = filepath.Clean(path)
	root = filepath.VolumeName(path) + string(filepath.Separator)
	for _, p := range strings.Split(strings.TrimPrefix(path, root), string(filepath.Separator)) {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return root, parts
}

// follow makes the watched directories those that the scripts need now. It is
// called often: the system drops the watch of a directory that is deleted or
// moved, without a word that can be relied on.
func (w *Watcher) follow() {
	want := make(map[string]bool)
	for _, e := range w.entries {
		e.sites = sitesOf(e.files)
		for d := range e.sites.dirs {
			want[d] = true
		}
	}
	if w.fs == nil {
		return
	}
	have := make(map[string]bool)
	for _, d := range w.fs.WatchList() {
		have[d] = true
		if !want[d] {
			_ = w.fs.Remove(d) // it may have gone by itself just now
		}
	}
	w.degraded = nil
	for d := range want {
		if have[d] {
			continue
		}
		if err := w.fs.Add(d); err != nil {
			w.degraded = fmt.Errorf("watch directory %s (polling it instead): %w", d, err)
		}
	}
}
