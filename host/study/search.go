package study

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// Method is how points are chosen.
type Method string

// The methods.
const (
	Grid   Method = "grid"   // all combinations of levels
	Random Method = "random" // each by itself, evenly over the ranges
	TPE    Method = "tpe"    // near those that came out well: see tpe.go
)

// Methods are all of them.
var Methods = []Method{Grid, Random, TPE}

const (
	// GridLevels are those of a range without a step in a grid.
	GridLevels = 5
	// MostTrials bounds a search.
	MostTrials = 10_000
	// fresh is how often a point that was there before is drawn again. A space that is
	// nearly used up ends the search then.
	fresh = 200
	// behind is how many trials may be under way beside the one that is chosen. It is a
	// constant, and not the number of processors, so that a seed gives the same points
	// everywhere.
	behind = 8
	// startup is how many points of [TPE] are random: before, there is nothing to learn from.
	startup = 10
)

// Search chooses the points to try. The same search gives the same points, as long as the
// scores are the same.
type Search struct {
	Space  []Dimension
	Method Method
	Trials int // at most; 0: of a grid all, else 100
	Seed   uint64
	// First is tried before all others, such as the defaults; nil: nothing is. It may be
	// outside of the space.
	First []string
}

// Check says what makes no sense.
func (s *Search) Check() error {
	switch {
	case len(s.Space) == 0:
		return fmt.Errorf("nothing to search over: no parameter has a range")
	case !slices.Contains(Methods, s.Method):
		return fmt.Errorf("search %q: want grid, random or tpe", s.Method)
	case s.Trials < 0 || s.Trials > MostTrials:
		return fmt.Errorf("%d trials: want 1 to %d", s.Trials, MostTrials)
	}
	if n := s.combinations(); s.Method == Grid && s.Trials == 0 && n > MostTrials {
		return fmt.Errorf("the grid has %d points, of which at most %d can be tried: want fewer parameters or values, or random or tpe", n, MostTrials)
	}
	for i := range s.Space {
		if d := &s.Space[i]; d.Values == nil {
			if err := d.check(); err != nil {
				return err
			}
		}
	}
	return nil
}

// combinations is the size of the grid, bounded.
func (s *Search) combinations() int {
	n := 1
	for i := range s.Space {
		if n *= len(s.Space[i].Levels(GridLevels)); n > 1<<40 {
			return 1 << 40
		}
	}
	return n
}

// Count is how many trials there are at most. A space with fewer points has fewer.
func (s *Search) Count() int {
	if s.Method != Grid {
		if s.Trials == 0 {
			return 100
		}
		return s.Trials
	}
	n := s.combinations()
	if s.First != nil {
		n++
	}
	if s.Trials > 0 {
		n = min(n, s.Trials)
	}
	return min(n, MostTrials)
}

// Needs is how many trials, from the first, must have their score before trial i is chosen.
func (s *Search) Needs(i int) int {
	if s.Method != TPE || i < startup {
		return 0
	}
	return max(0, i-behind+1)
}

// Point is the point of trial i, a value for each dimension. before are the points of all
// trials before it, and scores those of the first Needs(i), the higher the better. It is nil
// when there is no new point.
func (s *Search) Point(i int, before [][]string, scores []float64) []string {
	if i == 0 && s.First != nil {
		return s.First
	}
	seen := make(map[string]bool, len(before))
	for _, p := range before {
		seen[key(p)] = true
	}
	if s.Method == Grid {
		return s.gridPoint(seen)
	}
	rng := rand.New(rand.NewPCG(s.Seed, uint64(i)))
	for range fresh {
		var p []string
		if s.Method == TPE && i >= startup {
			p = suggest(s.Space, before[:len(scores)], scores, rng)
		} else {
			for d := range s.Space {
				p = append(p, s.Space[d].At(rng.Float64()))
			}
		}
		if !seen[key(p)] {
			return p
		}
	}
	return nil
}

// gridPoint is the first point of the grid that was not tried, the last dimension changing
// fastest.
func (s *Search) gridPoint(seen map[string]bool) []string {
	levels := make([][]string, len(s.Space))
	for d := range s.Space {
		levels[d] = s.Space[d].Levels(GridLevels)
	}
	at := max(0, len(seen)-1) // all but the first are points of the grid, in order
	for n := s.combinations(); at < n; at++ {
		p, rest := make([]string, len(levels)), at
		for d := len(levels) - 1; d >= 0; d-- {
			p[d] = levels[d][rest%len(levels[d])]
			rest /= len(levels[d])
		}
		if !seen[key(p)] {
			return p
		}
	}
	return nil
}

func key(p []string) string { return strings.Join(p, "\x00") }
