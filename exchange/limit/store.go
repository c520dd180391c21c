package limit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/perilune/perilune/exchange"
)

// Hold is a pause that the venue imposed on a pool.
type Hold struct {
	Pool    string `json:"pool"`     // its name
	UntilMs int64  `json:"until_ms"` // milliseconds since 1970
	Banned  bool   `json:"banned"`   // rather than throttled
	Strikes int    `json:"strikes"`  // refusals in a row
}

// Store keeps the holds over a restart: a process that starts anew under a ban
// must not make it longer. Save replaces what was there.
type Store interface {
	Load() ([]Hold, error)
	Save([]Hold) error
}

func (l *Ledger) restore() error {
	if l.store == nil {
		return nil
	}
	holds, err := l.store.Load()
	if err != nil {
		return fmt.Errorf("limit: load the venue's bans: %w", err)
	}
	for _, h := range holds {
		pool := 1 + slices.Index(l.table.Pools, h.Pool)
		if pool < 1 || h.UntilMs < 0 || h.UntilMs > int64(maxStored/exchange.Millisecond) || h.Strikes < 0 || h.Strikes > maxStrikes {
			return fmt.Errorf("limit: a stored ban is malformed: pool %q until %d, strikes %d: want one of %s, milliseconds since 1970, and 0 to %d", h.Pool, h.UntilMs, h.Strikes, exchange.OneOf(l.table.Pools), maxStrikes)
		}
		l.blocks[pool] = block{until: exchange.UnixMilli(h.UntilMs), banned: h.Banned, strikes: h.Strikes}
	}
	return nil
}

// maxStored is far beyond any ban and far from overflow.
var maxStored = exchange.Date(2200, 1, 1)

func (l *Ledger) save() error {
	if l.store == nil {
		return nil
	}
	var holds []Hold
	for p, b := range l.blocks {
		if b.until > 0 {
			// Rounded up: a ban must not end early by a restart.
			ms := (b.until + exchange.Millisecond - 1) / exchange.Millisecond
			holds = append(holds, Hold{l.table.pool(Pool(p)), int64(ms), b.banned, b.strikes})
		}
	}
	if err := l.store.Save(holds); err != nil {
		return fmt.Errorf("limit: store the venue's bans, which a restart would forget: %w", err)
	}
	return nil
}

// File is a Store in a small JSON file, replaced as a whole on every change.
type File string

var _ Store = File("")

// Load returns nothing when there is no file yet.
func (f File) Load() ([]Hold, error) {
	data, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var holds []Hold
	if err := json.Unmarshal(data, &holds); err != nil {
		return nil, fmt.Errorf("%s: %w; delete it if you know that no ban is in force", string(f), err)
	}
	return holds, nil
}

func (f File) Save(holds []Hold) error {
	data, err := json.Marshal(holds)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(string(f)), filepath.Base(string(f))+".*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(append(data, '\n'))
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), string(f))
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}
