package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/perilune/perilune/scripts"
)

// defaultScript is what a verb takes when no script is named.
const defaultScript = "scripts/funding_rotation.lua"

// scripts returns the scripts that a command line names, or the default one.
func (e *env) scripts(f *pflag.FlagSet) ([]string, error) {
	if f.NArg() > 0 {
		return f.Args(), nil
	}
	if _, err := os.Stat(defaultScript); !errors.Is(err, fs.ErrNotExist) {
		return []string{defaultScript}, nil
	}
	if err := writeDefault(); err != nil {
		return nil, fail(ExitUsage, "no script is named, and a copy of %s can't be put here: %w", defaultScript, err)
	}
	fmt.Fprintf(e.err, "no script is named: wrote a copy of %s here, to run and to edit\n", defaultScript)
	return []string{defaultScript}, nil
}

// writeDefault puts the built-in copy where the default script is expected. It
// is a file, not a script in memory, because a strategy is there to be edited
// while it runs.
func writeDefault() error {
	text, err := scripts.FS.ReadFile(path.Base(defaultScript))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(defaultScript), 0o755); err != nil {
		return err
	}
	return os.WriteFile(defaultScript, text, 0o644)
}
