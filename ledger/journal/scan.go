package journal

import (
	"encoding/binary"

	"github.com/perilune/perilune/exchange"
)

// appendScan writes the times as their distances from the row before: most are of a few
// hours, the same for many.
func appendScan(dst []byte, s *exchange.Scan) []byte {
	if s == nil {
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64(len(s.Rows)))
	var next exchange.Time
	for i := range s.Rows {
		r := &s.Rows[i]
		dst = appendString(appendString(dst, r.Symbol), r.Hedge)
		dst = appendInt(appendInt(dst, int64(r.Rate)), int64(r.Hours))
		dst = appendBool(dst, r.After != nil)
		if r.After != nil {
			dst = appendInt(dst, int64(*r.After))
		}
		dst = appendInt(dst, int64(r.Next-next))
		next = r.Next
		for _, v := range [...]int64{int64(r.Basis), int64(r.Spread), int64(r.Net), int64(r.Cost), r.Depth, r.Turnover} {
			dst = appendInt(dst, v)
		}
	}
	return dst
}

// scanRowLeast is how many bytes a row has at least.
const scanRowLeast = 12

func decodeScan(in *cursor, s *exchange.Scan) {
	n := in.uint()
	if n > uint64(len(in.buf)/scanRowLeast) {
		in.fail()
		return
	}
	var next exchange.Time
	for range n {
		r := exchange.ScanRow{Symbol: in.string(), Hedge: in.string(), Rate: exchange.E8(in.int()), Hours: int(in.int())}
		if in.bool() {
			after := exchange.E8(in.int())
			r.After = &after
		}
		next += exchange.Time(in.int())
		r.Next = next
		r.Basis, r.Spread, r.Net, r.Cost = exchange.E8(in.int()), exchange.E8(in.int()), exchange.E8(in.int()), exchange.E8(in.int())
		r.Depth, r.Turnover = in.int(), in.int()
		s.Rows = append(s.Rows, r)
	}
}
