package cli

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange/datatest"
)

// recorded returns the paths of recorded data, or skips the test.
func recorded(t *testing.T, names ...string) []string {
	t.Helper()
	paths := make([]string, 0, len(names))
	for _, name := range names {
		paths = append(paths, datatest.Path(t, name))
	}
	return paths
}

// verify runs data verify on files and returns its exit code and outputs.
func verify(market string, files ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	code = Main(append([]string{"data", "verify", "--market", market}, files...), nil, &o, &e)
	return code, o.String(), e.String()
}

func TestVerifyRecordings(t *testing.T) {
	for market, names := range map[string][]string{
		"spot":  {"l2/spot-btcusdt-20240808.jsonl.gz", "l2/spot-btcusdt-20240809.jsonl.gz"},
		"usdm":  {"l2/usdm-btcusdt-20240808.jsonl.gz"},
		"coinm": {"l2/coinm-btcusd_perp-20240808.jsonl.gz", "l2/coinm-btcusd_perp-20240809.jsonl.gz"},
	} {
		t.Run(market, func(t *testing.T) {
			code, out, errs := verify(market, recorded(t, names...)...)
			whole := regexp.MustCompile(`gaps +0 [\s\S]*samples +[1-9][0-9]{3,} [\s\S]*mismatches +0 [\s\S]*malformed +0 `)
			if code != ExitOK || errs != "" || !whole.MatchString(out) {
				t.Errorf("exit code %d\n%s%s", code, out, errs)
			}
		})
	}
}

// TestVerifyFindsDamage damages a recording in one place, in the ways that
// would go unnoticed by a reader who trusts it.
func TestVerifyFindsDamage(t *testing.T) {
	lines := linesOf(t, recorded(t, "l2/usdm-btcusdt-20240808.jsonl.gz")[0])
	for _, c := range []struct {
		name   string
		damage func(t *testing.T, lines []string) []string
		want   string
	}{
		{"a diff is deleted", deleteDiff, "1 gaps"},
		{"the best bid has another size", alterBest, "mismatches"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "damaged.jsonl")
			text := strings.Join(c.damage(t, append([]string(nil), lines...)), "")
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			code, out, errs := verify("usdm", path)
			if code != ExitData || !strings.Contains(errs, c.want) {
				t.Errorf("exit code %d, want %d and %q\n%s%s", code, ExitData, c.want, out, errs)
			}
		})
	}
}

func linesOf(t *testing.T, path string) []string {
	t.Helper()
	z := datatest.Gunzip(t, path)
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return strings.SplitAfter(string(text), "\n")
}

// middle is a place well inside the recording.
func middle(lines []string) int { return len(lines) / 2 }

func deleteDiff(t *testing.T, lines []string) []string {
	for i := middle(lines); i < len(lines); i++ {
		if strings.Contains(lines[i], `"e":"depthUpdate"`) {
			return append(lines[:i], lines[i+1:]...)
		}
	}
	t.Fatal("there is no diff")
	return nil
}

var bestBid = regexp.MustCompile(`"e":"bookTicker".*"b":("[^"]+"),"B":("[^"]+")`)

// alterBest changes the size of the best bid, as the ticker before it told it,
// in a diff.
func alterBest(t *testing.T, lines []string) []string {
	level := ""
	for i := middle(lines); i < len(lines); i++ {
		if m := bestBid.FindStringSubmatch(lines[i]); m != nil {
			level = "[" + m[1] + "," + m[2] + "]"
		}
		if level == "" || !strings.Contains(lines[i], `"e":"depthUpdate"`) || !strings.Contains(lines[i], level) {
			continue
		}
		price, _, _ := strings.Cut(level, ",")
		lines[i] = strings.Replace(lines[i], level, price+`,"987.654"]`, 1)
		return lines
	}
	t.Fatal("there is no diff with the best bid")
	return nil
}
