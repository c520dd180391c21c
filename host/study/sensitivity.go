package study

import (
	"math"
	"slices"
)

// heatLevels are the columns of a heat map over a parameter with more values.
const heatLevels = 8

// Heat shows how the score of trials hangs on two parameters, whatever the others were.
type Heat struct {
	X       string   `json:"x"` // parameters
	Y       string   `json:"y"`
	XLevels []string `json:"x_levels"`
	YLevels []string `json:"y_levels"`
	// Mean and N are by Y and X: the mean score of a cell's trials, and how many there were.
	Mean [][]float64 `json:"mean"`
	N    [][]int     `json:"n"`
}

// Influence is how much of the scores' variance the place in one dimension explains, from 0
// to 1: the correlation ratio of Fisher over the levels of a heat map.
func Influence(d *Dimension, points [][]string, at int, scores []float64) float64 {
	all := MomentsOf(scores)
	if all.SD == 0 {
		return 0
	}
	cells := map[int][]float64{}
	for i, p := range points {
		if c := cell(d, p[at]); c >= 0 {
			cells[c] = append(cells[c], scores[i])
		}
	}
	between := 0.0
	for c := range len(levelsOf(d)) {
		if m := MomentsOf(cells[c]); m.N > 0 {
			between += float64(m.N) * (m.Mean - all.Mean) * (m.Mean - all.Mean)
		}
	}
	return between / (all.SD * all.SD * float64(all.N-1))
}

// MostInfluential are the two dimensions that explain most; false: there are not two.
func MostInfluential(space []Dimension, points [][]string, scores []float64) (x, y int, ok bool) {
	if len(space) < 2 {
		return 0, 0, false
	}
	order := make([]int, len(space))
	part := make([]float64, len(space))
	for i := range space {
		order[i], part[i] = i, Influence(&space[i], points, i, scores)
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case part[a] > part[b]:
			return -1
		case part[a] < part[b]:
			return 1
		}
		return 0
	})
	return order[0], order[1], true
}

// Sensitivity is the heat map over two dimensions, by their place in the space.
func Sensitivity(space []Dimension, points [][]string, scores []float64, x, y int) *Heat {
	dx, dy := &space[x], &space[y]
	h := &Heat{X: dx.Name, Y: dy.Name, XLevels: levelsOf(dx), YLevels: levelsOf(dy)}
	for range h.YLevels {
		h.Mean, h.N = append(h.Mean, make([]float64, len(h.XLevels))), append(h.N, make([]int, len(h.XLevels)))
	}
	for i, p := range points {
		cx, cy := cell(dx, p[x]), cell(dy, p[y])
		if cx < 0 || cy < 0 || math.IsInf(scores[i], 0) {
			continue
		}
		h.N[cy][cx]++
		h.Mean[cy][cx] += (scores[i] - h.Mean[cy][cx]) / float64(h.N[cy][cx])
	}
	return h
}

// columns is how many cells a dimension has.
func columns(d *Dimension) int {
	if n := d.Size(); n > 0 && (n <= heatLevels || d.Values != nil) {
		return n
	}
	return heatLevels
}

// levelsOf are the values in the middle of the cells.
func levelsOf(d *Dimension) (out []string) {
	n := columns(d)
	for i := range n {
		out = append(out, d.At((float64(i)+0.5)/float64(n)))
	}
	return out
}

// cell is where a value is; -1: outside.
func cell(d *Dimension, value string) int {
	u, ok := d.Place(value)
	if !ok {
		return -1
	}
	n := columns(d)
	return min(int(u*float64(n)), n-1)
}

// Range is the least and the largest mean of the cells with trials.
func (h *Heat) Range() (least, most float64) {
	least, most = math.Inf(1), math.Inf(-1)
	for y := range h.Mean {
		for x, v := range h.Mean[y] {
			if h.N[y][x] > 0 {
				least, most = min(least, v), max(most, v)
			}
		}
	}
	return least, most
}
