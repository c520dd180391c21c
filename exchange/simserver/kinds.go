package simserver

import (
	"fmt"
	"slices"
)

// Kinds are the faults that a front's protocol has besides the common ones, by name.
type Kinds struct {
	// Timed come at their time, through Striker.
	Timed []string
	// Occasional wait for something to happen to: the front asks Faults.Occasion.
	Occasional []string
	// Lasting are those of both that leave something behind, which no [Chaos] chooses by itself.
	Lasting []string
	// Missing are common ones that mean nothing there: they are refused.
	Missing []string
}

// act is what a fault of a kind does at its time; nil: it waits for an occasion.
func (k *Kinds) act(kind string) (func(*State, *armed), error) {
	switch {
	case slices.Contains(k.Missing, kind):
		return nil, fmt.Errorf("fault kind %q: there is no such thing at this venue", kind)
	case slices.Contains(k.Timed, kind):
		return strikeFronts, nil
	case timed[kind] != nil:
		return timed[kind], nil
	case slices.Contains(k.Occasional, kind), slices.Contains(occasional, kind):
		return nil, nil
	}
	return nil, fmt.Errorf("fault kind %q: want one of %v or %v", kind, append(sortedKeys(timed), k.Timed...), slices.Concat(occasional, k.Occasional))
}

// passing are the kinds that leave nothing behind once they are over.
func (k *Kinds) passing() []string {
	out := slices.Concat(passing, k.Timed, k.Occasional)
	return slices.DeleteFunc(out, func(kind string) bool { return slices.Contains(k.Missing, kind) || slices.Contains(k.Lasting, kind) })
}

// learn takes in what faults the front has, and lets those of a seed begin.
func (l *Faults) learn(f Front) error {
	if m, ok := f.(Mischievous); ok {
		own := m.Kinds()
		l.own.Timed, l.own.Occasional = append(l.own.Timed, own.Timed...), append(l.own.Occasional, own.Occasional...)
		l.own.Lasting, l.own.Missing = append(l.own.Lasting, own.Lasting...), append(l.own.Missing, own.Missing...)
	}
	if c := l.chaos; c != nil && len(c.Kinds) == 0 {
		c.Kinds = l.own.passing()
	}
	if l.chaos != nil {
		if err := l.chaos.checkKinds(l.own); err != nil {
			return err
		}
	}
	l.refill()
	return nil
}
