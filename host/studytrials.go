package host

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// trialsFormat is the version of the file's lines.
const trialsFormat = 1

// trialFile keeps the runs that have ended, a line of JSON each, so that a search that was
// killed goes on where it was. The first line says what they are runs of. A last line that
// was cut off in writing is taken away; any other that can't be read is refused.
type trialFile struct {
	mu    sync.Mutex
	path  string
	f     *os.File // nil: nothing is kept
	known map[string]*trialRun
}

// trialHead is the first line.
type trialHead struct {
	Format int    `json:"perilune_trials"`
	Of     string `json:"of"` // hash of script, data and session
}

// trialPath is the file of a search in a folder; any other path is that of the file.
func trialPath(path, strategy, of string) (string, error) {
	dir, file := filepath.Split(path)
	if path == "" || file != "" {
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", configError("trials: %v", err)
	}
	return filepath.Join(dir, fmt.Sprintf("%s-%.12s.jsonl", strategy, of)), nil
}

// openTrials opens a file, or makes it; "" keeps nothing.
func openTrials(path, of string) (*trialFile, error) {
	t := &trialFile{path: path, known: map[string]*trialRun{}}
	if path == "" {
		return t, nil
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, configError("trials: %v", err)
	}
	if err := t.read(f, of); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	t.f = f
	return t, nil
}

// read takes what is there, and leaves the file at its end.
func (t *trialFile) read(f *os.File, of string) error {
	lines, good := bufio.NewReader(f), int64(0)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break // what has no end was cut off
		}
		if err != nil {
			return fmt.Errorf("trials: %w", err)
		}
		if n == 1 {
			var head trialHead
			if err := json.Unmarshal(line, &head); err != nil || head.Format != trialsFormat {
				return configError("%s is no file of trials of this version: name another, or remove it", t.path)
			}
			if head.Of != of {
				return configError("%s has trials of another script, data or session: name another file, or remove it", t.path)
			}
		} else {
			o := &trialRun{}
			if err := json.Unmarshal(line, o); err != nil {
				return configError("%s:%d: %v: remove the line, and it is run again", t.path, n, err)
			}
			t.note(o)
		}
		good += int64(len(line))
	}
	if err := f.Truncate(good); err != nil {
		return fmt.Errorf("trials: %w", err)
	}
	if _, err := f.Seek(good, io.SeekStart); err != nil {
		return fmt.Errorf("trials: %w", err)
	}
	if good > 0 {
		return nil
	}
	return writeLine(f, trialHead{trialsFormat, of})
}

func writeLine(f *os.File, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("trials: %w", err)
	}
	if _, err := f.Write(append(raw, '\n')); err != nil {
		return fmt.Errorf("trials: %w", err)
	}
	return nil
}

// find is a run that has ended; nil: it has not.
func (t *trialFile) find(key string) *trialRun {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.known[key]
}

// note remembers one. A part of the time may choose in one window and judge in another: of
// two runs of it, that which tells stays.
func (t *trialFile) note(o *trialRun) {
	if old := t.known[o.Key]; old == nil || old.Told == nil {
		t.known[o.Key] = o
	}
}

// keep notes one, and writes it.
func (t *trialFile) keep(o *trialRun) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.note(o)
	if t.f == nil {
		return nil
	}
	return writeLine(t.f, o)
}

func (t *trialFile) close() error {
	if t.f == nil {
		return nil
	}
	return t.f.Close()
}

// identity hashes what the runs of a search have in common: the script, the files of the
// data by name, size and time, and what the session is told.
func (s *searcher) identity() (string, error) {
	h := sha256.New()
	o := &s.o.Session
	said := o.History
	said.From, said.To = 0, 0 // they are in the key of each run
	err := json.NewEncoder(h).Encode(map[string]any{"script": s.script.program.Hash(), "set": o.Set, "seed": o.Seed, "paper": o.Paper,
		"limits": o.Limits, "history": said, "bounds": o.Script, "capital": s.o.Capital})
	if err != nil {
		return "", fmt.Errorf("trials: %w", err)
	}
	err = filepath.WalkDir(s.history.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			fmt.Fprintf(h, "%s %d %d\n", filepath.ToSlash(path), info.Size(), info.ModTime().UnixNano())
		}
		return err
	})
	if err != nil {
		return "", &DataError{err}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
