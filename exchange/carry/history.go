package carry

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// unit is what a basis is kept in: a tenth of a basis point.
const unit = 1e-5

// History is how a pair's basis was, sampled at even times. Its text is short and
// plain, to be kept with a strategy's state: the time of the newest sample in
// seconds, then opening and closing basis of each sample in tenths of a basis
// point, oldest first.
//
//	1767322800 -43/-31 -40/-29
type History struct {
	at          int64 // seconds; 0: no sample
	open, close []float64
}

// ParseHistory reads the text of a history; "" is an empty one.
func ParseHistory(text string) (*History, error) {
	h := &History{}
	if text == "" {
		return h, nil
	}
	at, rest, _ := strings.Cut(text, " ")
	var err error
	if h.at, err = strconv.ParseInt(at, 10, 64); err != nil {
		return nil, fmt.Errorf("basis history: time %q: want seconds since the epoch", at)
	}
	n := strings.Count(rest, "/")
	h.open, h.close = make([]float64, 0, n+1), make([]float64, 0, n+1)
	for rest != "" {
		var sample string
		sample, rest, _ = strings.Cut(rest, " ")
		open, closing, _ := strings.Cut(sample, "/")
		o, errOpen := strconv.Atoi(open)
		c, errClose := strconv.Atoi(closing)
		if errOpen != nil || errClose != nil {
			return nil, fmt.Errorf("basis history: sample %q: want opening/closing in tenths of a basis point, such as -43/-31", sample)
		}
		h.open, h.close = append(h.open, float64(o)*unit), append(h.close, float64(c)*unit)
	}
	return h, nil
}

// Add takes a sample if the newest is at least about an interval old, and keeps the
// last n. It reports whether it took it. A minute is granted, so that samples whose
// time wavers do not skip one.
func (h *History) Add(now, interval exchange.Time, n int, open, closing float64) bool {
	at := int64(now / exchange.Second)
	if h.at != 0 && at < h.at+int64((interval-exchange.Minute)/exchange.Second) {
		return false
	}
	h.at = at
	h.open, h.close = append(h.open, rounded(open)), append(h.close, rounded(closing))
	if drop := len(h.open) - n; drop > 0 {
		h.open, h.close = h.open[drop:], h.close[drop:]
	}
	return true
}

func rounded(x float64) float64 { return math.Round(x/unit) * unit }

// Len is the number of samples.
func (h *History) Len() int { return len(h.open) }

// Open is the quantile p of the opening basis, 0 without a sample.
func (h *History) Open(p float64) float64 { return quantile(append([]float64(nil), h.open...), p) }

// Close is the quantile p of the closing basis, 0 without a sample.
func (h *History) Close(p float64) float64 { return quantile(append([]float64(nil), h.close...), p) }

func (h *History) String() string {
	if h.at == 0 {
		return ""
	}
	b := strconv.AppendInt(make([]byte, 0, 12+10*len(h.open)), h.at, 10)
	for i := range h.open {
		b = append(b, ' ')
		b = strconv.AppendInt(b, int64(math.Round(h.open[i]/unit)), 10)
		b = append(b, '/')
		b = strconv.AppendInt(b, int64(math.Round(h.close[i]/unit)), 10)
	}
	return string(b)
}
