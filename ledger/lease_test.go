//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package ledger

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Whoever made the file of a shared lease, every user can take the lease, one at a
// time, and a link in its place leads nowhere.
func TestSharedLease(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "account.lease")
	old := syscall.Umask(0o077)
	l, err := AcquireSharedLease(path)
	syscall.Umask(old)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o666 {
		t.Errorf("mode %v, %v; want that all may open it", info.Mode(), err)
	}
	if _, err := AcquireSharedLease(path); !errors.Is(err, ErrLocked) {
		t.Errorf("a second one: %v", err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if l, err = AcquireSharedLease(path); err != nil {
		t.Fatalf("after its end: %v", err)
	}
	defer l.Release()

	precious := filepath.Join(dir, "precious")
	if err := os.WriteFile(precious, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	soft, hard := filepath.Join(dir, "soft"), filepath.Join(dir, "hard")
	if err := errors.Join(os.Symlink(precious, soft), os.Link(precious, hard)); err != nil {
		t.Fatal(err)
	}
	for _, trap := range []string{soft, hard, dir} {
		if l, err := AcquireSharedLease(trap); err == nil || errors.Is(err, ErrLocked) {
			t.Errorf("%s: %v %v", trap, l, err)
		}
	}
	if text, err := os.ReadFile(precious); err != nil || string(text) != "text" {
		t.Errorf("the file behind the links: %q, %v", text, err)
	}
}
