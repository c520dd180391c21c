package notify

import (
	"context"
	"net/http"
	"strings"

	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/sign"
)

// sender tells a target of notices. It bounds no time: ctx does.
type sender interface {
	send(ctx context.Context, list []Notice) error
	// room is how many bytes of text it takes at once.
	room() int
}

// discord speaks to a webhook of Discord: docs/resources/webhook, Execute Webhook.
type discord struct {
	http    *http.Client
	address sign.Secret
}

func (*discord) room() int { return 1500 } // of 2000, with room for what is escaped

// suppressEmbeds is the flag of a message that shows nothing of the links in it.
const suppressEmbeds = 1 << 2

func (d *discord) send(ctx context.Context, list []Notice) error {
	_, err := post(ctx, d.http, d.address.Reveal(), struct {
		Content  string `json:"content"`
		Mentions any    `json:"allowed_mentions"`
		Flags    int    `json:"flags"`
	}{cut(escapeDiscord(textOf(list)), 2000), map[string][]string{"parse": {}}, suppressEmbeds}, nil)
	return err
}

// escapeDiscord makes what Discord would take for markup text.
func escapeDiscord(text string) string {
	var b strings.Builder
	for _, r := range unmention(text) {
		if strings.ContainsRune("\\*_~`>|#[]<", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// slack speaks to an incoming webhook of Slack: docs/messaging/webhooks.
type slack struct {
	http    *http.Client
	address sign.Secret
}

func (*slack) room() int { return 2500 } // of 3000 of a block of plain text

func (s *slack) send(ctx context.Context, list []Notice) error {
	type text struct {
		Type  string `json:"type"`
		Text  string `json:"text"`
		Emoji bool   `json:"emoji"`
	}
	type block struct {
		Type string `json:"type"`
		Text text   `json:"text"`
	}
	_, err := post(ctx, s.http, s.address.Reveal(), struct {
		Text   string  `json:"text"` // for the notification of a phone
		Mrkdwn bool    `json:"mrkdwn"`
		Links  bool    `json:"unfurl_links"`
		Media  bool    `json:"unfurl_media"`
		Blocks []block `json:"blocks"`
	}{Text: escapeSlack(titleOf(list)), Blocks: []block{{"section", text{Type: "plain_text", Text: cut(unmention(textOf(list)), 3000)}}}}, nil)
	return err
}

// escapeSlack makes the three characters that Slack has a meaning for text.
func escapeSlack(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(unmention(text))
}

// ntfy publishes to a topic as JSON: docs.ntfy.sh/publish.
type ntfy struct {
	http  *http.Client
	base  string
	topic sign.Secret
	token sign.Secret
}

func (*ntfy) room() int { return 3500 } // of 4096

func (n *ntfy) send(ctx context.Context, list []Notice) error {
	header := http.Header{}
	if !n.token.Empty() {
		header.Set("Authorization", "Bearer "+n.token.Reveal())
	}
	worst := intent.Notice
	for i := range list {
		worst = max(worst, list[i].Severity)
	}
	_, err := post(ctx, n.http, n.base, struct {
		Topic    string   `json:"topic"`
		Title    string   `json:"title"`
		Message  string   `json:"message"`
		Priority int      `json:"priority"`
		Tags     []string `json:"tags"`
	}{n.topic.Reveal(), titleOf(list), cut(bodyOf(list), 4000), [...]int{2, 4, 5}[worst], [][]string{{"information_source"}, {"warning"}, {"rotating_light"}}[worst]}, header)
	return err
}
