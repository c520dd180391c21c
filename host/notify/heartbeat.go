package notify

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Beat fetches the heartbeat's address until ctx ends, while well returns "", and the address
// with /fail at its end while it says what is wrong, if the options want that. It returns at
// once when there is no address.
func (d *Desk) Beat(ctx context.Context, o *Options, well func() string) {
	if o.HeartbeatURL.Empty() {
		return
	}
	tick := time.NewTicker(o.HeartbeatEvery)
	defer tick.Stop()
	told := false
	for {
		err := d.beatOnce(ctx, o, well())
		if ctx.Err() != nil {
			return
		}
		if err != nil && !told {
			d.warn(fmt.Sprintf("notify: the heartbeat's address: %v; it goes on", err))
		}
		told = err != nil
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// beatOnce tells the monitor how the session is; why is "" while it is well.
func (d *Desk) beatOnce(ctx context.Context, o *Options, why string) error {
	address := o.HeartbeatURL.Reveal()
	if why != "" {
		if !o.HeartbeatFail {
			return nil // it is missed
		}
		address = strings.TrimSuffix(address, "/") + "/fail"
	}
	ctx, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	_, err = do(d.http, req)
	return scrubbed(err, partsOf(o.HeartbeatURL))
}

// Fail tells the monitor once that the session is over, and not well.
func (d *Desk) Fail(ctx context.Context, o *Options) {
	if !o.HeartbeatURL.Empty() && o.HeartbeatFail {
		_ = d.beatOnce(ctx, o, "over") // the monitor misses the beat as well
	}
}
