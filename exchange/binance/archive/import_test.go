package archive

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/frames"
	"github.com/perilune/perilune/exchange/record"
)

// tree is an archive on this machine, in the making.
type tree struct {
	t   *testing.T
	dir string
}

func newTree(t *testing.T) *tree { return &tree{t, t.TempDir()} }

func (d *tree) zip(it Item, csv string) {
	d.t.Helper()
	s := newShop()
	s.add(it, csv)
	d.file(it.Path(), string(s.files["/"+it.Path()]))
}

func (d *tree) file(name, text string) {
	d.t.Helper()
	path := filepath.Join(d.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		d.t.Fatal(err)
	}
}

// run imports the tree and returns the outcome with the text of the one file that
// has the name.
func (d *tree) run(name string) (*Outcome, string, error) {
	d.t.Helper()
	out := d.t.TempDir()
	done, err := Import(context.Background(), d.dir, out, nil)
	if left, _ := filepath.Glob(filepath.Join(out, "*", ".import*")); len(left) > 0 {
		d.t.Errorf("temporary files are left: %v", left)
	}
	f, openErr := os.Open(filepath.Join(out, name))
	if openErr != nil {
		return done, "", err
	}
	defer f.Close()
	zr, zerr := gzip.NewReader(f)
	if zerr != nil {
		d.t.Fatal(zerr)
	}
	var b strings.Builder
	if _, zerr := zr.WriteTo(&b); zerr != nil {
		d.t.Fatal(zerr)
	}
	return done, b.String(), err
}

var (
	usdmHour = Item{Market: api.USDM, Kind: Klines, Symbol: "BTCUSDT", Interval: "1h", From: day("2024-02-01")}
	usdmAggs = Item{Market: api.USDM, Kind: AggTrades, Symbol: "BTCUSDT", From: day("2024-02-01")}
)

const perpFile, rawFile = "perp_1h/BTCUSDT.csv.gz", "raw/usdm-BTCUSDT.jsonl.gz"

// aggs are n aggregate trades from a day on, one a second.
func aggs(from string, first, n int) []string {
	var rows []string
	for i := range n {
		at := day(from).UnixMilli() + int64(i)*1000
		rows = append(rows, fmt.Sprintf("%d,%d.5,0.010,%d,%d,%d,false", first+i, 20000+i, 5000+i, 5000+i, at))
	}
	return rows
}

func lines(rows ...string) string { return strings.Join(rows, "\n") + "\n" }

// TestImportSortsRows gives the rows of a day reversed, in interleaved halves and
// shuffled, with memory for a few of them and for all: the file is the same.
func TestImportSortsRows(t *testing.T) {
	rows := aggs("2024-02-01", 1000, 400)
	straight := newTree(t)
	straight.zip(usdmAggs, lines(rows...))
	_, want, err := straight.run(rawFile)
	if err != nil || strings.Count(want, "\n") != 400 {
		t.Fatalf("%d lines, %v", strings.Count(want, "\n"), err)
	}
	reversed := make([]string, len(rows))
	var halves []string
	for i, r := range rows {
		reversed[len(rows)-1-i] = r
		if i < 200 {
			halves = append(halves, r, rows[200+i])
		}
	}
	shuffled := append([]string{}, rows...)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(rows), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	defer func(n int) { sortMemory = n }(sortMemory)
	for _, memory := range []int{64 << 20, 5000} {
		sortMemory = memory
		for name, list := range map[string][]string{"reversed": reversed, "halves": halves, "shuffled": shuffled} {
			d := newTree(t)
			d.zip(usdmAggs, lines(list...))
			done, got, err := d.run(rawFile)
			if err != nil || got != want {
				t.Errorf("%s, %d bytes of memory: %v, %d lines that differ from those in order", name, memory, err, strings.Count(got, "\n"))
				continue
			}
			if f := done.Files[0]; !f.Sorted || f.Rows != 400 || f.Repeated+f.LeftOut+f.SharedIDs != 0 {
				t.Errorf("%s: %+v: want 400 rows, said to be sorted", name, f)
			}
		}
	}
}

// TestImportSortsAcrossFiles has a day whose rows are partly in the next day's file.
func TestImportSortsAcrossFiles(t *testing.T) {
	d := newTree(t)
	rows := aggs("2024-02-01", 1000, 10)
	next := usdmAggs
	next.From = day("2024-02-02")
	d.zip(usdmAggs, lines(append(rows[:4:4], rows[7:]...)...))
	d.zip(next, lines(append(rows[4:7:7], aggs("2024-02-02", 1010, 3)...)...))
	done, got, err := d.run(rawFile)
	if err != nil || !done.Files[0].Sorted || done.Files[0].Rows != 13 {
		t.Fatalf("%v: %+v", err, done)
	}
	for i, line := range strings.Split(strings.TrimSpace(got), "\n") {
		if want := fmt.Sprintf(`"a":%d,`, 1000+i); !strings.Contains(line, want) {
			t.Errorf("line %d is %s: want %s", i+1, line, want)
		}
	}
}

// TestImportKeepsTradesThatShareAnID: the archive has ids that stand for two trades.
func TestImportKeepsTradesThatShareAnID(t *testing.T) {
	d := newTree(t)
	d.zip(usdmAggs, lines(
		"7,100.5,1,1,1,1706745600000,true",
		"7,100.5,1,1,1,1706745600000,true", // the same again
		"7,100.6,2,2,2,1706745600000,true", // another one of the same moment
		"8,100.6,2,3,3,1706745601000,true",
		"8,100.7,2,4,4,1706745602000,true")) // and of another moment
	done, got, err := d.run(rawFile)
	if err != nil {
		t.Fatal(err)
	}
	if f := done.Files[0]; strings.Count(got, "\n") != 4 || f.Rows != 4 || f.Repeated != 1 || f.SharedIDs != 2 || f.Shared.Line != 3 {
		t.Errorf("%+v\n%s\nwant 4 rows, 1 repeated, 2 that share an id, the first at line 3", f, got)
	}
}

// TestImportNamesRowsThatItLeavesOut: one row that can't be read costs itself, and
// is told with its place.
func TestImportNamesRowsThatItLeavesOut(t *testing.T) {
	good := strings.Split(strings.TrimSpace(hours("2024-02-01", 24, true)), "\n")
	cases := map[string]func(row string) string{
		`field high is "NaN"`:               func(r string) string { return strings.Replace(r, ",110,", ",NaN,", 1) },
		`field high is "Inf"`:               func(r string) string { return strings.Replace(r, ",110,", ",Inf,", 1) },
		`field high is "1e999"`:             func(r string) string { return strings.Replace(r, ",110,", ",1e999,", 1) },
		`field low is "1e-400": want a`:     func(r string) string { return strings.Replace(r, ",90,", ",1e-400,", 1) },
		`field high is ""`:                  func(r string) string { return strings.Replace(r, ",110,", ",,", 1) },
		`field low is 0: want`:              func(r string) string { return strings.Replace(r, ",90,", ",0,", 1) },
		`field low is -90: want`:            func(r string) string { return strings.Replace(r, ",90,", ",-90,", 1) },
		`field volume is -7.25: want`:       func(r string) string { return strings.Replace(r, ",7.25,", ",-7.25,", 1) },
		`field count is -3: want`:           func(r string) string { return strings.Replace(r, ",3,", ",-3,", 1) },
		`do not enclose`:                    func(r string) string { return strings.Replace(r, ",110,", ",96,", 1) },
		`fields where the file's first`:     func(r string) string { return r[:len(r)-2] },
		`time "17067"`:                      func(r string) string { return "17067" + r[13:] },
		`fields: want at least 10`:          func(r string) string { return r[:15] },
		`2 fields: want at least 10: [open`: func(r string) string { return "<html>,x" },
	}
	for want, damage := range cases {
		d := newTree(t)
		rows := append([]string{}, good...)
		rows[5] = damage(rows[5])
		d.zip(usdmHour, strings.Join(rows, "\r\n")+"\r\n\r\n")
		done, got, err := d.run(perpFile)
		if err != nil {
			t.Errorf("%s: %v", want, err)
			continue
		}
		f := done.Files[0]
		if f.LeftOut != 1 || len(f.Problems) != 1 || f.Problems[0].Line != 6 || !strings.Contains(f.Problems[0].What, want) {
			t.Errorf("%+v: want line 6 left out with %q", f, want)
		}
		if f.Rows != 23 || strings.Count(got, "\n") != 24 || f.Missing != 1 || f.MissingAt[0] != "2024-02-01 04:00 to 2024-02-01 05:00 (1)" {
			t.Errorf("%s: %+v: want the other 23 rows, and the hole", want, f)
		}
	}
}

// TestImportReadsNumbersAsOthersWriteThem: digits come out that every reader knows.
func TestImportReadsNumbersAsOthersWriteThem(t *testing.T) {
	d := newTree(t)
	d.zip(usdmAggs, "\ufeff"+lines("agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker",
		"7,1.005E2,5e-05,1,1,1706745600000,True")+"\n\n\r\n8,+2.,.5,2,2,1706745601000,FALSE")
	_, got, err := d.run(rawFile)
	if err != nil || !strings.Contains(got, `"p":"100.5","q":"0.00005"`) || !strings.Contains(got, `"p":"2","q":"0.5"`) {
		t.Errorf("%v\n%s", err, got)
	}
}

// TestImportGoesOnBesideWhatItCant: kinds that are unknown are named, damage costs
// its own series.
func TestImportGoesOnBesideWhatItCant(t *testing.T) {
	d := newTree(t)
	d.zip(usdmHour, hours("2024-02-01", 24, true))
	eth := usdmHour
	eth.Symbol = "ETHUSDT"
	d.zip(eth, "open_time,close,open,high,low,volume\n1706745600000,1,1,1,1,1\n")
	coin := usdmHour
	coin.Market, coin.Symbol = api.COINM, "BTCUSD_PERP"
	d.zip(coin, hours("2024-02-01", 24, true))
	d.zip(Item{Market: api.USDM, Kind: "metrics", Symbol: "BTCUSDT", From: day("2024-02-01")}, "create_time,symbol\n")
	d.zip(Item{Market: api.USDM, Kind: "indexPriceKlines", Symbol: "BTCUSDT", Interval: "1h", From: day("2024-02-01")}, "1,2\n")
	d.file("data/futures/um/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2024-02-02.zip.part", "PK")
	d.file("elsewhere/BTCUSDT-1h-2024-02.zip", "PK")
	d.file("notes.txt", "mine")
	d.file(usdmHour.Path()+".CHECKSUM", "00  x")
	done, got, err := d.run(perpFile)
	if err == nil || !strings.Contains(err.Error(), `.csv:1: column 2 is "close": want "open"`) || strings.Count(got, "\n") != 25 {
		t.Errorf("%v, %d lines: want an error about ETHUSDT, and BTCUSDT whole", err, strings.Count(got, "\n"))
	}
	named := fmt.Sprint(done.LeftOut)
	for _, want := range []string{"klines of coinm", "metrics of usdm", "indexPriceKlines of usdm", "unfinished downloads",
		"files that are not where the archive has them", "files of another type"} {
		if !strings.Contains(named, want) {
			t.Errorf("%q is not named: %s", want, named)
		}
	}
	if len(done.LeftOut) != 6 || len(done.Files) != 1 {
		t.Errorf("%d kinds left out, %d files written: want 6 and 1", len(done.LeftOut), len(done.Files))
	}
}

// TestImportJoinsAMonthAndItsDays: what is equal is taken once, what contradicts is
// named, whichever comes first.
func TestImportJoinsAMonthAndItsDays(t *testing.T) {
	d := newTree(t)
	month := usdmHour
	month.Monthly = true
	all := strings.SplitAfter(hours("2024-02-01", 29*24, false), "\n")
	d.zip(month, strings.Join(all[:10*24], ""))
	d.zip(usdmHour, strings.Replace(strings.Join(all[:24], ""), "7.25", "9.25", 1))
	last := usdmHour
	last.From = day("2024-02-10")
	d.zip(last, strings.Join(all[9*24:10*24], "")+all[12*24])
	done, got, err := d.run(perpFile)
	if err != nil {
		t.Fatal(err)
	}
	f := done.Files[0]
	if f.Rows != 241 || f.Repeated != 47 || f.LeftOut != 1 || f.Missing != 48 || f.MissingHoles != 1 || f.Sorted {
		t.Errorf("%+v: want 241 rows, 47 repeated, 1 left out, 48 missing in one hole", f)
	}
	if !strings.Contains(f.Problems[0].String(), "BTCUSDT-1h-2024-02-01.csv:1: ") || !strings.Contains(f.Problems[0].What, "BTCUSDT-1h-2024-02.csv:1, which is kept") {
		t.Errorf("%s: want both places", f.Problems[0])
	}
	if !strings.HasPrefix(strings.SplitN(got, "\n", 2)[1], "1706745600000,95.5,110,90,100.1,7.25,700,3,1\n") {
		t.Errorf("the first row is %.60q", strings.SplitN(got, "\n", 2)[1])
	}
}

// TestImportTakesAggregatesWhereTradesAreMissing: trades of one day do not cost the
// aggregates of the others.
func TestImportTakesAggregatesWhereTradesAreMissing(t *testing.T) {
	d := newTree(t)
	month := usdmAggs
	month.Monthly = true
	d.zip(month, lines(append(aggs("2024-02-01", 1, 5), aggs("2024-02-02", 6, 5)...)...))
	first := usdmAggs
	d.zip(first, lines(aggs("2024-02-01", 1, 5)...))
	trades := Item{Market: api.USDM, Kind: Trades, Symbol: "BTCUSDT", From: day("2024-02-01")}
	d.zip(trades, lines("1,20000.5,0.01,200,1706745600000,true"))
	done, got, err := d.run(rawFile)
	if err != nil {
		t.Fatal(err)
	}
	if f := done.Files[0]; f.Aggregates != 5 || f.Rows != 6 || strings.Count(got, `"aggTrade"`) != 5 || len(f.Problems) != 1 {
		t.Errorf("%+v\n%s\nwant one trade and the 5 aggregates of the day without trades", f, got)
	}
}

// TestImportReadsWhatWasUnpacked: plain, gzip and zstd files, through links, and
// from anywhere on the tree.
func TestImportReadsWhatWasUnpacked(t *testing.T) {
	d := newTree(t)
	plain := strings.TrimSuffix(usdmHour.Path(), ".zip")
	d.file(plain+".csv", hours("2024-02-01", 24, true))
	next := usdmHour
	next.From = day("2024-02-02")
	var b strings.Builder
	zw := gzip.NewWriter(&b)
	_, _ = zw.Write([]byte(hours("2024-02-02", 24, true)))
	_ = zw.Close()
	d.file(strings.TrimSuffix(next.Path(), ".zip")+".csv.gz", b.String())
	b.Reset()
	next.From = day("2024-02-03")
	zs, _ := zstd.NewWriter(&b)
	_, _ = zs.Write([]byte(hours("2024-02-03", 24, true)))
	_ = zs.Close()
	d.file(strings.TrimSuffix(next.Path(), ".zip")+".csv.zst", b.String())
	for _, from := range []string{"", "data", "data/futures", "data/futures/um/daily"} {
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(filepath.Join(d.dir, from), link); err != nil {
			t.Skip(err)
		}
		if from == "" { // a link that leads in a circle
			_ = os.Symlink(d.dir, filepath.Join(d.dir, "circle"))
		}
		c := &tree{t, filepath.Join(d.dir, from)}
		if from == "" {
			c.dir = link
		}
		done, got, err := c.run(perpFile)
		if err != nil || strings.Count(got, "\n") != 73 || len(done.LeftOut) != 0 {
			t.Errorf("from %q: %v, %d lines: want 72 rows and a header", from, err, strings.Count(got, "\n"))
		}
	}
}

// TestImportOfADamagedFile refuses the series, whatever the damage.
func TestImportOfADamagedFile(t *testing.T) {
	d := newTree(t)
	s := newShop()
	s.add(usdmHour, hours("2024-02-01", 24, true))
	whole := s.files["/"+usdmHour.Path()]
	for n := range whole {
		if n%7 != 0 {
			continue
		}
		d.file(usdmHour.Path(), string(whole[:n]))
		if _, got, err := d.run(perpFile); err == nil || got != "" {
			t.Errorf("cut at byte %d: %v, %d bytes written", n, err, len(got))
		}
	}
	for n := 60; n < len(whole)-150; n += 41 {
		bad := append([]byte{}, whole...)
		bad[n] ^= 0x10
		d.file(usdmHour.Path(), string(bad))
		if _, got, err := d.run(perpFile); err == nil && strings.Count(got, "\n") != 25 {
			t.Errorf("byte %d turned: no error, %d lines", n, strings.Count(got, "\n"))
		}
	}
	d.file(usdmHour.Path(), "")
	if _, _, err := d.run(perpFile); err == nil {
		t.Error("an empty file was taken")
	}
	empty := newTree(t)
	empty.zip(usdmHour, "")
	if _, _, err := empty.run(perpFile); err == nil || !strings.Contains(err.Error(), "the file is empty") {
		t.Errorf("a file without a line: %v", err)
	}
}

// TestImportedFundingKeepsItsInterval: one settlement is missing, and the contract
// stays a 4-hour one.
func TestImportedFundingKeepsItsInterval(t *testing.T) {
	d := newTree(t)
	d.zip(usdmHour, hours("2024-02-01", 24, true))
	f := Item{Market: api.USDM, Kind: FundingRates, Symbol: "BTCUSDT", From: day("2024-02-01"), Monthly: true}
	at := day("2024-02-01").UnixMilli()
	var rows []string
	for _, h := range []int64{0, 4, 12, 16} { // 8 is missing
		rows = append(rows, fmt.Sprintf("%d,4,0.0001", at+h*3600000+3))
	}
	d.zip(f, "calc_time,funding_interval_hours,last_funding_rate\n"+lines(rows...))
	out := t.TempDir()
	done, err := Import(context.Background(), d.dir, out, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range done.Files {
		if strings.Contains(f.Path, "funding") && (f.Missing != 1 || !strings.HasPrefix(f.MissingAt[0], "2024-02-01 08:00")) {
			t.Errorf("%+v: want the settlement of 08:00 missing", f)
		}
	}
	rec, err := record.Formats{frames.Format{}}.Open([]string{out}, record.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Close()
	var ev exchange.Event
	for rec.Next(&ev) == nil {
		if ev.Kind == exchange.KindFunding && ev.Hours != 4 {
			t.Errorf("%s: %d hours: want 4", ev.Time, ev.Hours)
		}
	}
}

// TestImportTellsRowsThatContradictTheirName: rows of other days than the file's,
// bars that begin between the hours, and settlements that come sooner than they say.
func TestImportTellsRowsThatContradictTheirName(t *testing.T) {
	d := newTree(t)
	d.zip(usdmHour, hours("2024-02-01", 24, true)+strings.SplitN(hours("2024-03-05", 2, true), "\n", 2)[1])
	done, _, err := d.run(perpFile)
	if err != nil {
		t.Fatal(err)
	}
	if f := done.Files[0]; f.Outside == 0 || f.OutsideAt == nil || !strings.Contains(f.OutsideAt.What, "the row is of 2024-03-05") || f.LeftOut != 0 {
		t.Errorf("%+v: want the rows of March told, and kept", f)
	}

	d = newTree(t)
	half := fmt.Sprintf("%d,100,110,90,105,7.25,0,0,0,0,0,0\n", day("2024-02-01").UnixMilli()+30*60000)
	d.zip(usdmHour, hours("2024-02-01", 24, false)+half)
	done, _, err = d.run(perpFile)
	if err != nil {
		t.Fatal(err)
	}
	if f := done.Files[0]; f.Rows != 24 || f.LeftOut != 1 || !strings.Contains(f.Problems[0].What, "the bar begins at 2024-02-01T00:30:00.000Z") {
		t.Errorf("%+v: want one row left out", f)
	}

	d = newTree(t)
	rows := []string{"calc_time,funding_interval_hours,last_funding_rate"}
	for _, r := range [][2]int64{{0, 8}, {8, 8}, {12, 8}, {16, 4}, {20, 4}} {
		rows = append(rows, fmt.Sprintf("%d,%d,0.0001", day("2024-02-01").UnixMilli()+r[0]*3600000+3, r[1]))
	}
	d.zip(Item{Market: api.USDM, Kind: FundingRates, Symbol: "BTCUSDT", From: day("2024-02-01"), Monthly: true}, lines(rows...))
	done, _, err = d.run("funding/BTCUSDT.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	if f := done.Files[0]; f.Early != 1 || f.Rows != 5 || !strings.Contains(f.EarlyAt.What, "4h0m0s after the row before, and both say 8h0m0s") {
		t.Errorf("%+v: want one settlement that comes early", f)
	}
}
