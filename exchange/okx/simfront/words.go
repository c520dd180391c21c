package simfront

import (
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/okx/payload"
	"github.com/perilune/perilune/exchange/simserver"
)

// market finds an instrument by its name, nil when there is none.
func (d *dialect) market(symbol string) *simserver.Market {
	for _, t := range api.Types {
		if seg := d.types[t]; seg != nil {
			if m := d.s.Market(seg, symbol); m != nil {
				return m
			}
		}
	}
	return nil
}

// marketOf finds one by its code.
func (d *dialect) marketOf(code int64) *simserver.Market {
	i := int(code - instCode)
	if list := d.s.Markets(); i >= 0 && i < len(list) && list[i].Segment != nil {
		return list[i]
	}
	return nil
}

// all are the instruments of a type, in order.
func (d *dialect) all(t api.Type) (out []*simserver.Market) {
	for _, m := range d.s.Markets() {
		if m.Segment != nil && m.Segment == d.types[t] {
			out = append(out, m)
		}
	}
	return out
}

func typeOf(m *simserver.Market) api.Type { return api.Of(m.In.Venue) }

// now is the market's time in text.
func (d *dialect) now() string { return ms(d.s.Clock.Now()) }

func ms(t exchange.Time) string { return strconv.FormatInt(int64(t/exchange.Millisecond), 10) }

// one is what a size of 1 is of our unit: the coins of a linear contract.
func one(in *exchange.Instrument) decimal.Decimal {
	if in.Contract == exchange.Linear {
		return in.ContractSize
	}
	return decimal.NewFromInt(1)
}

func price(in *exchange.Instrument, p exchange.Ticks) string {
	return string(fixed.Append(nil, int64(p), in.Tick))
}

// size is a quantity as the wire counts it.
func size(in *exchange.Instrument, q exchange.Lots) string {
	return string(fixed.Append(nil, int64(q), payload.WireLot(in)))
}

// money is a sum as the exchange keeps it: what is told adds up.
func money(d decimal.Decimal) string { return d.String() }

func sideText(s exchange.Side) string { return s.String() }

// family is the pair of a contract: its index and its margin steps are under its name.
func family(in *exchange.Instrument) string {
	if in.Contract == exchange.Spot {
		return ""
	}
	return payload.IndexOf(in)
}

// intervals are the lengths of candles by the exchange's names.
var intervals = map[string]string{"1m": "1m", "3m": "3m", "5m": "5m", "15m": "15m", "30m": "30m", "1H": "1h", "2H": "2h", "4H": "4h",
	"6H": "6h", "6Hutc": "6h", "12H": "12h", "12Hutc": "12h", "1D": "1d", "1Dutc": "1d", "3D": "3d", "3Dutc": "3d", "1W": "1w", "1Wutc": "1w", "1M": "1M", "1Mutc": "1M"}

// fields are those of a request that a body or a query may have, as text.
type fields map[string]any

func (f fields) text(name string) string {
	switch v := f[name].(type) {
	case string:
		return strings.TrimSpace(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}
