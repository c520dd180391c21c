package schedule

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// OldestProfile is how long after its newest day a profile is followed.
const OldestProfile = 45 * exchange.Day

// LeastDays is how many days a curve must have been learned from to be believed.
const LeastDays = leastDays

// Profile is a volume curve that was learned before and kept: which share of a day's
// volume trades in each bucket of the day, UTC. Its JSON is for people too.
type Profile struct {
	Symbol  string        // with its house
	Learned string        // from what
	From    exchange.Time // the first day's midnight, and that after the newest
	Until   exchange.Time
	Bucket  exchange.Time
	Days    int      // it was learned from
	LeftOut []string // days that it was not learned from, and why
	Volume  float64  // of a usual day, units of quantity
	Shares  []float64
	// Weekday and Weekend tell the days of the week apart; nil: they are not told apart.
	Weekday, Weekend []float64
}

// profileFile is the file's shape. Times of the day are its keys, so that it reads as a
// table and a missing line is seen.
type profileFile struct {
	Format  int                `json:"format"`
	Symbol  string             `json:"symbol"`
	Learned string             `json:"learned_from"`
	From    string             `json:"from"`
	Until   string             `json:"until"`
	Bucket  string             `json:"bucket"`
	Days    int                `json:"days"`
	LeftOut []string           `json:"left_out"`
	Volume  float64            `json:"volume_of_a_day"`
	Shares  map[string]float64 `json:"shares"`
	Weekday map[string]float64 `json:"weekday_shares,omitempty"`
	Weekend map[string]float64 `json:"weekend_shares,omitempty"`
}

const profileFormat = 1

// MarshalJSON implements json.Marshaler.
func (p *Profile) MarshalJSON() ([]byte, error) {
	return json.Marshal(profileFile{
		Format: profileFormat, Symbol: p.Symbol, Learned: p.Learned, From: dayText(p.From), Until: dayText(p.Until),
		Bucket: exchange.BarLength(p.Bucket), Days: p.Days, LeftOut: append([]string{}, p.LeftOut...), Volume: p.Volume,
		Shares: byTime(p.Shares, p.Bucket), Weekday: byTime(p.Weekday, p.Bucket), Weekend: byTime(p.Weekend, p.Bucket),
	})
}

// UnmarshalJSON implements json.Unmarshaler: it takes any input, and names the field that
// is wrong.
func (p *Profile) UnmarshalJSON(raw []byte) error {
	var f profileFile
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return err
	}
	if f.Format != profileFormat {
		return fmt.Errorf("format: %d, this version reads %d: is it a file of perilune data curve?", f.Format, profileFormat)
	}
	out := Profile{Symbol: f.Symbol, Learned: f.Learned, Days: f.Days, LeftOut: f.LeftOut, Volume: f.Volume}
	if f.Symbol == "" {
		return errors.New("symbol: it is missing")
	}
	var err error
	if out.Bucket, err = exchange.ParseBarLength(f.Bucket); err != nil || out.Bucket < exchange.Minute {
		return fmt.Errorf("bucket: %q: want a length of a minute or more that divides a day, such as 15m or 1h", f.Bucket)
	}
	for _, d := range []struct {
		to         *exchange.Time
		name, text string
	}{{&out.From, "from", f.From}, {&out.Until, "until", f.Until}} {
		t, err := time.Parse(time.DateOnly, d.text)
		if err != nil || t.Year() < 1970 || t.Year() > 2200 {
			return fmt.Errorf("%s: %q: want a day such as 2026-01-31", d.name, d.text)
		}
		*d.to = exchange.Time(t.UnixNano())
	}
	switch span := int((out.Until - out.From) / exchange.Day); {
	case span < 1:
		return fmt.Errorf("until: %s is not after from, %s", f.Until, f.From)
	case f.Days < 1 || f.Days > span:
		return fmt.Errorf("days: %d: want 1 to the %d from %s to %s", f.Days, span, f.From, f.Until)
	case !(f.Volume > 0) || math.IsInf(f.Volume, 0):
		return fmt.Errorf("volume_of_a_day: %v: want more than 0", f.Volume)
	}
	for _, s := range []struct {
		to   *[]float64
		name string
		from map[string]float64
	}{{&out.Shares, "shares", f.Shares}, {&out.Weekday, "weekday_shares", f.Weekday}, {&out.Weekend, "weekend_shares", f.Weekend}} {
		if s.from == nil && s.name != "shares" {
			continue
		}
		if *s.to, err = sharesOf(s.from, out.Bucket); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	*p = out
	return nil
}

func dayText(t exchange.Time) string {
	return time.Unix(0, int64(t)).UTC().Format(time.DateOnly)
}

func timeOfDay(i int, bucket exchange.Time) string {
	at := exchange.Time(i) * bucket / exchange.Second
	if bucket%exchange.Minute != 0 {
		return fmt.Sprintf("%02d:%02d:%02d", at/3600, at/60%60, at%60)
	}
	return fmt.Sprintf("%02d:%02d", at/3600, at/60%60)
}

func byTime(shares []float64, bucket exchange.Time) map[string]float64 {
	if shares == nil {
		return nil
	}
	out := make(map[string]float64, len(shares))
	for i, v := range shares {
		out[timeOfDay(i, bucket)] = v
	}
	return out
}

// sharesOf wants a share for each bucket of the day and no other; they sum to 1 to what
// the rounding of a file leaves.
func sharesOf(m map[string]float64, bucket exchange.Time) ([]float64, error) {
	out := make([]float64, exchange.Day/bucket)
	sum := 0.0
	for i := range out {
		at := timeOfDay(i, bucket)
		v, ok := m[at]
		switch {
		case !ok:
			return nil, fmt.Errorf("%s is missing: want one for each %s of the day", at, exchange.BarLength(bucket))
		case !(v >= 0) || v > 1:
			return nil, fmt.Errorf("%s: %v: want 0 to 1", at, v)
		}
		out[i] = v
		sum += v
	}
	switch {
	case len(m) != len(out):
		return nil, fmt.Errorf("%d of them, want the %d of a day in steps of %s", len(m), len(out), exchange.BarLength(bucket))
	case math.Abs(sum-1) > 1e-3:
		return nil, fmt.Errorf("they sum to %v, want 1", sum)
	}
	return out, nil
}

// Unfit says why a profile is not followed in a window that begins at a time; "": it is.
func (p *Profile) Unfit(start exchange.Time) string {
	age := start - p.Until
	switch {
	case p.Days < leastDays:
		return fmt.Sprintf("it knows %d days, %d are needed", p.Days, leastDays)
	case age < 0:
		return fmt.Sprintf("it knows days up to %s, which are to come", dayText(p.Until-exchange.Day))
	case age > OldestProfile:
		return fmt.Sprintf("it is %s old, more than %s", span(age), span(OldestProfile))
	}
	return ""
}

// Over is the curve of a window.
func (p *Profile) Over(start, interval exchange.Time, n int) intent.Curve {
	c := intent.Curve{Weights: make([]float64, n), Days: p.Days, Until: p.Until}
	sum := 0.0
	for i := range c.Weights {
		from := start + exchange.Time(i)*interval
		c.Weights[i] = p.between(from, from+interval)
		sum += c.Weights[i]
	}
	if !(sum > 0) {
		return intent.UniformCurve(n, "the profile has no volume in the window")
	}
	c.Volume = p.Volume * sum
	lean(c.Weights)
	c.Source = fmt.Sprintf("profile of %d days, %s old", p.Days, span(max(0, start-p.Until)))
	return c
}

// between is the share of a usual day that trades in a span, by the days that it is in.
func (p *Profile) between(from, to exchange.Time) (sum float64) {
	for at := from; at < to; {
		end := min(to, at-at%p.Bucket+p.Bucket)
		sum += p.of(at)[at%exchange.Day/p.Bucket] * float64(end-at) / float64(p.Bucket)
		at = end
	}
	return sum
}

// of are the shares of the day that a time is in.
func (p *Profile) of(at exchange.Time) []float64 {
	switch {
	case p.Weekend != nil && weekend(at):
		return p.Weekend
	case p.Weekday != nil && !weekend(at):
		return p.Weekday
	}
	return p.Shares
}
