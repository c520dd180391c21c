package notify

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/perilune/perilune/exchange/sign"
)

// telegram speaks to the Bot API: core.telegram.org/bots/api.
type telegram struct {
	http  *http.Client
	base  string
	token sign.Secret
	chat  string
}

func (*telegram) room() int { return 3500 } // of 4096

func (t *telegram) send(ctx context.Context, list []Notice) error {
	return t.say(ctx, t.chat, textOf(list))
}

// say sends text to a chat, without a parse_mode: nothing in it is markup.
func (t *telegram) say(ctx context.Context, chat, text string) error {
	return t.call(ctx, "sendMessage", map[string]any{"chat_id": chat, "text": cut(unmention(text), 4000),
		"link_preview_options": map[string]bool{"is_disabled": true}}, nil)
}

// call calls a method of the API. to, which may be nil, gets its result.
func (t *telegram) call(ctx context.Context, method string, args map[string]any, to any) error {
	body, err := post(ctx, t.http, strings.TrimSuffix(t.base, "/")+"/bot"+t.token.Reveal()+"/"+method, args, nil)
	if err != nil || to == nil {
		return scrubbed(err, []sign.Secret{t.token})
	}
	var answer struct {
		OK     bool            `json:"ok"`
		Result json.RawMessage `json:"result"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || !answer.OK {
		return errors.New("the answer is none of the Bot API")
	}
	return json.Unmarshal(answer.Result, to)
}
