package host_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host"
)

// TestAFutureIsHeldToItsDelivery runs scripts/basis.lua over the last quarter of a
// future's life, thinned out: it opens on the yield, the venue delivers, and the
// host sells the coins that nothing hedges any more.
func TestAFutureIsHeldToItsDelivery(t *testing.T) {
	dir := t.TempDir()
	delivery := exchange.Date(2026, 3, 27) + 8*exchange.Hour
	spot := bookLines("BTCUSDT", false, delivery, 100)
	future := bookLines("BTCUSDT_260327", true, delivery, 103)
	for name, text := range map[string]string{"spot-btcusdt.jsonl": spot, "usdm-btcusdt_260327.jsonl": future} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p := play(t, &host.Options{
		Scripts: []string{"../scripts/basis.lua"}, Market: []string{dir}, Journal: "off", New: true, DB: filepath.Join(t.TempDir(), "ledger.db"),
		Set: map[string]string{"dated": "true", "window": "20", "every": "1"},
	}, "delivery")
	if p.PairsOpened != 1 || p.PairsClosed != 1 {
		t.Fatalf("%d pairs opened and %d closed: want one of each", p.PairsOpened, p.PairsClosed)
	}
	var last string
	for i := range p.fills {
		f := &p.fills[i]
		last = fmt.Sprintf("%s %s %s %s %s", f.Venue, f.Side, f.Symbol, f.Qty, f.Reason)
		if f.Reason == "delivery" && f.Time < delivery {
			t.Errorf("delivered at %s, before %s", f.Time, delivery)
		}
	}
	if !strings.HasPrefix(last, "spot sell BTCUSDT") {
		t.Errorf("the last fill is %q: want the coins sold after the delivery", last)
	}
	// 3 % of 2000, less four fees and the spread of the book.
	if got := p.PnL.InexactFloat64(); got < 50 || got > 60 {
		t.Errorf("earned %.2f USDT on a basis of 60", got)
	}
}

// bookLines is a recording with an update a second for a minute, 90 days and one
// minute before a delivery. The price is steady; a future's falls to that of the
// coin.
func bookLines(symbol string, future bool, delivery exchange.Time, price float64) string {
	var b strings.Builder
	id := 100
	levels := func(from, step float64) string {
		var l []string
		for i := range 20 {
			l = append(l, fmt.Sprintf(`["%.2f","500.000"]`, from+float64(i)*step))
		}
		return "[" + strings.Join(l, ",") + "]"
	}
	minute := func(start exchange.Time, price float64) {
		for i := range 60 {
			at := start + exchange.Time(i)*exchange.Second
			ms := int64(at / exchange.Millisecond)
			if i == 0 {
				fmt.Fprintf(&b, "%d {\"lastUpdateId\":%d,\"E\":%d,\"T\":%d,\"bids\":%s,\"asks\":%s}\n", at, id, ms, ms, levels(price-0.01, -0.01), levels(price+0.01, 0.01))
			}
			id++
			link := ""
			if future {
				link = fmt.Sprintf(`"pu":%d,`, id-1)
			}
			fmt.Fprintf(&b, "%d {\"e\":\"depthUpdate\",\"E\":%d,%s\"s\":%q,\"U\":%d,\"u\":%d,%s\"b\":[[\"%.2f\",\"%d.000\"]],\"a\":[]}\n",
				at, ms, stamp(future, ms), symbol, id, id, link, price-0.01, 500+i%7)
		}
	}
	minute(delivery-90*exchange.Day, price)
	minute(delivery-30*exchange.Second, 100)
	return b.String()
}

func stamp(future bool, ms int64) string {
	if !future {
		return ""
	}
	return fmt.Sprintf(`"T":%d,`, ms)
}
