package cli

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// publicArchive serves an hour-bar month of spot, perpetual and mark, and funding,
// in the archive's shape.
func publicArchive(t *testing.T) string {
	from := time.Date(2024, 2, 1, 0, 0, 0, 0, time.UTC)
	var bars, funding strings.Builder
	bars.WriteString("open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n")
	funding.WriteString("calc_time,funding_interval_hours,last_funding_rate\n")
	for i := range 29 * 24 {
		at := from.Add(time.Duration(i) * time.Hour).UnixMilli()
		fmt.Fprintf(&bars, "%d,42000.5,42100,41900,42000.5,812.25,%d,1,1,1,1,0\n", at, at+3599999)
		if i%8 == 0 {
			fmt.Fprintf(&funding, "%d,8,0.00030000\n", at+3)
		}
	}
	files := map[string][]byte{}
	for path, csv := range map[string]string{
		"data/spot/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2024-02.zip":                  bars.String(),
		"data/futures/um/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2024-02.zip":            bars.String(),
		"data/futures/um/monthly/markPriceKlines/BTCUSDT/1h/BTCUSDT-1h-2024-02.zip":   bars.String(),
		"data/futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2024-02.zip": funding.String(),
	} {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		f, _ := z.Create(strings.TrimSuffix(filepath.Base(path), "zip") + "csv")
		fmt.Fprint(f, csv)
		_ = z.Close()
		files["/"+path] = b.Bytes()
		files["/"+path+".CHECKSUM"] = fmt.Appendf(nil, "%x  %s\n", sha256.Sum256(b.Bytes()), filepath.Base(path))
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// runLine runs one command line and returns its exit code and output.
func runLine(args ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	code = Main(args, strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

// TestFromTheArchiveToABacktest is what a trader does who has no data yet.
func TestFromTheArchiveToABacktest(t *testing.T) {
	url := publicArchive(t)
	t.Chdir(t.TempDir())
	days := []string{"--symbols", "BTCUSDT", "--from", "2024-02-01", "--to", "2024-03-01", "--url", url}
	for _, args := range [][]string{
		append([]string{"data", "download", "--market", "usdm", "--kinds", "klines,markPriceKlines,fundingRate"}, days...),
		append([]string{"data", "download", "--market", "spot"}, days...),
	} {
		if code, out, errs := runLine(args...); code != ExitOK || !strings.Contains(out, "0 absent, 0 failed") {
			t.Fatalf("%v: exit %d\n%s%s", args, code, out, errs)
		}
	}
	code, out, errs := runLine(append([]string{"data", "download", "--market", "spot", "--json"}, days...)...)
	if code != ExitOK || !strings.Contains(out, `"present":1`) {
		t.Errorf("a second download: exit %d\n%s%s", code, out, errs)
	}
	if code, out, errs := runLine("data", "import", "archive", "--out", "history"); code != ExitOK || !strings.Contains(errs, "696 rows") {
		t.Fatalf("import: exit %d\n%s%s", code, out, errs)
	}
	if code, out, errs := runLine("new", "held"); code != ExitOK {
		t.Fatalf("new: exit %d\n%s%s", code, out, errs)
	}
	if code, out, errs := runLine("backtest", "strategies/held.lua", "--data", "history"); code != ExitOK {
		t.Errorf("backtest: exit %d\n%s%s", code, out, errs)
	}
}

func TestDataCommandsSayWhatIsWrong(t *testing.T) {
	url := publicArchive(t)
	t.Chdir(t.TempDir())
	for _, c := range []struct {
		code int
		want string
		args string
	}{
		{ExitUsage, "want verify, download, import or curve", "data dowload"},
		{ExitUsage, "--from and --to are needed", "data download --symbols BTCUSDT"},
		{ExitUsage, `interval "9m"`, "data download --symbols BTCUSDT --interval 9m --from 2024-02-01 --to 2024-02-02"},
		{ExitUsage, `--kinds: kind "kline"`, "data download --symbols BTCUSDT --kinds kline --from 2024-02-01 --to 2024-02-02"},
		{ExitUsage, "at least one symbol", "data download --from 2024-02-01 --to 2024-02-02"},
		{ExitData, "are symbol, market and days right?", "data download --symbols BTCUSD --from 2024-02-01 --to 2024-03-01 --url " + url},
		{ExitData, "connection refused", "data download --symbols BTCUSDT --from 2024-02-01 --to 2024-02-02 --attempts 1 --url http://127.0.0.1:1"},
		{ExitUsage, `--source "tardi": want binance or tardis`, "data download --source tardi --symbols BTCUSDT"},
		{ExitUsage, "--market: exchange \"\": want one as Tardis spells it", "data download --source tardis --symbols BTCUSDT --from 2024-02-01 --to 2024-02-02"},
		{ExitUsage, "channels are of kind raw", "data download --source tardis --market bybit --channels trade --symbols BTCUSDT --from 2024-02-01 --to 2024-02-02"},
		{ExitUsage, "this archive has kinds of data alone", "data download --channels trade --symbols BTCUSDT --from 2024-02-01 --to 2024-02-02"},
		{ExitUsage, "--api-key: ", "data download --source tardis --market bybit --api-key sesame --symbols BTCUSDT --from 2024-02-01 --to 2024-02-02"},
		{ExitUsage, "want: perilune data import DIR --out DIR", "data import"},
		{ExitData, "no such file", "data import nowhere --out history"},
	} {
		code, out, errs := runLine(strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(errs, c.want) {
			t.Errorf("%s: exit %d, want %d with %q\n%s%s", c.args, code, c.code, c.want, out, errs)
		}
	}
}
