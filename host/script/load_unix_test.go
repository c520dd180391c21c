//go:build unix

package script_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/perilune/perilune/host/script"
)

func TestLoadOfAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe.lua")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := script.Load(path)
	if err == nil || !strings.Contains(err.Error(), "it is no file") {
		t.Error(err)
	}
}
