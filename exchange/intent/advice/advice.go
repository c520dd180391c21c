// Package advice is the contract between a strategy and an advisor, which is
// most often a language model: what may be asked, which answers count, and how
// text from outside is made harmless on the way.
//
// # Assumptions
//
//   - An advisor is not trusted. It is slow, it fails, it answers in prose, and
//     whoever names a coin can write into its prompt.
//   - So an answer can only choose: a word of a list, or a number within bounds
//     that the strategy set before it asked. What is outside is refused and never
//     clamped: an answer that is off in one thing is not to be believed in another.
//   - Only the declared fields cross into the strategy. Others are dropped, as
//     models like to add a reasoning that nobody asked for.
//
// The package is pure: the core checks every answer with it again, also when the
// answer comes from a journal.
package advice

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/perilune/perilune/exchange"
)

// Limits of a question.
const (
	MaxQuestion = 4000     // bytes of the question's text
	MaxContext  = 16 << 10 // bytes of the context as JSON
	MaxDeadline = 5 * exchange.Minute
	MaxTTL      = exchange.Day
)

// Question is what a strategy asks.
type Question struct {
	ID       uint64 // unique in its session
	Strategy int32
	// Function names a function of an embedder's module that is asked instead of the
	// advisor, "desk.quote"; its arguments are the Context.
	Function string
	Tag      string // names what the advice is for
	Text     string
	Context  string // JSON object, sanitised
	Schema   *Schema
	Deadline exchange.Time // how long the answer may take
	TTL      exchange.Time // how long the answer counts, from when it was asked
	Asked    exchange.Time
}

// Check says what is wrong with a question.
func (q *Question) Check() error {
	switch {
	case q.Text == "" || len(q.Text) > MaxQuestion:
		return fmt.Errorf("question of %d bytes: want 1 to %d", len(q.Text), MaxQuestion)
	case len(q.Context) > MaxContext:
		return fmt.Errorf("context of %d bytes as JSON: want at most %d", len(q.Context), MaxContext)
	case q.Schema == nil:
		return fmt.Errorf("schema: missing: an answer needs at least one field to be")
	case q.Deadline <= 0 || q.Deadline > MaxDeadline:
		return fmt.Errorf("deadline: want up to 5m")
	case q.TTL < q.Deadline || q.TTL > MaxTTL:
		return fmt.Errorf("ttl: want at least the deadline, because it counts from the question, and at most a day")
	}
	return nil
}

// Expires is when the answer stops counting.
func (q *Question) Expires() exchange.Time { return q.Asked + q.TTL }

// Respondent answers questions within their deadlines, outside of the loop.
type Respondent interface {
	Ask(ctx context.Context, q *Question) *exchange.Advice
	Close()
}

// Verdicts on a question.
const (
	OK       = "ok"
	Refused  = "refused"  // the answer was not one that counts
	Failed   = "failed"   // there was no answer: an error of the endpoint, a limit of the budget
	Late     = "late"     // there was none in time
	Disabled = "disabled" // there is no advisor, or it was switched off
	Canceled = "canceled" // the session ended first
)

// ByModule is the Model of an answer that a function of a module gave.
const ByModule = "module"

// Advice is the outcome of a question.
type Advice struct {
	Question *Question
	exchange.Advice
	Answer Answer // when the verdict is OK
	At     exchange.Time
}

// OK reports whether there is an answer.
func (a *Advice) OK() bool { return a.Verdict == OK }

// Settle judges what an advisor said at a time. Nothing that it says can make an
// answer count that comes too late or is outside of the schema.
func Settle(q *Question, said *exchange.Advice, at exchange.Time) *Advice {
	a := &Advice{Question: q, Advice: *said, At: at}
	if !a.OK() {
		a.Text = ""
		return a
	}
	if late := at - q.Asked - q.Deadline; late > 0 {
		return a.refuse(Late, fmt.Sprintf("the answer came %.3f s after the deadline", float64(late)/float64(exchange.Second)))
	}
	var err error
	if a.Answer, err = q.Schema.Parse(said.Text); err != nil {
		return a.refuse(Refused, err.Error())
	}
	a.Text = a.Answer.JSON()
	return a
}

func (a *Advice) refuse(verdict, why string) *Advice {
	a.Verdict, a.Reason, a.Text, a.Answer = verdict, why, "", nil
	return a
}

// MaxReason bounds the reason of a refusal, which may quote an endpoint.
const MaxReason = 200

// Reason makes text from outside fit for a log line: printable, on one line,
// and short.
func Reason(s string) string {
	out := make([]rune, 0, min(len(s), MaxReason))
	for _, r := range s {
		if len(out) == MaxReason {
			return string(out) + "..."
		}
		if !printable(r) {
			r = ' '
		}
		out = append(out, r)
	}
	return string(out)
}

func quote(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		return `""` // a string can always be marshalled: not reached
	}
	return string(text)
}
