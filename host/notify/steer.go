package notify

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Steerer is what chats may ask of a session, and tell it. Texts are for people; by says who
// told it.
type Steerer interface {
	Status(ctx context.Context) (string, error)
	Positions(ctx context.Context) (string, error)
	PnL(ctx context.Context) (string, error)
	Halt(ctx context.Context, by, reason string) error
	Resume(ctx context.Context, by string) error
}

// Bounds of what chats may ask.
const (
	pollSeconds  = 25              // that the service holds a question for new messages
	freshFor     = 2 * time.Minute // older commands are not followed: they were meant for another moment
	askedMost    = 20              // commands of a chat in a minute
	answerWithin = 10 * time.Second
)

const chatHelp = "I know /status, /positions, /pnl, /halt REASON and /resume."

// Serve answers the chats that may ask and steer until ctx ends. It returns at once when there
// are none.
func (d *Desk) Serve(ctx context.Context, s Steerer) {
	var all sync.WaitGroup
	for _, p := range d.posts {
		if t, ok := p.sender.(*telegram); ok && len(p.target.CommandChats) > 0 {
			all.Go(func() { (&listener{telegram: t, target: p.target, steerer: s, warn: d.warn}).run(ctx) })
		}
	}
	all.Wait()
}

// listener reads the messages to a bot by long polling.
type listener struct {
	*telegram
	target  *Target
	steerer Steerer
	warn    func(string)

	offset int64
	asked  []time.Time // commands of the last minute
}

// update is a message to a bot.
type update struct {
	ID      int64 `json:"update_id"`
	Message struct {
		Date int64  `json:"date"`
		Text string `json:"text"`
		Chat struct {
			ID int64 `json:"id"`
		} `json:"chat"`
		From struct {
			ID int64 `json:"id"`
		} `json:"from"`
	} `json:"message"`
}

func (l *listener) run(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil {
		before := l.offset
		list, err := l.poll(ctx, pollSeconds)
		if err == nil && len(list) > 0 {
			// The service forgets what was heard before it is followed: a process that is
			// killed in between must not lift a later halt with an old /resume.
			if _, err = l.poll(ctx, 0); err != nil {
				l.offset = before
			}
		}
		if err != nil {
			if failures++; failures == 1 && ctx.Err() == nil {
				l.warn(fmt.Sprintf("notify: %s: commands: %v; it is tried again", l.target.Name, err))
			}
			rest(ctx, min(firstPause<<min(failures-1, 16), longPause))
			continue
		}
		failures = 0
		for i := range list {
			l.hear(ctx, &list[i])
		}
	}
}

// rest waits, and not beyond ctx.
func rest(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// poll asks for messages after those that it returned before. Without time to wait it only
// says that it has those.
func (l *listener) poll(ctx context.Context, seconds int) ([]update, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(seconds)*time.Second+sendWithin)
	defer cancel()
	args := map[string]any{"timeout": seconds, "limit": 20, "allowed_updates": []string{"message"}}
	if l.offset != 0 {
		args["offset"] = l.offset
	}
	if seconds == 0 {
		args["limit"] = 1
	}
	var list []update
	if err := l.call(ctx, "getUpdates", args, &list); err != nil {
		return nil, err
	}
	if seconds == 0 {
		return nil, nil
	}
	for i := range list {
		l.offset = max(l.offset, list[i].ID+1)
	}
	return list, nil
}

// hear follows a message of a chat that may. Others get no answer.
func (l *listener) hear(ctx context.Context, u *update) {
	m := &u.Message
	if !slices.Contains(l.target.CommandChats, m.Chat.ID) || !strings.HasPrefix(m.Text, "/") {
		return
	}
	now := time.Now()
	l.asked = slices.DeleteFunc(l.asked, func(t time.Time) bool { return now.Sub(t) > time.Minute })
	if len(l.asked) >= askedMost {
		return
	}
	l.asked = append(l.asked, now)
	ctx, cancel := context.WithTimeout(ctx, answerWithin+sendWithin)
	defer cancel()
	text := "That was sent over two minutes ago and is not followed. Send it again if it still holds."
	if now.Sub(time.Unix(m.Date, 0)) < freshFor {
		text = l.follow(ctx, m.Chat.ID, m.From.ID, m.Text)
	}
	chat := strconv.FormatInt(m.Chat.ID, 10)
	if err := l.say(ctx, chat, text); err != nil && ctx.Err() == nil {
		l.warn(fmt.Sprintf("notify: %s: an answer: %v", l.target.Name, err))
	}
}

// follow does what a command says, and words what came of it.
func (l *listener) follow(ctx context.Context, chat, from int64, text string) string {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	word, rest, _ := strings.Cut(text, " ")
	word, _, _ = strings.Cut(word, "@") // in groups: /status@bot
	by := fmt.Sprintf("telegram chat %d", chat)
	if from != 0 && from != chat {
		by += fmt.Sprintf(", user %d", from)
	}
	var out string
	var err error
	switch word {
	case "/status":
		out, err = l.steerer.Status(ctx)
	case "/positions":
		out, err = l.steerer.Positions(ctx)
	case "/pnl":
		out, err = l.steerer.PnL(ctx)
	case "/halt":
		out, err = "Halted: only orders that reduce pass, until /resume.", l.steerer.Halt(ctx, by, cut(OneLine(rest), 200))
	case "/resume":
		out, err = "Resumed: the kill latch is lifted.", l.steerer.Resume(ctx, by)
	default:
		return chatHelp
	}
	if err != nil {
		return "It did not work: " + OneLine(err.Error())
	}
	return out
}
