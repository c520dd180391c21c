package ledger

import (
	"os"
	"path/filepath"
	"testing"
)

// A ledger that is opened through a symbolic link has the lock of the file.
func TestLockOfALink(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	file, link := filepath.Join(dir, "a.db"), filepath.Join(dir, "link.db")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	if got, want := lockOf(link), file+lockSuffix; got != want {
		t.Errorf("the lock is %s, want %s", got, want)
	}
}
