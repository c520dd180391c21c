package fixed

import "github.com/perilune/perilune/exchange"

// Levels is what the decoders read most: [["price","quantity"],…], whose opening bracket is
// taken, up to the closing one. It appends them to dst and returns what comes after. ok is
// false for what is not plainly so, as with [Prefix]: then the slow way knows better.
func Levels(dst []exchange.Level, b []byte, tick, lot exchange.Step) (out []exchange.Level, rest []byte, ok bool) {
	if len(b) > 0 && b[0] == ']' {
		return dst, b[1:], true
	}
	for len(b) > 2 && b[0] == '[' && b[1] == '"' {
		price, used := Prefix(b[2:], tick)
		b = b[2+used:]
		if price <= 0 || len(b) < 3 || b[0] != '"' || b[1] != ',' || b[2] != '"' {
			return dst, nil, false
		}
		qty, used := Prefix(b[3:], lot)
		b = b[3+used:]
		if used == 0 || len(b) < 3 || b[0] != '"' || b[1] != ']' {
			return dst, nil, false
		}
		dst = append(dst, exchange.Level{Price: exchange.Ticks(price), Qty: exchange.Lots(qty)})
		last := b[2]
		b = b[3:]
		if last == ']' {
			return dst, b, true
		}
		if last != ',' {
			break
		}
	}
	return dst, nil, false
}
