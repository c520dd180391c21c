package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/perilune/perilune/host"
)

// metricsDoor answers scrapers at /metrics. It tells figures, takes nothing, and is bounded
// in what it reads and in how long it waits for whoever asks.
type metricsDoor struct {
	server  *http.Server
	address string
	done    chan struct{}
}

// metricsAddress is where --metrics listens: a port alone is of this machine only.
func metricsAddress(flag string) (string, error) {
	host, port, err := net.SplitHostPort(flag)
	if err != nil {
		host, port, err = net.SplitHostPort(":" + flag)
	}
	if err != nil || port == "" {
		return "", fail(ExitUsage, "--metrics %q: want an address such as 127.0.0.1:9464, or a port", flag)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// openMetrics listens before the session begins, so that a port that is taken is told at
// once. of is the session, nil until there is one.
func openMetrics(address string, of func() *host.Session) (*metricsDoor, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fail(ExitUsage, "--metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		s := of()
		if s == nil {
			http.Error(w, "the session has not begun", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_ = s.WriteMetrics(w) // who scrapes has gone
	})
	d := &metricsDoor{address: l.Addr().String(), done: make(chan struct{}), server: &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}}
	go func() {
		defer close(d.done)
		_ = d.server.Serve(l) // it ends with close
	}()
	return d, nil
}

func (d *metricsDoor) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := d.server.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) {
		_ = d.server.Close() // whoever still reads has had its time
	}
	<-d.done
}

// runMeasured runs a session whose figures can be scraped meanwhile.
func runMeasured(ctx context.Context, o *host.Options, address string, tell func(string)) (*host.Summary, error) {
	var s *host.Session
	ready := make(chan struct{})
	d, err := openMetrics(address, func() *host.Session {
		select {
		case <-ready:
			return s
		default:
			return nil
		}
	})
	if err != nil {
		return nil, err
	}
	defer d.close()
	tell(fmt.Sprintf("figures for Prometheus at http://%s/metrics", d.address))
	mine, before := *o, o.Opened
	mine.Opened = func(x *host.Session) (closing func()) {
		s = x
		close(ready)
		if before == nil {
			return nil
		}
		return before(x)
	}
	return host.Run(ctx, &mine)
}
