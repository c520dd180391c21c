package bindings

import (
	"fmt"
	"strings"
)

// DidYouMean returns `; did you mean "x"?` for the name closest to a mistyped
// one, or nothing when none is close enough to be a likely typing error.
func DidYouMean(typed string, names []string) string {
	if len(typed) > longestTypo {
		return ""
	}
	best, bestD := "", 2+len(typed)/3
	for _, n := range names {
		if d := editDistance(strings.ToLower(typed), strings.ToLower(n)); d < bestD {
			best, bestD = n, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// longestTypo is how long a name may be that is compared: nobody mistypes a
// megabyte, and comparing one takes seconds.
const longestTypo = 256

func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diag := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diag
			if a[i-1] != b[j-1] {
				cost = 1 + min(diag, row[j], row[j-1])
			}
			diag, row[j] = row[j], cost
		}
	}
	return row[len(b)]
}
