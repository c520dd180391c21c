package advisor

import (
	"crypto/sha256"
	"sync"
	"time"
)

// maxCached is how many answers are kept.
const maxCached = 256

// cache keeps answers by what was asked, context included, so that a question
// that is asked again unchanged costs nothing.
type cache struct {
	mu    sync.Mutex
	life  time.Duration
	now   func() time.Time
	known map[[32]byte]cached
	order [][32]byte // oldest first
}

type cached struct {
	text string
	at   time.Time
}

func newCache(life time.Duration, now func() time.Time) *cache {
	return &cache{life: life, now: now, known: map[[32]byte]cached{}}
}

func key(prompt string) [32]byte { return sha256.Sum256([]byte(prompt)) }

func (c *cache) get(prompt string) (string, bool) {
	if c.life == 0 {
		return "", false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.known[key(prompt)]
	if !ok || c.now().Sub(e.at) >= c.life {
		return "", false
	}
	return e.text, true
}

func (c *cache) put(prompt, text string) {
	if c.life == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	k := key(prompt)
	if _, ok := c.known[k]; !ok {
		c.order = append(c.order, k)
	}
	c.known[k] = cached{text, c.now()}
	if len(c.order) > maxCached {
		delete(c.known, c.order[0])
		c.order = c.order[1:]
	}
}
