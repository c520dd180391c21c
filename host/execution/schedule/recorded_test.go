package schedule

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/datatest"
)

// candle is a bar: when it closed, its typical price and its volume.
type candle struct {
	at            exchange.Time
	price, volume float64
}

// candles reads a file of bars with a line date,open,high,low,close,volume each.
func candles(t *testing.T, path string, interval exchange.Time, from exchange.Time) []candle {
	t.Helper()
	z := datatest.Gunzip(t, path)
	rows, err := csv.NewReader(z).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []candle
	for _, r := range rows[1:] {
		opened, err := time.Parse(time.RFC3339, r[0])
		if err != nil {
			t.Fatal(err)
		}
		num := func(i int) float64 {
			v, err := strconv.ParseFloat(r[i], 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		if at := exchange.Time(opened.UnixNano()) + interval; at > from {
			out = append(out, candle{at, (num(2) + num(3) + num(4)) / 3, num(5)})
		}
	}
	return out
}

// print is a public trade.
type print struct {
	at         exchange.Time
	price, qty string
	sold       bool // the aggressor sold
}

func prints(t *testing.T, path string) []print {
	t.Helper()
	z := datatest.Gunzip(t, path)
	var out []print
	for lines := bufio.NewScanner(z); lines.Scan(); {
		var x struct {
			P, Q string
			T    int64
			M    bool `json:"m"`
		}
		// encoding/json folds case and "M" follows "m": it is cut off.
		text, _, _ := strings.Cut(lines.Text(), `, "M"`)
		if err := json.Unmarshal([]byte(text+"}"), &x); err != nil {
			t.Fatal(err)
		}
		out = append(out, print{exchange.UnixMilli(x.T), x.P, x.Q, x.M})
	}
	return out
}
