package journal

import (
	"encoding/binary"
	"slices"

	"github.com/perilune/perilune/exchange"
)

// appendPast writes times as their distances from the one before, which are alike.
func appendPast(dst []byte, p *exchange.Past) []byte {
	if p == nil {
		return dst
	}
	var at exchange.Time
	when := func(t exchange.Time) {
		dst = appendInt(dst, int64(t-at))
		at = t
	}
	dst = binary.AppendUvarint(dst, uint64(len(p.Settled)))
	for _, s := range p.Settled {
		when(s.Time)
		dst = appendInt(appendInt(appendInt(dst, int64(s.Rate)), int64(s.Mark)), int64(s.Hours))
	}
	dst = binary.AppendUvarint(dst, uint64(len(p.Premiums)))
	for _, x := range p.Premiums {
		when(x.Time)
		dst = appendInt(dst, int64(x.Rate))
	}
	dst = binary.AppendUvarint(dst, uint64(len(p.Bars)))
	for i := range p.Bars {
		when(p.Bars[i].Time)
		dst = appendBar(dst, &p.Bars[i])
	}
	if !pastFlows(p) {
		return dst
	}
	for i := range p.Bars {
		dst = appendFlow(dst, &p.Bars[i].Flow)
	}
	return dst
}

// pastFlows reports whether anything is told of the trades of any bar.
func pastFlows(p *exchange.Past) bool {
	return slices.ContainsFunc(p.Bars, func(b exchange.Bar) bool { return b.Known != 0 })
}

func decodePastFlows(in *cursor, p *exchange.Past) {
	if p == nil || len(p.Bars) == 0 {
		in.fail()
		return
	}
	for i := range p.Bars {
		decodeFlow(in, &p.Bars[i].Flow)
	}
}

func decodePast(in *cursor, p *exchange.Past) {
	var at exchange.Time
	when := func() exchange.Time {
		at += exchange.Time(in.int())
		return at
	}
	for range elements(in, 4) {
		p.Settled = append(p.Settled, exchange.Settled{Time: when(), Rate: exchange.E8(in.int()), Mark: exchange.E8(in.int()), Hours: int(in.int())})
	}
	for range elements(in, 2) {
		p.Premiums = append(p.Premiums, exchange.Premium{Time: when(), Rate: exchange.E8(in.int())})
	}
	for range elements(in, 14) {
		closed := when()
		b := exchange.Bar{}
		decodeBar(in, &b)
		b.Time = closed
		p.Bars = append(p.Bars, b)
	}
}

// elements reads how many follow, each of at least so many bytes: no more memory is taken
// than the bytes that are there account for.
func elements(in *cursor, least int) uint64 {
	n := in.uint()
	if n > uint64(len(in.buf)/least) {
		in.fail()
		return 0
	}
	return n
}
