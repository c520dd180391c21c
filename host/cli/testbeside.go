package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/perilune/perilune/host/trial"
)

// testsBeside runs the tests that stand beside a script, for a preflight, and says what fails.
func testsBeside(ctx context.Context, script string) ([]string, error) {
	path := strings.TrimSuffix(script, ".lua") + trial.Suffix
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	r, err := trial.Run(ctx, trial.Options{Paths: []string{path}, Timeout: 5 * time.Second})
	if err != nil {
		return nil, err
	}
	var failed []string
	for _, f := range r.Files {
		if f.Problem != "" {
			failed = append(failed, f.Problem)
		}
		for _, x := range f.Tests {
			if x.Failure != nil {
				failed = append(failed, fmt.Sprintf("%s:%d: test %q: %s", x.Failure.File, x.Failure.Line, x.FullName(), x.Failure.Message))
			}
		}
	}
	return failed, ctx.Err()
}
