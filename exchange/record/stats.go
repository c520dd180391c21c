package record

import "fmt"

// keepProblems is how many broken places are described; all are counted.
const keepProblems = 10

// Problem is one broken place in a recording.
type Problem struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"` // from 1; 0 when it is about the whole file
	What string `json:"what"`
}

func (p Problem) String() string {
	if p.Line == 0 {
		return fmt.Sprintf("%s: %s", p.File, p.What)
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.What)
}

// Stats counts what became of the input.
type Stats struct {
	Messages  int64     `json:"messages"`  // events delivered, without gaps
	Ignored   int64     `json:"ignored"`   // messages that are no market data of ours (acks, other streams)
	Unknown   int64     `json:"unknown"`   // messages of a symbol that is not in the universe
	Malformed int64     `json:"malformed"` // lines or rows that could not be read; each costs a gap
	Clamped   int64     `json:"clamped"`   // events whose time was set forward, because a recording's clock ran back
	Repeated  int64     `json:"repeated"`  // rows of bars or funding that repeat another, dropped
	Sorted    int64     `json:"sorted"`    // files of bars or funding whose rows were not in order of time
	Problems  []Problem `json:"problems,omitempty"`

	Ended   []Ended       `json:"ended,omitempty"`   // instruments of recordings that end before others
	History *HistoryStats `json:"history,omitempty"` // when bars were read
}

func (s *Stats) note(file string, line int, what string) {
	if len(s.Problems) < keepProblems {
		s.Problems = append(s.Problems, Problem{File: file, Line: line, What: what})
	}
}

func (s *Stats) malformed(file string, line int, err error) {
	s.Malformed++
	s.note(file, line, err.Error())
}

// add merges the counts of another part of the recording.
func (s *Stats) add(o Stats) {
	s.Messages += o.Messages
	s.Ignored += o.Ignored
	s.Unknown += o.Unknown
	s.Malformed += o.Malformed
	s.Clamped += o.Clamped
	s.Repeated += o.Repeated
	s.Sorted += o.Sorted
	if o.History != nil {
		if s.History == nil {
			s.History = &HistoryStats{}
		}
		s.History.add(o.History)
	}
	s.Ended = append(s.Ended, o.Ended...)
	for _, p := range o.Problems {
		s.note(p.File, p.Line, p.What)
	}
}
