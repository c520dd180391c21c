package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"github.com/perilune/perilune/exchange/sign"
)

// SignatureHeader has the time and the signature of a webhook's body:
// t=SECONDS,v1=HEX, where HEX is HMAC-SHA256 by the secret over "SECONDS.BODY". A receiver
// that refuses old times refuses what is played again.
const SignatureHeader = "Perilune-Signature"

// payload is what webhooks and commands get: one object for what was told at once.
type payload struct {
	Version  int         `json:"version"`
	Title    string      `json:"title"`
	Text     string      `json:"text"`
	Messages []asMessage `json:"messages"`
}

// asMessage is a notice in JSON.
type asMessage struct {
	ID       string `json:"id"` // the same when it comes again
	Time     string `json:"time"`
	Severity string `json:"severity"`
	Class    string `json:"class"`
	Mode     string `json:"mode"`
	Session  string `json:"session"`
	Strategy string `json:"strategy"`
	Text     string `json:"text"`
	Count    int    `json:"count"`
}

func payloadOf(list []Notice) ([]byte, error) {
	p := payload{Version: 1, Title: titleOf(list), Text: bodyOf(list)}
	for i := range list {
		n := &list[i]
		p.Messages = append(p.Messages, asMessage{n.Key, n.Time.UTC().Format(time.RFC3339Nano), n.Severity.String(), n.Class, n.Mode, n.Session, n.Strategy, n.Text, n.Count})
	}
	return encode(p)
}

// webhook posts to an address of one's own.
type webhook struct {
	http    *http.Client
	address sign.Secret
	secret  sign.Secret // empty: nothing is signed
	now     func() time.Time
}

func (*webhook) room() int { return 32 << 10 }

func (w *webhook) send(ctx context.Context, list []Notice) error {
	body, err := payloadOf(list)
	if err != nil {
		return refused{err}
	}
	header := http.Header{}
	if !w.secret.Empty() {
		header.Set(SignatureHeader, signature(w.secret, w.now(), body))
	}
	_, err = post(ctx, w.http, w.address.Reveal(), body, header)
	return err
}

func signature(secret sign.Secret, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}
