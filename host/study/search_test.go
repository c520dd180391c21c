package study

import (
	"math"
	"slices"
	"strconv"
	"testing"
)

func dims(t *testing.T, pairs ...string) (out []Dimension) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		d, err := ParseDimension(pairs[i], pairs[i+1])
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, d)
	}
	return out
}

// trace runs a search on a function and returns its points and scores.
func trace(t *testing.T, s *Search, f func([]string) float64) (points [][]string, scores []float64) {
	t.Helper()
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	for i := range s.Count() {
		p := s.Point(i, points, scores[:s.Needs(i)])
		if p == nil {
			break
		}
		points, scores = append(points, p), append(scores, f(p))
	}
	return points, scores
}

// branin is the function of Branin (Dixon and Szegő 1978), with minima of 0.397887.
func branin(p []string) float64 {
	x, _ := strconv.ParseFloat(p[0], 64)
	y, _ := strconv.ParseFloat(p[1], 64)
	a := y - 5.1/(4*math.Pi*math.Pi)*x*x + 5/math.Pi*x - 6
	return -(a*a + 10*(1-1/(8*math.Pi))*math.Cos(x) + 10)
}

// TestTPEFindsWhatChanceDoesNot over twenty seeds, on Branin's function and near a point in
// four dimensions.
func TestTPEFindsWhatChanceDoesNot(t *testing.T) {
	bowl := func(p []string) (out float64) {
		for i, v := range p {
			x, _ := strconv.ParseFloat(v, 64)
			d := x - []float64{0.2, 0.7, 0.5, 0.9}[i]
			out -= d * d
		}
		return out
	}
	for _, c := range []struct {
		name        string
		space       []Dimension
		f           func([]string) float64
		least, part float64 // of what chance is off by
	}{
		{"Branin", dims(t, "x", "-5..10", "y", "0..15"), branin, 0.397887, 0.75},
		{"bowl", dims(t, "a", "0..1", "b", "0..1", "c", "0..1", "d", "0..1"), bowl, 0, 0.3},
	} {
		off := map[Method]float64{}
		for _, method := range []Method{TPE, Random} {
			for seed := range uint64(20) {
				_, scores := trace(t, &Search{Space: c.space, Method: method, Trials: 100, Seed: seed}, c.f)
				off[method] += (-slices.Max(scores) - c.least) / 20
			}
		}
		if off[TPE] < 0 || off[TPE] > c.part*off[Random] {
			t.Errorf("%s: the best of 100 is off by %v, and at random by %v", c.name, off[TPE], off[Random])
		}
	}
}

// TestASearchIsThatOfItsSeed, and needs no more scores than it says.
func TestASearchIsThatOfItsSeed(t *testing.T) {
	for _, method := range []Method{Random, TPE} {
		s := &Search{Space: dims(t, "x", "1..1000:log", "y", "0..15:step=0.5", "z", "a,b,c"), Method: method, Trials: 60, Seed: 4, First: []string{"7", "1", "b"}}
		score := func(p []string) float64 {
			x, _ := strconv.ParseFloat(p[0], 64)
			return x
		}
		a, _ := trace(t, s, score)
		b, _ := trace(t, s, score)
		s.Seed = 5
		c, _ := trace(t, s, score)
		same := func(a, b [][]string) bool { return slices.EqualFunc(a, b, slices.Equal[[]string]) }
		if !same(a, b) || same(a, c) || !slices.Equal(a[0], s.First) || len(a) != 60 {
			t.Errorf("%s: %d points, %v", method, len(a), a[:3])
		}
		for _, p := range a {
			for d := range s.Space {
				if _, ok := s.Space[d].Place(p[d]); !ok {
					t.Fatalf("%s: %v is outside of %+v", method, p, s.Space[d])
				}
			}
		}
	}
}

// TestAGridIsAllOfIt, each point once, and a space that is used up ends a search.
func TestAGridIsAllOfIt(t *testing.T) {
	space := dims(t, "x", "1..3:step=1", "y", "a,b")
	for _, c := range []struct {
		search Search
		want   int
	}{
		{Search{Method: Grid}, 6},
		{Search{Method: Grid, First: []string{"2", "a"}}, 6},
		{Search{Method: Grid, First: []string{"9", "a"}}, 7},
		{Search{Method: Grid, Trials: 4}, 4},
		{Search{Method: Random, Trials: 500}, 6},
		{Search{Method: TPE, Trials: 500}, 6},
	} {
		c.search.Space = space
		points, _ := trace(t, &c.search, func([]string) float64 { return 0 })
		seen := map[string]bool{}
		for _, p := range points {
			seen[key(p)] = true
		}
		if len(points) != c.want || len(seen) != c.want {
			t.Errorf("%+v: %d points, %d of them different: want %d", c.search, len(points), len(seen), c.want)
		}
	}
}

func TestDimensions(t *testing.T) {
	for _, c := range []struct{ text, first, middle, last string }{
		{"5..50:step=5", "5", "30", "50"},
		{"0..1", "0", "0.5", "1"},
		{"0.1..0.4:step=0.1", "0.1", "0.3", "0.4"},
		{"10..100000:log", "10", "1000", "99990"},
		{"b,a,c,a", "b", "a", "c"},
	} {
		d, err := ParseDimension("p", c.text)
		if err != nil {
			t.Fatal(err)
		}
		if a, b, e := d.At(0), d.At(0.5), d.At(0.99999); a != c.first || b != c.middle || (e != c.last && c.text != "10..100000:log") {
			t.Errorf("%s: %s, %s, %s", c.text, a, b, e)
		}
		for _, u := range []float64{0.01, 0.3, 0.77} {
			v := d.At(u)
			if place, ok := d.Place(v); !ok || d.At(place) != v {
				t.Errorf("%s: %s is at %v, where %s is", c.text, v, place, d.At(place))
			}
		}
	}
	for _, text := range []string{"", "5..1", "0..5:log", "1..2:step=0", "1..2:lag", "1..x", "1..5:log:step=1"} {
		if d, err := ParseDimension("p", text); err == nil {
			t.Errorf("%q was taken: %+v", text, d)
		}
	}
}
