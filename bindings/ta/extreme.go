package ta

// extreme is the greatest value of a window, or with sign -1 the least. It keeps the
// values that are the extreme now or will be when older ones have left: a queue,
// oldest and most extreme first.
type extreme struct {
	sign        float64
	queue       []aged // a ring
	head, count int
	seen        int
}

type aged struct {
	seq int
	x   float64
}

func newExtreme(n int, sign float64) extreme { return extreme{sign: sign, queue: make([]aged, n)} }

func (e *extreme) bytes() int { return 16*len(e.queue) + 64 }

func (e *extreme) at(i int) *aged {
	if i += e.head; i >= len(e.queue) {
		i -= len(e.queue)
	}
	return &e.queue[i]
}

// push costs the same on average whatever the length: a value enters and leaves once.
func (e *extreme) push(x float64) {
	e.seen++
	if e.count > 0 && e.queue[e.head].seq <= e.seen-len(e.queue) {
		if e.head++; e.head == len(e.queue) {
			e.head = 0
		}
		e.count--
	}
	for e.count > 0 && e.sign*e.at(e.count-1).x <= e.sign*x {
		e.count--
	}
	*e.at(e.count) = aged{e.seen, x}
	e.count++
}

func (e *extreme) full() bool { return e.seen >= len(e.queue) }

func (e *extreme) value() (float64, bool) {
	if e.count == 0 {
		return 0, false
	}
	return e.queue[e.head].x, true
}
