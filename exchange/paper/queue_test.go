package paper

import (
	"math"
	"testing"

	"github.com/perilune/perilune/exchange"
)

func TestQueueDepth(t *testing.T) {
	for _, c := range []struct {
		name  string
		q     Queue
		p     place
		shown exchange.Lots
		want  float64
	}{
		{"reference vector", Queue{"power", 1}, place{front: 60, shown: 100}, 80, 48},
		{"averse keeps its place", Queue{"risk_averse", 1}, place{front: 60, shown: 100}, 80, 60},
		{"averse, level below front", Queue{"risk_averse", 1}, place{front: 60, shown: 100}, 40, 40},
		{"growth is behind", Queue{"power", 1}, place{front: 60, shown: 100}, 500, 60},
		{"trades explain the change", Queue{"power", 1}, place{front: 40, traded: 20, shown: 100}, 80, 40},
		{"first sight", Queue{"power", 1}, place{front: math.Inf(1)}, 70, 70},
		{"level gone", Queue{"log", 1}, place{front: 60, shown: 100}, 0, 0},
		{"nobody behind: all cancels were in front", Queue{"power", 1}, place{front: 100, shown: 100}, 70, 70},
		{"more left than was in front", Queue{"log", 1}, place{front: 2, shown: 1002}, 502, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := c.p
			p.depth(c.shown, c.q)
			if math.Abs(p.front-c.want) > 1e-9 {
				t.Errorf("front %g, want %g", p.front, c.want)
			}
			if p.shown != c.shown || p.traded != 0 {
				t.Errorf("remembers %d shown, %g traded", p.shown, p.traded)
			}
		})
	}
}

func TestQueueProbability(t *testing.T) {
	for _, c := range []struct {
		q           Queue
		front, back float64
		want        float64
	}{
		{Queue{"power", 1}, 60, 40, 0.4},
		{Queue{"power", 2}, 60, 40, 1600.0 / 5200},
		{Queue{"power2", 2}, 60, 40, 0.16},
		{Queue{"power3", 2}, 60, 40, 0.64},
		{Queue{"log", 1}, 60, 40, math.Log(41) / (math.Log(41) + math.Log(61))},
		{Queue{"log2", 1}, 60, 40, math.Log(41) / math.Log(101)},
		{Queue{"power", 1}, 0, 0, 1},
		{Queue{"log2", 1}, 0, 0, 1},
	} {
		if got := c.q.behind(c.front, c.back); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s n=%g, %g in front, %g behind: %g, want %g", c.q.Model, c.q.Power, c.front, c.back, got, c.want)
		}
	}
}

func TestQueueTrade(t *testing.T) {
	p := place{front: 10, shown: 10}
	for _, c := range []struct{ public, reached exchange.Lots }{{4, 0}, {6, 0}, {3, 3}} {
		if got := p.trade(c.public, c.public); got != c.reached {
			t.Errorf("of %d, %d reached us, want %d", c.public, got, c.reached)
		}
	}
	if p.traded != 13 {
		t.Errorf("%g traded at our price, want 13", p.traded)
	}
	never := place{front: math.Inf(1)}
	if never.trade(1e9, 1e9) != 0 {
		t.Error("filled at a level that was never seen")
	}
}
