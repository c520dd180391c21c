package record

import "github.com/perilune/perilune/exchange"

// Span is the time that the bars are of: the first closes at from, and all close before to.
func (h *History) Span() (from, to exchange.Time) {
	for _, o := range h.observed {
		s := h.bars[o.fullKey()]
		if s == nil || len(s.bars) == 0 {
			continue
		}
		if first := s.close(0); from == 0 || first < from {
			from = first
		}
		to = max(to, s.close(len(s.bars)-1)+1)
	}
	return from, to
}
