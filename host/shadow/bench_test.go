package shadow

import (
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/synth"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/ledger/journal"
)

// BenchmarkFly is the part of a preflight that grows with the past: two versions run over ten minutes of a
// market whose books change each half second.
func BenchmarkFly(b *testing.B) {
	for _, tt := range []struct {
		name string
		step exchange.Time
	}{{"books each second", exchange.Second}, {"books each half second", exchange.Second / 2}} {
		b.Run(tt.name, func(b *testing.B) {
			m, err := synth.New(synth.Options{Seed: 3, Step: tt.step})
			if err != nil {
				b.Fatal(err)
			}
			defer m.Close()
			cfg := core.Config{Universe: m.Universe()}
			st := eachMinute(func(*core.Port, exchange.Time) error { return nil })
			c, err := core.New(cfg, []core.Strategy{st}, nil)
			if err != nil {
				b.Fatal(err)
			}
			r := NewRing(m.Universe(), c.Book, RingOptions{Span: 10 * exchange.Minute, Events: 1 << 22, Bytes: 1 << 30})
			var ev exchange.Event
			var fx []core.Effect
			var buf []byte
			until := exchange.Time(0)
			for until == 0 || ev.Time < until {
				if err := m.Next(&ev); err != nil {
					b.Fatal(err)
				}
				if until == 0 {
					until = ev.Time + 10*exchange.Minute
					ev := ev
					c.Step(&ev, &fx)
					r.Cut(core.Onlooker{C: c}.Standing())
				}
				buf = journal.AppendEvent(buf[:0], &ev)
				r.Keep(buf)
			}
			sp, err := r.Span()
			if err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			for range b.N {
				var x [2]*Shadow
				for i := range x {
					if x[i], err = New(Options{Core: cfg, Strategies: []core.Strategy{st}, Standing: sp.Standing, Market: sp.Market}); err != nil {
						b.Fatal(err)
					}
					if err := x[i].Start(); err != nil {
						b.Fatal(err)
					}
				}
				if _, err := Fly(sp, x[0], x[1], func() string { return "" }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(sp.Events), "events")
			b.ReportMetric(float64(r.Bytes())/1e6, "MB")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(sp.Events), "ns/event")
		})
	}
}

// BenchmarkKeep is what the ring costs the loop for an event.
func BenchmarkKeep(b *testing.B) {
	m, err := synth.New(synth.Options{Seed: 3, Step: exchange.Second})
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	c, err := core.New(core.Config{Universe: m.Universe()}, nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	var raw [1024][]byte
	var ev exchange.Event
	for i := range raw {
		if err := m.Next(&ev); err != nil {
			b.Fatal(err)
		}
		raw[i] = journal.AppendEvent(nil, &ev)
	}
	r := NewRing(m.Universe(), c.Book, RingOptions{Span: 10 * exchange.Minute, Events: 200_000, Bytes: 64 << 20})
	st := core.Onlooker{C: c}.Standing()
	b.ReportAllocs()
	for i := range b.N {
		if i%20_000 == 0 {
			b.StopTimer()
			r.Cut(st)
			if err := r.Fold(); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
		r.Keep(raw[i%len(raw)])
	}
}
