package core

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/intent/advice"
)

// adviceState is what a instance knows of its advisor.
type adviceState struct {
	asked   []*advice.Question        // in flight: one of the advisor, one of each function
	latest  map[string]*advice.Advice // by tag; those with an answer
	trouble string                    // the last reason for having none that was logged
}

// ErrTooOften is asking where a callback comes with every tick: the answer takes
// seconds and costs money.
var ErrTooOften = errors.New("asking takes seconds and costs money: ask in on_timer, and use the answer here")

// about returns what is asked of a function, or of the advisor; nil: nothing is.
func (c *adviceState) about(function string) *advice.Question {
	for _, q := range c.asked {
		if q.Function == function {
			return q
		}
	}
	return nil
}

// askAdvisor sends a question on its way.
func (qs *questions) askAdvisor(s *instance, q *advice.Question) {
	qs.last = q.ID
	s.advice.asked = append(s.advice.asked, q)
	switch {
	case qs.phase.stopping:
		qs.settleQuestion(s, q, &exchange.Advice{ID: q.ID, Verdict: advice.Canceled, Reason: "the session ends"})
	case qs.cfg.Advisor == "" && q.Function == "":
		qs.settleQuestion(s, q, &exchange.Advice{ID: q.ID, Verdict: advice.Disabled, Reason: "no advisor configured"})
	default:
		qs.emit(s.index, ConsultAdvisor{q})
	}
}

func (qs *questions) onAdvice(ev *exchange.Event) {
	for _, s := range qs.strategies.list {
		for _, q := range s.advice.asked {
			if ev.Advice != nil && q.ID == ev.Advice.ID {
				qs.settleQuestion(s, q, ev.Advice)
				return
			}
		}
	}
	qs.log(intent.Warn, -1, "an answer to a question that nobody waits for was dropped")
}

// settleQuestion ends a question: what was said is checked, kept and told.
func (qs *questions) settleQuestion(s *instance, q *advice.Question, said *exchange.Advice) {
	s.advice.asked = slices.DeleteFunc(s.advice.asked, func(other *advice.Question) bool { return other == q })
	a := advice.Settle(q, said, qs.now)
	if a.OK() {
		if s.advice.latest == nil {
			s.advice.latest = map[string]*advice.Advice{}
		}
		s.advice.latest[q.Tag] = a
	}
	if qs.cfg.Advisor != "" || q.Function != "" {
		qs.emit(s.index, Advised{a})
	}
	qs.logAdvice(s, a)
	qs.strategies.notify(s.index, Callback{Handler: OnAdvice, Advice: a})
}

// logAdvice says what came of a question; the same trouble is told once.
func (qs *questions) logAdvice(s *instance, a *advice.Advice) {
	if a.OK() {
		s.advice.trouble = ""
		if a.Question.Function != "" {
			return
		}
		qs.log(intent.Info, s.index, fmt.Sprintf("advice %d%s: %s (%s, %.1f s, %d+%d tokens, cost %s)", a.ID, tagged(a.Question.Tag), a.Text,
			orCached(a), float64(a.At-a.Question.Asked)/float64(exchange.Second), a.TokensIn, a.TokensOut, a.Cost))
		return
	}
	if a.Reason == s.advice.trouble || a.Verdict == advice.Canceled {
		return
	}
	s.advice.trouble = a.Reason
	level := intent.Warn
	if a.Verdict == advice.Disabled {
		level = intent.Info
	}
	qs.log(level, s.index, fmt.Sprintf("advice %d%s: none, %s: %s", a.ID, tagged(a.Question.Tag), a.Verdict, a.Reason))
}

func tagged(tag string) string {
	if tag == "" {
		return ""
	}
	return " (" + tag + ")"
}

func orCached(a *advice.Advice) string {
	if a.Cached {
		return a.Model + ", cached"
	}
	return a.Model
}

// forgetQuestions ends what is under way at the end of a session.
func (qs *questions) forgetQuestions() {
	for _, s := range qs.strategies.list {
		for _, q := range slices.Clone(s.advice.asked) {
			qs.settleQuestion(s, q, &exchange.Advice{ID: q.ID, Verdict: advice.Canceled, Reason: "the session ends"})
		}
	}
}

func appendQuestion(dst []byte, q *advice.Question) []byte {
	dst = number(dst, "id", int64(q.ID))
	dst = field(dst, "tag", strconv.Quote(q.Tag))
	if q.Function != "" {
		dst = field(dst, "function", q.Function)
	}
	dst = number(dst, "deadline", int64(q.Deadline))
	dst = number(dst, "ttl", int64(q.TTL))
	dst = field(dst, "question", strconv.Quote(q.Text))
	dst = field(dst, "context", q.Context)
	return field(dst, "schema", q.Schema.String())
}

func appendAdvice(dst []byte, a *advice.Advice) []byte {
	dst = number(dst, "id", int64(a.ID))
	dst = field(dst, "verdict", a.Verdict)
	dst = field(dst, "reason", strconv.Quote(a.Reason))
	dst = field(dst, "answer", strconv.Quote(a.Text))
	dst = field(dst, "model", strconv.Quote(a.Model))
	dst = number(dst, "tokens_in", int64(a.TokensIn))
	dst = number(dst, "tokens_out", int64(a.TokensOut))
	dst = field(dst, "cost", a.Cost.String())
	return field(dst, "cached", strconv.FormatBool(a.Cached))
}
