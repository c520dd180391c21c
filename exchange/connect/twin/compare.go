package twin

import (
	"fmt"
	"math"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/quantile"
)

// Comparison is what two feeds of the same books came to. Times are in milliseconds, and
// quantiles at most 3.2 % above the exact ones.
type Comparison struct {
	House    string  `json:"house"`
	Active   string  `json:"active"`    // at the end
	Prefer   string  `json:"preferred"` // as configured
	Switches int     `json:"switches"`
	Books    int     `json:"books"` // that both feeds have
	Looks    uint64  `json:"looks"` // once a second at each book that both had
	Agree    float64 `json:"agree"` // fraction of them with the same best bid and ask
	ApartBP  float64 `json:"apart_max_bp"`
	Feeds    []Feed  `json:"feeds"` // the venue's, then the relay's
}

// Feed is one of the two.
type Feed struct {
	Name     string  `json:"name"`
	Messages uint64  `json:"messages"`
	Gaps     uint64  `json:"gaps"`
	Ready    int     `json:"books_ready"`
	Timed    uint64  `json:"latency_messages"` // of which the latency is known
	P50      float64 `json:"latency_p50_ms"`
	P99      float64 `json:"latency_p99_ms"`
	First    uint64  `json:"first"` // times that it had the same best prices before the other
	LeadP50  float64 `json:"lead_p50_ms"`
	LeadP99  float64 `json:"lead_p99_ms"`
}

// Comparison is what was seen of both feeds so far.
func (m *Market) Comparison() Comparison {
	m.mu.Lock()
	c := Comparison{Active: names[m.judge.active], Prefer: names[m.judge.prefer], Switches: m.judge.count, Feeds: make([]Feed, 2)}
	m.mu.Unlock()
	var same uint64
	var latency, leads [2]quantile.Sketch
	for _, p := range m.pairs {
		if p == nil {
			continue
		}
		p.mu.Lock()
		c.Books++
		c.Looks, same, c.ApartBP = c.Looks+p.looks, same+p.same, max(c.ApartBP, p.apart)
		for i := range p.sides {
			s, f := &p.sides[i], &c.Feeds[i]
			f.Messages += s.messages
			f.Gaps += s.gaps
			if s.book.Ready() {
				f.Ready++
			}
			latency[i].Merge(&s.latency)
			leads[i].Merge(&p.leads[i])
		}
		p.mu.Unlock()
	}
	for i := range c.Feeds {
		f := &c.Feeds[i]
		f.Name, f.Timed, f.First = names[i], latency[i].Count(), leads[i].Count()
		f.P50, f.P99 = millis(latency[i].Quantile(500)), millis(latency[i].Quantile(990))
		f.LeadP50, f.LeadP99 = millis(leads[i].Quantile(500)), millis(leads[i].Quantile(990))
	}
	c.ApartBP = math.Round(c.ApartBP*100) / 100
	if c.Looks > 0 {
		c.Agree = math.Round(float64(same)/float64(c.Looks)*1e4) / 1e4
	}
	return c
}

func millis(t exchange.Time) float64 {
	return math.Round(float64(t)/float64(exchange.Microsecond)) / 1e3
}

// String is all of it in a sentence.
func (c *Comparison) String() string {
	var parts []string
	parts = append(parts, fmt.Sprintf("%d books, best bid and ask the same at %.1f %% of %d looks, middles at most %.2f bp apart", c.Books, 100*c.Agree, c.Looks, c.ApartBP))
	for _, f := range c.Feeds {
		text := fmt.Sprintf("%s: %d messages, %d gaps", f.Name, f.Messages, f.Gaps)
		if f.Timed > 0 {
			text += fmt.Sprintf(", latency p50 %.1f p99 %.1f ms", f.P50, f.P99)
		}
		if f.First > 0 {
			text += fmt.Sprintf(", first %d times by p50 %.1f p99 %.1f ms", f.First, f.LeadP50, f.LeadP99)
		}
		parts = append(parts, text)
	}
	return strings.Join(append(parts, fmt.Sprintf("active: %s, changed %d times", c.Active, c.Switches)), "; ")
}
