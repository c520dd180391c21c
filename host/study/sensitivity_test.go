package study

import (
	"strconv"
	"testing"
)

// TestSensitivity: of three parameters one means nothing, and the map has the means of a
// function that is known.
func TestSensitivity(t *testing.T) {
	space := dims(t, "idle", "1..4:step=1", "a", "0..3:step=1", "b", "x,y")
	points, scores := trace(t, &Search{Space: space, Method: Grid}, func(p []string) float64 {
		a, _ := strconv.ParseFloat(p[1], 64)
		if p[2] == "y" {
			return 10 + a
		}
		return a
	})
	x, y, ok := MostInfluential(space, points, scores)
	if !ok || space[x].Name != "b" || space[y].Name != "a" {
		t.Fatalf("most hangs on %s and %s", space[x].Name, space[y].Name)
	}
	near(t, "of nothing", Influence(&space[0], points, 0, scores), 0, 1e-12)
	near(t, "all together", Influence(&space[1], points, 1, scores)+Influence(&space[2], points, 2, scores), 1, 1e-12)
	h := Sensitivity(space, points, scores, 1, 2)
	for row, plus := range []float64{0, 10} {
		for col := range 4 {
			if h.Mean[row][col] != plus+float64(col) || h.N[row][col] != 4 {
				t.Errorf("cell %d, %d: %v of %d", row, col, h.Mean[row][col], h.N[row][col])
			}
		}
	}
	if least, most := h.Range(); least != 0 || most != 13 {
		t.Errorf("from %v to %v", least, most)
	}
}
