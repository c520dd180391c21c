package door

import (
	"net/netip"
	"sync"
	"time"
)

// How often the loop may be asked, all clients together. An answer takes it some tens of
// microseconds.
const (
	askedPerSecond = 100
	askedAtOnce    = 300
)

// bucket lets a number of requests through each second.
type bucket struct {
	mu   sync.Mutex
	full time.Time // when it will be full again
}

func newBucket() *bucket { return &bucket{} }

func (b *bucket) take(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.full.Before(now) {
		b.full = now
	}
	next := b.full.Add(time.Second / askedPerSecond)
	if next.Sub(now) > time.Second*askedAtOnce/askedPerSecond {
		return false
	}
	b.full = next
	return true
}

// Bounds of guessing tokens.
const (
	mostFailures   = 20 // of one address within failuresLast
	failuresLast   = time.Minute
	mostOffenders  = 1024
	offenderPrefix = 64 // of IPv6: what one customer has
)

// failures counts wrong tokens by address.
type failures struct {
	mu   sync.Mutex
	from map[netip.Prefix]*offender
}

type offender struct {
	n     int
	since time.Time
}

func newFailures() *failures { return &failures{from: map[netip.Prefix]*offender{}} }

func prefixOf(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = offenderPrefix
	}
	p, _ := a.Prefix(bits) // the zero prefix of no address: all of those are one
	return p
}

// blocked reports whether an address has guessed too often.
func (f *failures) blocked(a netip.Addr, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.from[prefixOf(a)]
	return o != nil && now.Sub(o.since) < failuresLast && o.n >= mostFailures
}

// add counts a wrong token.
func (f *failures) add(a netip.Addr, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := prefixOf(a)
	if o := f.from[p]; o != nil && now.Sub(o.since) < failuresLast {
		o.n++
		return
	}
	if len(f.from) >= mostOffenders {
		for old, o := range f.from { // order does not matter: all that are over go
			if now.Sub(o.since) >= failuresLast {
				delete(f.from, old)
			}
		}
		if len(f.from) >= mostOffenders {
			clear(f.from) // who has a thousand networks is not held up by this
		}
	}
	f.from[p] = &offender{1, now}
}
