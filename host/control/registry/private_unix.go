//go:build unix

package registry

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// private says why a directory is not this user's alone.
func private(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.IsDir():
		return fmt.Errorf("%s: it is no directory", dir)
	case !ok || int(s.Uid) != os.Getuid():
		return fmt.Errorf("%s: it belongs to another user", dir)
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("%s: its permissions are %04o: want 0700", dir, info.Mode().Perm())
	}
	return nil
}

// runtimeDirs is where logins keep what runs, if there is one.
func runtimeDirs() []string {
	d := filepath.Join("/run/user", strconv.Itoa(os.Getuid()))
	if private(d) != nil {
		return nil
	}
	return []string{filepath.Join(d, "perilune")}
}
