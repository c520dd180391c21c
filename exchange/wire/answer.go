package wire

import (
	"errors"
	"slices"
	"time"
)

// verdict is what a reply says of the streams of a request. Those in doubt are among
// them that were refused together.
type verdict struct {
	accepted, refused, doubtful []string
}

var errNotListed = errors.New("it is not among those that the venue says it has accepted")

// answered takes a reply; ok is false when it is to nothing that we have asked.
func (b *board) answered(m *Message, now time.Time) (v verdict, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.waiting, func(r request) bool {
		if m.ID == 0 {
			return slices.Contains(r.streams, string(m.Stream))
		}
		return r.id == m.ID
	})
	if i < 0 {
		return v, false
	}
	r := &b.waiting[i]
	about := r.streams
	if len(m.Stream) > 0 {
		about = []string{string(m.Stream)}
		r.streams = slices.DeleteFunc(slices.Clone(r.streams), func(s string) bool { return s == about[0] })
	} else {
		r.streams = nil
	}
	if len(r.streams) == 0 {
		b.waiting = slices.Delete(b.waiting, i, i+1)
	}
	v = judge(m, about)
	for _, name := range v.accepted {
		if s := b.streams[name]; s != nil {
			s.accepted, s.refused, s.refusals, s.since = true, false, 0, now
		}
	}
	return v, true
}

// accepted takes data for the answer to its subscription, where there is no other.
func (b *board) accepted(stream string, now time.Time) {
	b.mu.Lock()
	done := b.streams[stream] == nil || b.streams[stream].accepted
	b.mu.Unlock()
	if !done {
		b.answered(&Message{Class: Reply, Stream: []byte(stream)}, now)
	}
}

// judge sorts the streams that a reply is about.
func judge(m *Message, about []string) (v verdict) {
	switch {
	case m.Accepted != nil:
		for _, name := range about {
			if slices.Contains(m.Accepted, name) {
				v.accepted = append(v.accepted, name)
			} else {
				v.refused = append(v.refused, name)
			}
		}
	case m.Err == nil:
		v.accepted = about
	case len(about) == 1:
		v.refused = about
	default:
		v.doubtful = about
	}
	return v
}

// refuse marks streams that are refused, and halves those that are in doubt.
func (b *board) refuse(v *verdict, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, name := range v.refused {
		if s := b.streams[name]; s != nil {
			s.refused, s.since = true, now
			s.refusals++
		}
	}
	if n := len(v.doubtful) / 2; n > 0 {
		b.doubts = append(b.doubts, v.doubtful[:n], v.doubtful[n:])
	}
}

// Streams that are refused are asked for again after a pause that doubles.
const (
	refusedFor  = time.Minute
	refusedMost = time.Hour
)

// retry returns what should be asked for again, each part in a request of its own: what is in
// doubt, and what was refused some time ago.
func (b *board) retry(now time.Time, most int) (parts [][]Stream) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.doubts) > 0 && len(parts) < most {
		var part []Stream
		for _, name := range b.doubts[0] {
			if s := b.streams[name]; s != nil {
				part = append(part, s.Stream)
			}
		}
		if b.doubts = b.doubts[1:]; len(part) > 0 {
			parts = append(parts, part)
		}
	}
	for _, s := range b.order {
		if len(parts) < most && s.refused && now.Sub(s.since) >= min(refusedFor<<min(s.refusals-1, 10), refusedMost) {
			parts = append(parts, []Stream{s.Stream})
		}
	}
	return parts
}
