package simfront

import (
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// Tickers over a window that the caller names. Source: GET v3/ticker and
// v3/ticker/tradingDay of spot.

// maxTickerSymbols is how many symbols one request may name.
const maxTickerSymbols = 100

// eachSymbol costs by the symbols that are named, up to a most.
func eachSymbol(one, most int) func(*call) int {
	return func(c *call) int {
		if c.has("symbol") {
			return one
		}
		return min(most, one*(1+strings.Count(c.get("symbols"), ",")))
	}
}

// rollingTicker is of the last windowSize, from a whole minute on.
func (h *tickers) rollingTicker(c *call) (any, *fault) {
	length, f := windowSize(c.get("windowSize"))
	if f != nil {
		return nil, f
	}
	from := h.clock.Now() - length
	return h.spanTicker(c, from-from%exchange.Minute, h.clock.Now())
}

// windowSize reads 1m to 59m, 1h to 23h and 1d to 7d.
func windowSize(text string) (exchange.Time, *fault) {
	if text == "" {
		return exchange.Day, nil
	}
	unit, most := exchange.Minute, 59
	switch text[len(text)-1] {
	case 'm':
	case 'h':
		unit, most = exchange.Hour, 23
	case 'd':
		unit, most = exchange.Day, 7
	default:
		unit = 0
	}
	n, err := strconv.Atoi(text[:len(text)-1])
	if err != nil || unit == 0 || n < 1 || n > most {
		return 0, bad(-1130, "Data sent for parameter 'windowSize' is not valid.")
	}
	return exchange.Time(n) * unit, nil
}

// tradingDayTicker is of the day so far in a time zone.
func (h *tickers) tradingDayTicker(c *call) (any, *fault) {
	zone, f := timeZone(c.get("timeZone"))
	if f != nil {
		return nil, f
	}
	from := h.clock.Now() - (h.clock.Now()+zone)%exchange.Day
	return h.spanTicker(c, from, from+exchange.Day-exchange.Millisecond)
}

// timeZone reads hours and minutes from UTC: "0", "-1:00", "05:45".
func timeZone(text string) (exchange.Time, *fault) {
	invalid := bad(-1130, "Data sent for parameter 'timeZone' is not valid.")
	if text == "" {
		return 0, nil
	}
	h, m, _ := strings.Cut(strings.TrimLeft(text, "+-"), ":")
	hours, err := strconv.Atoi(h)
	if err != nil {
		return 0, invalid
	}
	minutes := 0
	if m != "" {
		if minutes, err = strconv.Atoi(m); err != nil || minutes > 59 {
			return 0, invalid
		}
	}
	zone := exchange.Time(hours)*exchange.Hour + exchange.Time(minutes)*exchange.Minute
	if strings.HasPrefix(text, "-") {
		zone = -zone
	}
	if zone < -12*exchange.Hour || zone > 14*exchange.Hour {
		return 0, invalid
	}
	return zone, nil
}

// spanTicker answers for symbol with an object and for symbols with a list.
func (h *tickers) spanTicker(c *call, from, to exchange.Time) (any, *fault) {
	if !c.has("symbol") && !c.has("symbols") {
		return nil, missing("symbol")
	}
	wanted, f := h.wanted(c)
	if f != nil {
		return nil, f
	}
	if len(wanted) > maxTickerSymbols {
		return nil, bad(-1101, "Too many symbols: at most %d.", maxTickerSymbols)
	}
	kind := c.get("type")
	if kind != "" && kind != "FULL" && kind != "MINI" {
		return nil, bad(-1130, "Data sent for parameter 'type' is not valid.")
	}
	if c.has("symbol") {
		return wanted[0].spanTicker(from, to, kind == "MINI"), nil
	}
	out := list{}
	for _, m := range wanted {
		out = append(out, m.spanTicker(from, to, kind == "MINI"))
	}
	return out, nil
}

func (m *market) spanTicker(from, to exchange.Time, mini bool) object {
	d, _ := m.Since(from)
	move, percent, mean := m.moved(&d)
	o := object{{"symbol", m.In.Symbol}}
	if !mini {
		o = o.with(field{"priceChange", move}, field{"priceChangePercent", percent}, field{"weightedAvgPrice", mean})
	}
	return o.with(field{"openPrice", m.PriceText(d.Open)}, field{"highPrice", m.PriceText(d.High)}, field{"lowPrice", m.PriceText(d.Low)}, field{"lastPrice", m.PriceText(d.Close)},
		field{"volume", m.QtyText(d.Volume)}, field{"quoteVolume", d.Worth}, field{"openTime", millis(from)}, field{"closeTime", millis(to)},
		field{"firstId", d.FirstID}, field{"lastId", d.LastID}, field{"count", d.Count})
}
