package advisor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange/intent/advice"
	"github.com/perilune/perilune/exchange/sign"
)

// maxBody is how much of a response is read. An answer of advice.MaxAnswer bytes
// takes less, however it is escaped.
const maxBody = 256 << 10

// format is a way of asking for JSON. Endpoints take some and refuse others.
type format uint8

const (
	formatSchema format = iota
	formatObject
	formatText
)

// request is the body of a chat completion.
type request struct {
	Model          string          `json:"model"`
	Messages       []message       `json:"messages"`
	MaxTokens      int             `json:"max_tokens,omitempty"`
	MaxCompletion  int             `json:"max_completion_tokens,omitempty"`
	Temperature    *float64        `json:"temperature,omitempty"`
	ResponseFormat json.RawMessage `json:"response_format,omitempty"`
	Stream         bool            `json:"stream"`
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// response is what counts of a completion. Usage may be missing, content may be
// null, and an error may come with status 200.
type response struct {
	Choices []struct {
		FinishReason string `json:"finish_reason"`
		Message      struct {
			Content json.RawMessage `json:"content"`
			Refusal string          `json:"refusal"`
		} `json:"message"`
	} `json:"choices"`
	Usage *struct {
		In  int `json:"prompt_tokens"`
		Out int `json:"completion_tokens"`
	} `json:"usage"`
	Error json.RawMessage `json:"error"`
}

// reply is one completed request.
type reply struct {
	text     string
	in, out  int
	measured bool // the endpoint told the tokens
}

// failure is a request that gave no answer.
type failure struct {
	verdict string
	reason  string
	status  int           // of HTTP; 0: there was no response
	body    string        // cleaned, for telling one refusal from another
	wait    time.Duration // as the endpoint asked for; 0: it did not
	billed  bool          // it may have cost something
}

func (f *failure) Error() string { return f.reason }

func (c *Client) body(text string, q *advice.Question, f format) ([]byte, error) {
	r := request{Model: c.cfg.Model, Temperature: c.cfg.Temperature,
		Messages: []message{{"system", system}, {"user", text}}}
	if c.completion.Load() {
		r.MaxCompletion = c.cfg.MaxTokens
	} else {
		r.MaxTokens = c.cfg.MaxTokens
	}
	switch f {
	case formatSchema:
		r.ResponseFormat = json.RawMessage(`{"type":"json_schema","json_schema":{"name":"advice","strict":true,"schema":` + q.Schema.String() + `}}`)
	case formatObject:
		r.ResponseFormat = json.RawMessage(`{"type":"json_object"}`)
	}
	return json.Marshal(r)
}

// send makes one request.
func (c *Client) send(ctx context.Context, body []byte) (*reply, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.cfg.BaseURL+"/chat/completions", bytes.NewReader(body))
	if err != nil {
		return nil, &failure{verdict: advice.Failed, reason: "the request could not be built"}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if !c.cfg.Key.Empty() {
		req.Header.Set("Authorization", "Bearer "+c.cfg.Key.Reveal())
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.broken(ctx, err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if err != nil {
		return nil, c.broken(ctx, err)
	}
	if len(raw) > maxBody {
		return nil, &failure{verdict: advice.Refused, status: res.StatusCode, billed: true,
			reason: fmt.Sprintf("the response is longer than %d bytes", maxBody)}
	}
	text := c.scrub(string(raw))
	if res.StatusCode != http.StatusOK {
		return nil, refusal(res, text)
	}
	return read(text)
}

// broken words an error of the transport. It may quote the address but never the
// header.
func (c *Client) broken(ctx context.Context, err error) *failure {
	if ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
		return &failure{verdict: advice.Late, reason: "no answer within the deadline", billed: true}
	}
	var op *net.OpError
	connected := !errors.As(err, &op) || op.Op != "dial"
	return &failure{verdict: advice.Failed, reason: advice.Reason(c.scrub(err.Error())), billed: connected}
}

// scrub takes the key out of text that others wrote.
func (c *Client) scrub(s string) string {
	key := c.cfg.Key.Reveal()
	if key == "" {
		return s
	}
	quoted, err := json.Marshal(key)
	if err == nil {
		s = strings.ReplaceAll(s, strings.Trim(string(quoted), `"`), sign.Mask)
	}
	return strings.ReplaceAll(s, key, sign.Mask)
}

func refusal(res *http.Response, text string) *failure {
	f := &failure{verdict: advice.Failed, status: res.StatusCode, body: text, wait: retryAfter(res.Header)}
	f.reason = fmt.Sprintf("HTTP %d", res.StatusCode)
	// What an endpoint says to a wrong key quotes parts of it.
	if words := complaint([]byte(text)); words != "" && res.StatusCode != 401 && res.StatusCode != 403 {
		f.reason += ": " + advice.Reason(words)
	}
	return f
}

// complaint finds the words of an error body, which has many shapes.
func complaint(raw []byte) string {
	var body struct {
		Error  json.RawMessage `json:"error"`
		Detail json.RawMessage `json:"detail"`
	}
	if json.Unmarshal(raw, &body) != nil {
		return ""
	}
	for _, part := range []json.RawMessage{body.Error, body.Detail} {
		var text string
		var object struct {
			Message string `json:"message"`
		}
		if json.Unmarshal(part, &text) == nil && text != "" {
			return text
		}
		if json.Unmarshal(part, &object) == nil && object.Message != "" {
			return object.Message
		}
	}
	return ""
}

// retryAfter reads how long to wait; 0 when the endpoint did not say. A date is
// not worth its clock skew.
func retryAfter(h http.Header) time.Duration {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms > 0 && ms < 1e9 {
		return time.Duration(ms * float64(time.Millisecond))
	}
	if s, err := strconv.ParseFloat(h.Get("Retry-After"), 64); err == nil && s > 0 && s < 1e6 {
		return time.Duration(s * float64(time.Second))
	}
	return 0
}

// read takes the text out of a completion.
func read(text string) (*reply, error) {
	refused := func(why string) (*reply, error) {
		return nil, &failure{verdict: advice.Refused, status: http.StatusOK, reason: why, billed: true}
	}
	var r response
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return refused("the response is not a chat completion")
	}
	if len(r.Error) > 0 && string(r.Error) != "null" {
		return refused("the endpoint reports an error: " + advice.Reason(complaint([]byte(text))))
	}
	if len(r.Choices) == 0 {
		return refused("the response has no choices")
	}
	choice := r.Choices[0]
	if choice.Message.Refusal != "" {
		return refused("the model refuses to answer")
	}
	if f := choice.FinishReason; f != "" && f != "stop" {
		return refused("the answer was cut off: finish_reason " + advice.Clean(f))
	}
	out := &reply{}
	if r.Usage != nil && r.Usage.In >= 0 && r.Usage.Out >= 0 {
		out.in, out.out, out.measured = r.Usage.In, r.Usage.Out, true
	}
	if err := json.Unmarshal(choice.Message.Content, &out.text); err != nil {
		return refused("the answer has no text")
	}
	return out, nil
}
