package host

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/perilune/perilune/ledger/journal"
)

// hides fails when a half of the key is anywhere in what a session has left: what it
// said, its ledger, its journals, its reports.
func (h *liveHouse) hides(said ...string) {
	h.t.Helper()
	var all bytes.Buffer
	for _, text := range said {
		all.WriteString(text)
	}
	err := filepath.WalkDir(h.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() == "key" || e.Name() == "secret" {
			return err
		}
		raw, err := os.ReadFile(path)
		all.Write(raw)
		return err
	})
	journals, gerr := filepath.Glob(filepath.Join(h.dir, "*.journal", "*"))
	for _, dir := range journals {
		err = errors.Join(err, unpack(dir, &all))
	}
	if err := errors.Join(err, gerr); err != nil {
		h.t.Error(err)
	}
	for _, k := range []string{h.keys.HMAC.Key, h.keys.HMAC.Secret, h.keys.Ed25519.Key} {
		if i := bytes.Index(all.Bytes(), []byte(k)); i >= 0 {
			h.t.Errorf("a key is in what the session left: …%q", all.Bytes()[max(0, i-100):i])
		}
	}
	if n := bytes.Count(all.Bytes(), []byte("livebusy")); n < 5 {
		h.t.Errorf("the strategy's name is there %d times: what was searched is not all", n)
	}
}

// unpack writes out what a journal holds in its compressed blocks.
func unpack(dir string, to *bytes.Buffer) error {
	r, err := journal.Open(dir)
	if err != nil {
		return err
	}
	defer r.Close()
	to.Write(r.Header())
	for {
		_, data, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		to.Write(data)
	}
}
