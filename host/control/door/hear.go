package door

import (
	"context"
	"net/http"
	"time"

	"github.com/perilune/perilune/host/control"
	"github.com/perilune/perilune/host/control/hook"
)

// hear takes a message from outside.
func (d *Door) hear(w http.ResponseWriter, r *http.Request) {
	h, ok := d.hooks.Find(r.PathValue("name"))
	if !ok {
		refuse(w, control.Errorf(control.NotFound, "there is no webhook %q", printable(r.PathValue("name"))))
		return
	}
	now, from := time.Now(), remote(r)
	if d.failures.blocked(from, now) {
		w.Header().Set("Retry-After", "60")
		refuse(w, control.Errorf(control.TooMany, "%d wrong tokens within a minute from this address: wait a minute", mostFailures))
		return
	}
	body, err := readAll(w, r, h.MostBytes())
	if err != nil {
		refuse(w, err)
		return
	}
	s, err := h.Read(&hook.Message{Body: body, Token: r.PathValue("token"), Header: r.Header}, now)
	if err != nil {
		if control.AsError(err).Code == control.Forbidden {
			d.failures.add(from, now)
		}
		refuse(w, err)
		return
	}
	outcome, err := h.Once(s, now, func() error { return d.signal(r.Context(), h.Name(), s.Args()) })
	replyOf(outcome, err).send(w)
}

// signal tells the session, whether or not who sent it still waits.
func (d *Door) signal(ctx context.Context, name string, list []control.SignalArgs) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellWithin)
	defer cancel()
	for _, a := range list {
		if err := d.session.Desk.Signal(ctx, control.Who{Door: "webhook", Name: name}, a); err != nil {
			return err
		}
	}
	return nil
}
