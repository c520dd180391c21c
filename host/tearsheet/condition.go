package tearsheet

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Condition is something that must not be: "max_drawdown>0.2".
type Condition struct {
	Text   string
	Metric string
	Op     string // < <= > >= == !=
	Than   float64
}

var conditionRE = regexp.MustCompile(`^\s*([a-z_]+)\s*(<=|>=|==|!=|<|>)\s*(\S+?)\s*$`)

// ParseCondition reads METRIC OP NUMBER; the number may have a % behind it. The metric is one
// of those defined, which chapter of the manual lists; did is what to say of a name that is
// not known, given those that are.
func ParseCondition(text string, of []Definition, chapter string, did func(name string, known []string) string) (c Condition, err error) {
	m := conditionRE.FindStringSubmatch(text)
	if m == nil {
		return c, fmt.Errorf("%q: want a metric, one of < <= > >= == != and a number, such as max_drawdown>0.2", text)
	}
	c = Condition{Text: strings.TrimSpace(text), Metric: m[1], Op: m[2]}
	var names []string
	for _, d := range of {
		names = append(names, d.Name)
	}
	if !slices.Contains(names, c.Metric) {
		return c, fmt.Errorf("%q: there is no metric %s%s; perilune docs %s lists them", text, c.Metric, did(c.Metric, names), chapter)
	}
	number, percent := strings.CutSuffix(m[3], "%")
	// Nothing compares with NaN: a condition of it would never hold.
	if c.Than, err = strconv.ParseFloat(number, 64); err != nil || math.IsNaN(c.Than) || math.IsInf(c.Than, 0) {
		return c, fmt.Errorf("%q: %q is no number", text, m[3])
	}
	if percent {
		c.Than /= 100
	}
	return c, nil
}

// Holds reports whether the condition holds of a value of its metric.
func (c *Condition) Holds(v float64) bool {
	return map[string]bool{"<": v < c.Than, "<=": v <= c.Than, ">": v > c.Than, ">=": v >= c.Than, "==": v == c.Than, "!=": v != c.Than}[c.Op]
}

// Judge reports whether the condition holds, and in words what the metric is. A metric that is
// not defined holds in no condition, which known tells.
func (c *Condition) Judge(m Metrics) (holds, known bool, text string) {
	x := m.Get(c.Metric)
	if !x.Defined {
		return false, false, fmt.Sprintf("%s: %s is not defined here: %s", c.Text, c.Metric, x.Doc)
	}
	return c.Holds(x.InexactFloat64()), true, fmt.Sprintf("%s: it is %s", c.Text, x.json())
}
