package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAStudyComparesStrategies goes over two parts of a small history, with two
// strategies of which one is tuned.
func TestAStudyComparesStrategies(t *testing.T) {
	url := publicArchive(t)
	t.Chdir(t.TempDir())
	days := []string{"--symbols", "BTCUSDT", "--from", "2024-02-01", "--to", "2024-03-01", "--url", url}
	for _, args := range [][]string{
		append([]string{"data", "download", "--kinds", "klines,markPriceKlines,fundingRate"}, days...),
		append([]string{"data", "download", "--market", "spot"}, days...),
		{"data", "import", "archive", "--out", "history"},
		{"new", "idle"},
	} {
		if code, out, errs := runLine(args...); code != ExitOK {
			t.Fatalf("%v: exit %d\n%s%s", args, code, out, errs)
		}
	}
	study := []string{"study", "strategies/idle.lua", repositoryFile(t, "scripts/funding_rotation.lua"), "--data", "history"}
	code, out, errs := runLine(append(study, "--splits", "2024-02-01,2024-02-11,2024-02-21,2024-03-01",
		"--tune", "funding_rotation.capital=5000,60000", "--report", "study.html")...)
	if code != ExitOK || !strings.Contains(out, "without the first") || !strings.Contains(out, "capital=60000") || !strings.Contains(errs, "12/12") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	for _, c := range []struct{ args, want string }{
		{"--splits 2024-02-01", "want two or more days"},
		{"--splits 2024-02-11,2024-02-01", "is not later than the day before it"},
		{"--splits 2024-02-01,2024-02-11 --tune capital=1", "want strategy.parameter=v1,v2"},
		{"--splits 2024-02-01,2024-02-11 --tune other.capital=1", "the strategies are idle, funding_rotation"},
		{"--splits 2024-02-01,2024-02-11 --tune funding_rotation.capital=1", "capital"},
	} {
		if code, out, errs := runLine(append(study, strings.Fields(c.args)...)...); code == ExitOK || !strings.Contains(errs, c.want) {
			t.Errorf("%s: exit %d, want an error with %q\n%s%s", c.args, code, c.want, out, errs)
		}
	}
}

// repositoryFile is the absolute path of a file of the repository.
func repositoryFile(t *testing.T, name string) string {
	t.Helper()
	if packageErr != nil {
		t.Fatal(packageErr)
	}
	return filepath.Join(packageDir, "..", "..", name)
}

// packageDir is where tests begin. The paths of sources that a binary knows are not there
// when it was built with -trimpath.
var packageDir, packageErr = os.Getwd()
