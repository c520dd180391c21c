// Package registry is where a session that runs on this machine says how it is reached,
// and where its user's programs find it by its ledger: a file and a socket in a directory
// that only its user can enter.
//
// What is there is a hint and no proof. A process that was killed leaves its file; whether
// the session runs, its socket or its ledger's lock tell.
package registry

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Entry is a session, as it tells of itself.
type Entry struct {
	Ledger  string    `json:"ledger"` // absolute, without links
	Mode    string    `json:"mode"`   // "live", "paper", ...
	PID     int       `json:"pid"`
	Started time.Time `json:"started"`
	Socket  string    `json:"socket,omitempty"`  // of the unix socket; "": there is none
	Address string    `json:"address,omitempty"` // of the page, without the token; "": there is none
	Token   string    `json:"token_file,omitempty"`
}

// Bounds of what is read.
const (
	mostEntry   = 16 << 10
	mostEntries = 1000
)

// mostSocket is how long the path of a socket may be on the systems that allow the least
// (104 bytes on BSD and macOS, with the zero at the end).
const mostSocket = 103

// Canonical is a ledger's path as all that name it see it.
func Canonical(ledger string) (string, error) {
	p, err := filepath.Abs(ledger)
	if err != nil {
		return "", err
	}
	if whole, err := filepath.EvalSymlinks(p); err == nil {
		return whole, nil
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(p)) // the file may not be there yet
	if err != nil {
		return p, nil
	}
	return filepath.Join(dir, filepath.Base(p)), nil
}

// Place is where a session of a ledger says how it is reached.
type Place struct{ dir, name string }

// For finds the place of a ledger, and makes its directory.
func For(ledger string) (*Place, error) {
	whole, err := Canonical(ledger)
	if err != nil {
		return nil, err
	}
	var problems []error
	for _, dir := range dirs() {
		p := &Place{dir, name(whole)}
		if len(p.Socket()) > mostSocket {
			problems = append(problems, fmt.Errorf("%s: the path is too long for a socket", p.Socket()))
			continue
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			problems = append(problems, err)
			continue
		}
		if err := private(dir); err != nil {
			problems = append(problems, err)
			continue
		}
		return p, nil
	}
	return nil, errors.Join(problems...)
}

// name is the ledger's, as far as it is letters, and a hash of its path.
func name(ledger string) string {
	base := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, strings.TrimSuffix(filepath.Base(ledger), ".db"))
	sum := sha256.Sum256([]byte(ledger))
	return base[:min(len(base), 24)] + "-" + hex.EncodeToString(sum[:4])
}

// Socket is the path of the socket.
func (p *Place) Socket() string { return filepath.Join(p.dir, p.name+".sock") }

func (p *Place) file() string { return filepath.Join(p.dir, p.name+".json") }

// Put says how a session is reached, in the place of what another said of the ledger.
func (p *Place) Put(e Entry) error {
	raw, err := json.Marshal(e)
	if err != nil {
		return err
	}
	tmp := p.file() + ".tmp"
	if err := os.WriteFile(tmp, raw, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, p.file())
}

// Remove forgets the session.
func (p *Place) Remove() error { return errors.Join(gone(p.file()), gone(p.Socket())) }

func gone(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// All are the sessions that said something, by ledger. Some may not run any more.
func All() (out []Entry) {
	for _, dir := range dirs() {
		if private(dir) != nil {
			continue
		}
		list, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, f := range list[:min(len(list), mostEntries)] {
			if e, ok := read(filepath.Join(dir, f.Name())); ok && !slices.ContainsFunc(out, func(x Entry) bool { return x.Ledger == e.Ledger }) {
				out = append(out, e)
			}
		}
	}
	slices.SortFunc(out, func(a, b Entry) int { return cmp.Compare(a.Ledger, b.Ledger) })
	return out
}

// Of is what a session of a ledger said.
func Of(ledger string) (Entry, bool) {
	whole, err := Canonical(ledger)
	if err != nil {
		return Entry{}, false
	}
	for _, dir := range dirs() {
		if private(dir) != nil {
			continue
		}
		if e, ok := read((&Place{dir, name(whole)}).file()); ok && e.Ledger == whole {
			return e, true
		}
	}
	return Entry{}, false
}

func read(path string) (e Entry, ok bool) {
	if filepath.Ext(path) != ".json" {
		return e, false
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > mostEntry {
		return e, false
	}
	raw, err := os.ReadFile(path)
	return e, err == nil && json.Unmarshal(raw, &e) == nil && e.Ledger != ""
}

// Sweep removes what sessions left that were killed: those whose ledger is free.
func Sweep(free func(ledger string) bool) {
	for _, dir := range dirs() {
		if private(dir) != nil {
			continue
		}
		list, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, f := range list[:min(len(list), mostEntries)] {
			path := filepath.Join(dir, f.Name())
			if e, ok := read(path); ok && free(e.Ledger) {
				_ = (&Place{dir, strings.TrimSuffix(f.Name(), ".json")}).Remove() // it will be tried again
			}
		}
	}
}

// dirs are the directories that may hold sessions of this user, the best first: programs
// started by a login, by a service and by cron see different ones.
func dirs() (out []string) {
	if d := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(d) {
		out = append(out, filepath.Join(d, "perilune"))
	}
	out = append(out, runtimeDirs()...)
	if d, err := os.UserCacheDir(); err == nil {
		out = append(out, filepath.Join(d, "perilune", "run"))
	}
	return append(out, filepath.Join(os.TempDir(), fmt.Sprintf("perilune-%d", os.Getuid())))
}
