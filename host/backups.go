package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/ledger"
)

// BackupOptions say how often a running session copies its ledger, beside it, as
// FILE.backup-YYYYMMDDTHHMMSS.
type BackupOptions struct {
	Every time.Duration // 0: an hour with real orders, else not; less: not
	Keep  int           // so many, the newest; 0: 24
}

func (b BackupOptions) withDefaults(real bool) BackupOptions {
	if b.Every == 0 && real {
		b.Every = time.Hour
	}
	if b.Keep <= 0 {
		b.Keep = 24
	}
	return b
}

// backups copies the ledger now and then, on a goroutine of its own. Nothing of it
// ends a session or holds it up: what went wrong is told. Its methods may be called
// on nil.
type backups struct {
	BackupOptions
	db    *ledger.DB
	path  string
	space func(string) (uint64, error)
	told  chan string // for the loop, which says it
	stop  context.CancelFunc
	done  chan struct{}
	woe   string // what went wrong last: it is told once
}

// startBackups begins when the ledger is open. A ledger without any backup, or with
// an old one, is copied at once.
func startBackups(o BackupOptions, db *ledger.DB, path string, space func(string) (uint64, error)) *backups {
	if o.Every <= 0 {
		return nil
	}
	b := &backups{BackupOptions: o, db: db, path: path, space: space, told: make(chan string, 16), done: make(chan struct{})}
	var ctx context.Context
	ctx, b.stop = context.WithCancel(context.Background())
	go b.run(ctx)
	return b
}

// close ends them; a copy that is being made is given up.
func (b *backups) close() {
	if b == nil {
		return
	}
	b.stop()
	<-b.done
}

// tell says on the loop what they had to say.
func (b *backups) tell(log func(Line)) {
	if b == nil {
		return
	}
	for {
		select {
		case text := <-b.told:
			log(Line{Level: intent.Warn, Strategy: "backup", Text: text})
		default:
			return
		}
	}
}

func (b *backups) run(ctx context.Context) {
	defer close(b.done)
	timer := time.NewTimer(b.first(time.Now()))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		woe := ""
		if err := b.make(ctx, time.Now()); err != nil && ctx.Err() == nil {
			woe = err.Error()
		}
		if woe != "" && woe != b.woe {
			select {
			case b.told <- "no backup of the ledger was made, the next try is in " + b.Every.String() + ": " + woe:
			default: // nobody listens: the session is ending
			}
		}
		b.woe = woe
		timer.Reset(b.Every)
	}
}

// all are the copies there are, oldest first.
func (b *backups) all() []string {
	dir, base := filepath.Split(b.path)
	list, err := os.ReadDir(filepath.Clean(dir + "."))
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range list {
		if ok, _ := filepath.Match("????????T??????", trimmed(e.Name(), base+".backup-")); ok {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	slices.Sort(out)
	return out
}

func trimmed(name, prefix string) string {
	if len(name) > len(prefix) && name[:len(prefix)] == prefix {
		return name[len(prefix):]
	}
	return ""
}

// first is how long the first copy is away.
func (b *backups) first(now time.Time) time.Duration {
	all := b.all()
	if len(all) == 0 {
		return 0
	}
	info, err := os.Stat(all[len(all)-1])
	if err != nil {
		return 0
	}
	return min(b.Every, max(0, info.ModTime().Add(b.Every).Sub(now)))
}

// make copies the ledger and lets the oldest copies go. It leaves the room that the
// session itself needs.
func (b *backups) make(ctx context.Context, now time.Time) error {
	if err := b.db.Missing(); err != nil {
		return err
	}
	info, err := os.Stat(b.path)
	if err != nil {
		return err
	}
	dir := filepath.Dir(b.path)
	if free, err := b.space(dir); err == nil && free < uint64(info.Size())*2+spaceWarn {
		return fmt.Errorf("%w: %s has %s free, and a copy takes up to %s beside the %s that the session keeps", ledger.ErrFull, dir,
			mib(free), mib(uint64(info.Size())*2), mib(spaceWarn))
	}
	to := b.path + ".backup-" + now.UTC().Format("20060102T150405")
	if err := b.db.Backup(ctx, to); err != nil {
		return err
	}
	all := b.all()
	var errs []error
	for _, old := range all[:max(0, len(all)-b.Keep)] {
		errs = append(errs, os.Remove(old))
	}
	return errors.Join(errs...)
}
