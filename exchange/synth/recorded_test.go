package synth

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/datatest"
)

// TestRecordedFigures measures the Recorded column again, on the data itself.
func TestRecordedFigures(t *testing.T) {
	got := sample{}
	recordedFunding(t, got)
	recordedReturns(t, got)
	recordedBook(t, got)
	for _, f := range Calibration {
		x, ok := got[f.What]
		if !ok {
			t.Errorf("%s: not measured", f.What)
			continue
		}
		t.Logf("%-55s stated %8.3f  recorded %8.3f", f.What, f.Recorded, x)
		if math.Abs(x-f.Recorded) > 0.05*math.Abs(f.Recorded)+0.005 {
			t.Errorf("%s: recorded %.4g, stated %.4g", f.What, x, f.Recorded)
		}
	}
}

// rows reads a compressed CSV file without its head.
func rows(t *testing.T, name string) [][]string {
	t.Helper()
	z := datatest.Gunzip(t, datatest.Path(t, name))
	all, err := csv.NewReader(z).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all[1:]
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func recordedRates(t *testing.T, symbol string) []float64 {
	var out []float64
	for _, r := range rows(t, "history/funding/"+symbol+".csv.gz") {
		out = append(out, 1e4*number(t, r[1]))
	}
	return out
}

func recordedFunding(t *testing.T, out sample) {
	var pinned, negative, one, three, runs, lengths []float64
	for _, s := range []string{"1000SHIB", "AAVE", "ALGO", "ARB", "AVAX", "BCH", "DOT", "HBAR", "LINK"} {
		r := recordedRates(t, s+"USDT")
		pinned = append(pinned, share(r, func(x float64) bool { return math.Abs(x-1) < 1e-6 }))
		negative = append(negative, share(r, func(x float64) bool { return x < 0 }))
		one, three = append(one, acf(r, 1)), append(three, acf(r, 3))
	}
	for _, s := range []string{"BTC", "ETH", "XRP"} {
		r := recordedRates(t, s+"USDT")
		n, length := episodes(r)
		runs, lengths = append(runs, n/(float64(len(r))/3)), append(lengths, length)
	}
	out["alts: share of settlements at exactly the interest rate"] = mean(pinned)
	out["alts: share of negative settlements"] = mean(negative)
	out["alts: autocorrelation of funding, 1 settlement"] = median(one)
	out["alts: autocorrelation of funding, 3 settlements"] = median(three)
	out["runs of funding above 5 bp, per symbol and day"] = mean(runs)
	out["settlements in a run above 5 bp"] = mean(lengths)
	var basis []float64
	for _, s := range []string{"AVAX", "DOGE", "LINK"} {
		basis = append(basis, recordedBasis(t, s+"USDT"))
	}
	out["alts: median basis of perpetual to spot, bp"] = mean(basis)
}

// recordedBasis is the median of perp over spot at the hourly closes of 2025.
func recordedBasis(t *testing.T, symbol string) float64 {
	spot := map[string]float64{}
	for _, r := range rows(t, "history/spot_1h/"+symbol+".csv.gz") {
		spot[r[0]] = number(t, r[4])
	}
	var out []float64
	for _, r := range rows(t, "history/perp_1h/"+symbol+".csv.gz") {
		if s, ok := spot[r[0]]; ok && r[0] >= "2025" {
			out = append(out, 1e4*(number(t, r[4])/s-1))
		}
	}
	return median(out)
}

// minutes is a symbol's returns by their minute, and its value traded by hour.
type minutes struct {
	at   []string
	ret  []float64
	hour [24]float64
}

func recordedMinutes(t *testing.T, symbol string) minutes {
	var out minutes
	last := 0.0
	for _, r := range rows(t, "perp-1m/klines/"+symbol+".csv.gz") {
		c := number(t, r[4])
		h, err := strconv.Atoi(r[0][11:13])
		if err != nil {
			t.Fatal(err)
		}
		out.hour[h] += c * number(t, r[5])
		if last > 0 {
			out.at, out.ret = append(out.at, r[0]), append(out.ret, math.Log(c/last))
		}
		last = c
	}
	return out
}

// perDay is the value traded in a day, in million USD.
func (m *minutes) perDay() float64 { return 24 * mean(m.hour[:]) / (float64(len(m.at)+1) / 1440) / 1e6 }

func recordedReturns(t *testing.T, out sample) {
	btc := recordedMinutes(t, "BTCUSDT")
	out["BTC: volatility of one minute, bp"] = 1e4 * rms(btc.ret)
	byMinute := map[string]float64{}
	for i, at := range btc.at {
		byMinute[at] = btc.ret[i]
	}
	out["BTC USD-M: volume of a day, million USD"] = btc.perDay()
	var vol, kurt, near, far, cor, traded []float64
	hours := relative(btc.hour)
	for _, s := range []string{"ADA", "AVAX", "BCH", "BNB", "ETC", "LINK", "LTC", "SOL", "SUI", "XLM", "XMR", "XRP"} {
		m := recordedMinutes(t, s+"USDT")
		if slices.Contains(volumeCoins, s) {
			traded = append(traded, m.perDay())
		}
		vol, kurt = append(vol, 1e4*rms(m.ret)), append(kurt, kurtosis(m.ret))
		near, far = append(near, acf(absolute(m.ret), 1)), append(far, acf(absolute(m.ret), 60))
		var x, y []float64
		for i, at := range m.at {
			if b, ok := byMinute[at]; ok {
				x, y = append(x, m.ret[i]), append(y, b)
			}
		}
		cor = append(cor, correlation(x, y))
		for h, v := range relative(m.hour) {
			hours[h] += v
		}
	}
	out["alts: volatility of one minute, bp"] = median(vol)
	out["alts: kurtosis of one-minute returns"] = median(kurt)
	out["alts: autocorrelation of |return|, 1 minute"] = median(near)
	out["alts: autocorrelation of |return|, 60 minutes"] = median(far)
	out["alts: correlation of one-minute returns with BTC"] = median(cor)
	out["alts USD-M: volume of a day, million USD"] = median(traded)
	recordedHours(t, out)
	out["busiest over quietest hour of the day"] = slices.Max(hours[:]) / slices.Min(hours[:])
	for h, v := range relative(hours) {
		if math.Abs(v-hourShare[h]) > 0.0015 {
			t.Errorf("hour %d has %.4f of the volume, the curve %.3f", h, v, hourShare[h])
		}
	}
}

// recordedHours measures hours in stretches of 60 days, as the simulated ones are:
// years mix what a run of weeks does not have.
func recordedHours(t *testing.T, out sample) {
	var kurt, lasting []float64
	for _, s := range []string{"1000SHIB", "AAVE", "ALGO", "ARB", "AVAX", "BCH", "DOGE", "DOT", "HBAR", "LINK", "XRP"} {
		var log []float64
		for _, r := range rows(t, "history/perp_1h/"+s+"USDT.csv.gz") {
			log = append(log, math.Log(number(t, r[4])))
		}
		r := steps(log)
		for ; len(r) >= 60*24; r = r[60*24:] {
			kurt, lasting = append(kurt, kurtosis(r[:60*24])), append(lasting, acf(absolute(r[:60*24]), 1))
		}
	}
	out["alts: kurtosis of hourly returns"] = median(kurt)
	out["alts: autocorrelation of |return|, 1 hour"] = median(lasting)
}

// relative scales to a sum of 1.
func relative(xs [24]float64) [24]float64 {
	sum := 24 * mean(xs[:])
	for i := range xs {
		xs[i] /= sum
	}
	return xs
}

// message is what the recorded BTC book is measured by: its bookTicker and
// trade streams, and the snapshot between them.
type message struct {
	LastUpdateID int64       `json:"lastUpdateId"`
	Bids         [][2]string `json:"bids"`
	Asks         [][2]string `json:"asks"`
	// Data is a map because keys differ by case alone.
	Data map[string]any `json:"data"`
}

func (m *message) number(t *testing.T, key string) float64 {
	t.Helper()
	s, _ := m.Data[key].(string)
	return number(t, s)
}

func recordedBook(t *testing.T, out sample) {
	z := datatest.Gunzip(t, datatest.Path(t, "l2/usdm-btcusdt-20240808.jsonl.gz"))
	var spread, prints []float64
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		_, text, _ := bytes.Cut(lines.Bytes(), []byte(" "))
		if bytes.Contains(text, []byte(`"depthUpdate"`)) {
			continue
		}
		var m message
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatal(err)
		}
		switch {
		case m.LastUpdateID != 0:
			out["BTC USD-M: bids within 10 bp, million USD"] = within(t, m.Bids)
			out["BTC USD-M: touch to fifth level, bp"] = (fifth(t, m.Bids) + fifth(t, m.Asks)) / 2
		case m.Data["e"] == "bookTicker":
			spread = append(spread, (m.number(t, "a")-m.number(t, "b"))/0.1)
		case m.Data["e"] == "trade":
			prints = append(prints, m.number(t, "p")*m.number(t, "q"))
		}
	}
	out["BTC USD-M: median spread in ticks"] = median(spread)
	out["BTC USD-M: mean over median print"] = mean(prints) / median(prints)
	out["BTC USD-M: mean print, USD"] = mean(prints)
}

// within is the value of the bids within 10 bp of the best, in million USD.
func within(t *testing.T, bids [][2]string) (usd float64) {
	best := number(t, bids[0][0])
	for _, b := range bids {
		if p := number(t, b[0]); p > best*(1-10e-4) {
			usd += p * number(t, b[1]) / 1e6
		}
	}
	return usd
}

// fifth is how far the fifth level is from the first, in bp.
func fifth(t *testing.T, side [][2]string) float64 {
	return 1e4 * math.Abs(number(t, side[4][0])/number(t, side[0][0])-1)
}

var _ exchange.Feed = (*Market)(nil)
