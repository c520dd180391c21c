package host

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/shadow"
)

// What a preflight decides; see PreflightOptions.
const (
	PreflightOff     = "off"     // versions are swapped in as they compile
	PreflightWarn    = "warn"    // what speaks against a version is told, and it is swapped in
	PreflightEnforce = "enforce" // a version that something speaks against is refused
)

// PreflightOptions say how a new version of a script is tried before it takes the place of the one
// that runs: both run over the last minutes of the session in a shadow, with orders held back,
// and what they did is compared. See package shadow.
type PreflightOptions struct {
	// Mode is off, warn or enforce. "": enforce with real orders, warn on paper.
	Mode string
	// Span is how much of the session's past is run over; 0: 10 minutes.
	Span exchange.Time
	// Events and Within bound it: the newest so many events, 0: 200 000, and the time that it may
	// take, 0: 2 s. What was cut is told.
	Events int
	Within time.Duration
	// MemoryBytes bounds the past that is kept, encoded; 0: 64 MiB. It can be twice as much for a moment.
	MemoryBytes int
	// Probation is how long a version is watched after its swap: one that fails goes back to the version
	// before by itself where Mode is enforce, and is told of where it is warn. 0: 5 minutes, negative: not at all.
	Probation exchange.Time
	// Tests runs the tests that stand beside a script and returns what fails, with file and
	// line; none where there are no tests. The error is why they could not be run. nil: they are not run.
	Tests func(ctx context.Context, script string) (failed []string, err error)
	// Limits are what is too different.
	Limits PreflightLimits
}

// PreflightLimits say when a new version behaves too differently from the one that runs.
type PreflightLimits = shadow.Limits

func (p PreflightOptions) withDefaults(real bool) PreflightOptions {
	if p.Mode == "" {
		if p.Mode = PreflightWarn; real {
			p.Mode = PreflightEnforce
		}
	}
	p.Span = cmp.Or(p.Span, 10*exchange.Minute)
	p.Events = cmp.Or(p.Events, 200_000)
	p.Within = cmp.Or(p.Within, 2*time.Second)
	p.MemoryBytes = cmp.Or(p.MemoryBytes, 64<<20)
	p.Probation = cmp.Or(p.Probation, 5*exchange.Minute)
	p.Limits = p.Limits.Default()
	return p
}

// check says what is wrong with the options.
func (p *PreflightOptions) check() error {
	if modes := []string{PreflightOff, PreflightWarn, PreflightEnforce}; p.Mode != "" && !slices.Contains(modes, p.Mode) {
		return fmt.Errorf("mode = %q: want %s%s", p.Mode, strings.Join(modes, ", "), bindings.DidYouMean(p.Mode, modes))
	}
	for _, x := range []struct {
		name        string
		v, min, max float64
	}{{"minutes", float64(p.Span) / float64(exchange.Minute), 0.1, 1440}, {"events", float64(p.Events), 100, 1e8}, {"seconds", p.Within.Seconds(), 0.01, 60},
		{"memory_mb", float64(p.MemoryBytes) / (1 << 20), 1, 4096}} {
		if x.v != 0 && !(x.v >= x.min && x.v <= x.max) {
			return fmt.Errorf("%s = %v: want %v to %v", x.name, x.v, x.min, x.max)
		}
	}
	return p.Limits.Check()
}

// preflightConfig is the section of the configuration file.
type preflightConfig struct {
	Mode             string   `toml:"mode"`
	Minutes          float64  `toml:"minutes"`
	Events           int      `toml:"events"`
	Seconds          float64  `toml:"seconds"`
	MemoryMB         int      `toml:"memory_mb"`
	ProbationMinutes *float64 `toml:"probation_minutes"`
	FloodFactor      float64  `toml:"flood_factor"`
	FloodMin         int      `toml:"flood_min"`
	ExposureFactor   float64  `toml:"exposure_factor"`
	ExposureMin      float64  `toml:"exposure_min"`
	FlipMin          float64  `toml:"flip_min"`
	Reopen           int      `toml:"reopen"`
	Turns            int      `toml:"turns"`
}

// takePreflight takes what the file says; what a flag said stays.
func (o *Options) takePreflight(c *preflightConfig) error {
	if m := c.ProbationMinutes; m != nil && (*m != 0 && !(*m >= 0.1 && *m <= 1440)) {
		return fmt.Errorf("probation_minutes = %v: want 0.1 to 1440, or 0 for none", *m)
	}
	p := &o.Preflight
	p.Mode = cmp.Or(p.Mode, c.Mode)
	p.Span = cmp.Or(p.Span, exchange.Time(c.Minutes*float64(exchange.Minute)))
	p.Events = cmp.Or(p.Events, c.Events)
	p.Within = cmp.Or(p.Within, time.Duration(c.Seconds*float64(time.Second)))
	p.MemoryBytes = cmp.Or(p.MemoryBytes, c.MemoryMB<<20)
	if m := c.ProbationMinutes; m != nil && p.Probation == 0 {
		if p.Probation = exchange.Time(*m * float64(exchange.Minute)); *m == 0 {
			p.Probation = -1
		}
	}
	l := &p.Limits
	l.FloodFactor, l.ExposureFactor, l.ExposureMin = cmp.Or(l.FloodFactor, c.FloodFactor), cmp.Or(l.ExposureFactor, c.ExposureFactor), cmp.Or(l.ExposureMin, c.ExposureMin)
	l.FloodMin, l.FlipMin, l.Reopen, l.Turns = cmp.Or(l.FloodMin, c.FloodMin), cmp.Or(l.FlipMin, c.FlipMin), cmp.Or(l.Reopen, c.Reopen), cmp.Or(l.Turns, c.Turns)
	return p.check()
}

// preflightDefault is what a key of the section stands for that is not given.
func preflightDefault(name string) string {
	p := PreflightOptions{}.withDefaults(false)
	l := p.Limits
	return map[string]string{"minutes": fmt.Sprint(int64(p.Span / exchange.Minute)), "events": fmt.Sprint(p.Events), "seconds": fmt.Sprint(p.Within.Seconds()),
		"memory_mb": fmt.Sprint(p.MemoryBytes >> 20), "probation_minutes": fmt.Sprint(int64(p.Probation / exchange.Minute)),
		"flood_factor": fmt.Sprint(l.FloodFactor), "flood_min": fmt.Sprint(l.FloodMin), "exposure_factor": fmt.Sprint(l.ExposureFactor),
		"exposure_min": fmt.Sprint(l.ExposureMin), "flip_min": fmt.Sprint(l.FlipMin), "reopen": fmt.Sprint(l.Reopen), "turns": fmt.Sprint(l.Turns)}[name]
}

// wanted reports whether a version may come that is to be tried: somebody watches the files, or can
// ask for a reload.
func (p *PreflightOptions) wanted(o *Options) bool {
	return p.Mode != PreflightOff && len(o.Scripts) > 0 && (o.Watch || o.Opened != nil || o.Preflight.Mode != "")
}

// RefusedError is a version that its preflight refused.
type RefusedError struct {
	Path string
	Why  string // for its author, a line for each finding
}

func (e *RefusedError) Error() string { return e.Why }
