package host

import (
	"context"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/control"
	"github.com/perilune/perilune/host/core"
)

// Fills implements control.Reader.
func (d *deskReader) Fills(ctx context.Context, a control.RangeArgs) ([]control.Fill, error) {
	k, ok := d.kept()
	if !ok {
		return []control.Fill{}, nil
	}
	d.written(ctx)
	return k.fills(ctx, a)
}

// Funding implements control.Reader.
func (d *deskReader) Funding(ctx context.Context, a control.RangeArgs) ([]control.Funding, error) {
	k, ok := d.kept()
	if !ok {
		return []control.Funding{}, nil
	}
	d.written(ctx)
	return k.funding(ctx, a)
}

// Commands implements control.Reader.
func (d *deskReader) Commands(ctx context.Context, a control.RangeArgs) ([]control.Command, error) {
	k, ok := d.kept()
	if !ok {
		return []control.Command{}, nil
	}
	d.written(ctx)
	return k.commands(ctx, a)
}

// Equity implements control.Reader: what the ledger keeps, or this run's curve when there
// is none.
func (d *deskReader) Equity(ctx context.Context, a control.SeriesArgs) ([]control.Point, error) {
	if k, ok := d.kept(); ok {
		d.written(ctx)
		return k.equity(ctx, a)
	}
	most, err := pointsIn(a.Points)
	if err != nil {
		return nil, err
	}
	from, to := timeOf(a.From), timeOf(a.To)
	out := []control.Point{}
	err = d.see(ctx, func(*core.Core, core.Onlooker) {
		for _, p := range d.s.r.equity.Points {
			if p.Time >= from && (to == 0 || p.Time < to) {
				out = append(out, control.Point{T: int64(p.Time / exchange.Millisecond), V: p.Value.InexactFloat64()})
			}
		}
	})
	return thinned(out, most), err
}

// Series implements control.Reader. Prices are those of this run.
func (d *deskReader) Series(ctx context.Context, a control.SeriesArgs) ([]control.Series, error) {
	if err := d.named(a.Strategy); err != nil {
		return nil, err
	}
	most, err := pointsIn(a.Points)
	if err != nil {
		return nil, err
	}
	out := []control.Series{}
	if a.Instrument != "" {
		id, err := d.instrument(a.Instrument)
		if err != nil {
			return nil, err
		}
		var line []control.Point
		if err := d.see(ctx, func(*core.Core, core.Onlooker) { line = d.s.r.memory.prices.line(id, timeOf(a.From), timeOf(a.To)) }); err != nil {
			return nil, err
		}
		out = append(out, control.Series{Name: "price", Instrument: d.s.r.core.Universe().Get(id).Key(), Points: thinned(line, most)})
	}
	if k, ok := d.kept(); ok && (a.Strategy != "" || a.Instrument == "") {
		d.written(ctx)
		plots, err := k.plots(ctx, a)
		return append(out, plots...), err
	}
	return out, nil
}

// Log implements control.Reader: the last lines of this run, which are kept in memory with
// those that the ledger does not have.
func (d *deskReader) Log(_ context.Context, a control.LogArgs) ([]control.LogLine, error) {
	n, err := rowsIn(a.Limit, 200, 2000)
	if err != nil {
		return nil, err
	}
	levels, err := levelsFrom(a.Level)
	if err != nil {
		return nil, err
	}
	lines := d.s.r.memory.last()
	out := []control.LogLine{}
	for i := len(lines) - 1; i >= 0 && len(out) < n; i-- {
		l := &lines[i]
		if a.Strategy != "" && l.Strategy != a.Strategy || levels != nil && !slices.Contains(levels, l.Level) || !strings.Contains(l.Text, a.Grep) || l.Time.Before(a.Since) {
			continue
		}
		out = append(out, *l)
	}
	slices.Reverse(out)
	return out, nil
}

// Versions implements control.Reader.
func (d *deskReader) Versions(ctx context.Context, a control.VersionsArgs) ([]control.Version, error) {
	k, ok := d.kept()
	if !ok {
		return []control.Version{}, nil
	}
	d.written(ctx)
	running := map[string]string{}
	if err := d.see(ctx, func(*core.Core, core.Onlooker) {
		for name, v := range d.s.r.memory.versions {
			running[name] = v.hash
		}
	}); err != nil {
		return nil, err
	}
	return k.versions(ctx, a, func(name string) string { return running[name] })
}

// LinesDiffer are the lines in which two texts differ, as a unified diff has them.
func LinesDiffer(beforeName, before, afterName, after string) []string {
	text := string(diff.Diff(beforeName, []byte(before), afterName, []byte(after)))
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// diffOf is what changed between the sources of two versions, unified.
func diffOf(before, after []exchange.Source) string {
	var b strings.Builder
	for _, s := range after {
		was := ""
		if at := slices.IndexFunc(before, func(o exchange.Source) bool { return o.Path == s.Path }); at >= 0 {
			was = before[at].Text
		}
		b.Write(diff.Diff("a/"+s.Path, []byte(was), "b/"+s.Path, []byte(s.Text)))
	}
	for _, s := range before {
		if !slices.ContainsFunc(after, func(o exchange.Source) bool { return o.Path == s.Path }) {
			b.Write(diff.Diff("a/"+s.Path, []byte(s.Text), "/dev/null", nil))
		}
	}
	return b.String()
}
