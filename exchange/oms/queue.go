package oms

import (
	"container/heap"
	"sync"
)

// queue is requests that wait for their turn, most urgent first. The manager bounds it: of an order a
// placing, a cancel and a query wait at most, of a transfer one request, of a switch
// one, and of each market two rounds of questions.
type queue struct {
	mu     sync.Mutex
	some   *sync.Cond
	list   requests
	closed bool
}

func newQueue() *queue {
	q := &queue{}
	q.some = sync.NewCond(&q.mu)
	return q
}

func (q *queue) push(r *Request) {
	q.mu.Lock()
	heap.Push(&q.list, r)
	q.mu.Unlock()
	q.some.Signal()
}

// pop waits for a request; nil: the queue is closed.
func (q *queue) pop() *Request {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.list) == 0 && !q.closed {
		q.some.Wait()
	}
	if q.closed {
		return nil
	}
	return heap.Pop(&q.list).(*Request)
}

func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.some.Broadcast()
}

type requests []*Request

func (h requests) Len() int { return len(h) }
func (h requests) Less(i, j int) bool {
	a, b := h[i].urgency(), h[j].urgency()
	return a < b || a == b && h[i].Number < h[j].Number
}
func (h requests) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *requests) Push(x any)   { *h = append(*h, x.(*Request)) }
func (h *requests) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return x
}
