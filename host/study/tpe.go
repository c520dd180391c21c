package study

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
)

// The tree-structured Parzen estimator models, for each parameter by itself, where the good
// trials lie and where the others do, and proposes what is likely among the good and
// unlikely among the others.
//
// Source: Bergstra, Bardenet, Bengio, Kégl, "Algorithms for Hyper-Parameter Optimization",
// NIPS 2011, section 4; a tenth of the trials are good ones, as in Optuna. It is written here
// because goptuna, the Go library of it, brings gorm and gonum along for what is a page.
const (
	candidates = 24
	mostGood   = 25
)

// suggest proposes a point.
func suggest(space []Dimension, points [][]string, scores []float64, rng *rand.Rand) []string {
	order := make([]int, len(points))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return scores[order[a]] > scores[order[b]] })
	good := min(mostGood, max(2, (len(points)+9)/10), len(points))
	out := make([]string, len(space))
	for d := range space {
		dim := &space[d]
		places := func(of []int) (list []float64) {
			for _, i := range of {
				if u, ok := dim.Place(points[i][d]); ok {
					list = append(list, u)
				}
			}
			return list
		}
		if dim.Values != nil {
			out[d] = suggestValue(dim, places(order[:good]), places(order[good:]), rng)
			continue
		}
		likely, other := parzen(places(order[:good])), parzen(places(order[good:]))
		best, most := 0.5, math.Inf(-1)
		for range candidates {
			u := likely.draw(rng)
			if gain := math.Log(likely.density(u)) - math.Log(other.density(u)); gain > most {
				best, most = u, gain
			}
		}
		out[d] = dim.At(best)
	}
	return out
}

// suggestValue does the same for values without an order: by how often they were good.
func suggestValue(dim *Dimension, good, others []float64, rng *rand.Rand) string {
	weights := func(places []float64) []float64 {
		w := make([]float64, len(dim.Values))
		for i := range w {
			w[i] = 1 / float64(len(dim.Values)) // one trial of nothing known
		}
		for _, u := range places {
			w[int(u*float64(len(w)))]++
		}
		for i := range w {
			w[i] /= float64(len(places) + 1)
		}
		return w
	}
	likely, other := weights(good), weights(others)
	best, most := 0, math.Inf(-1)
	for range candidates {
		left, i := rng.Float64(), 0
		for ; i < len(likely)-1 && left >= likely[i]; i++ {
			left -= likely[i]
		}
		if gain := likely[i] / other[i]; gain > most {
			best, most = i, gain
		}
	}
	return dim.Values[best]
}

// mixture is a sum of equal normal distributions, each cut to the unit interval.
type mixture struct{ center, width []float64 }

// parzen makes a distribution of points: each is as wide as the way to its further
// neighbor, and a wide one over all is added for what was never tried.
func parzen(points []float64) mixture {
	m := mixture{center: []float64{0.5}, width: []float64{1}}
	points = append(points, 0.5)
	slices.Sort(points)
	middle, _ := slices.BinarySearch(points, 0.5)
	least := 1 / math.Min(100, float64(len(points)+1))
	for i, u := range points {
		if i == middle {
			continue
		}
		way := 0.0
		if i > 0 {
			way = u - points[i-1]
		}
		if i < len(points)-1 {
			way = max(way, points[i+1]-u)
		}
		m.center, m.width = append(m.center, u), append(m.width, min(1, max(way, least)))
	}
	return m
}

func (m *mixture) draw(rng *rand.Rand) float64 {
	i := rng.IntN(len(m.center))
	for range fresh {
		if u := m.center[i] + m.width[i]*rng.NormFloat64(); u >= 0 && u < 1 {
			return u
		}
	}
	return m.center[i]
}

func (m *mixture) density(u float64) (sum float64) {
	for i, c := range m.center {
		z := (u - c) / m.width[i]
		inside := normal((1-c)/m.width[i]) - normal(-c/m.width[i])
		sum += math.Exp(-z*z/2) / (m.width[i] * math.Sqrt(2*math.Pi) * inside)
	}
	return sum / float64(len(m.center))
}
