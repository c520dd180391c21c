package tardis

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Machine is a normalised stream of a tardis-machine.
//
// Facts:
//
//   - tardis-machine answers HTTP at its port (8000) and websockets at the port above it.
//     Replays are at /replay-normalized (HTTP) and /ws-replay-normalized, data as they
//     come at /ws-stream-normalized. Source: docs.tardis.dev, "Tardis Machine Server".
//   - "options" of the query is an object, or a list of objects whose messages are merged
//     by localTimestamp: exchange, symbols, dataTypes, and of a replay from and to.
//   - Disconnects are told with withDisconnectMessages alone, so it is asked for here unless
//     the options say something else of it.
//   - A websocket is closed with 1000 when the replay is over (older versions: without a
//     code), with 1011 and the error, or with 1008 when whoever reads is too slow. Source:
//     tardis-machine, src/ws.
//   - Numbers are JavaScript's (1e-7), amounts are those of the CSV data sets.
type Machine struct {
	name  string // as it was given
	at    *url.URL
	live  bool // data as they come
	asked []string
}

// Paths of the normalised streams.
const (
	pathReplayHTTP = "/replay-normalized"
	pathReplay     = "/ws-replay-normalized"
	pathStream     = "/ws-stream-normalized"
)

const machineExample = `ws://127.0.0.1:8001/ws-replay-normalized?options={"exchange":"bitmex","symbols":["XBTUSD"],"from":"2026-10-01","to":"2026-10-02","dataTypes":["trade","book_change"]}`

// IsMachine reports whether a text is meant as the address of a stream.
func IsMachine(text string) bool {
	scheme, _, ok := strings.Cut(text, ":/")
	return ok && slices.Contains([]string{"ws", "wss", "http", "https"}, strings.ToLower(scheme))
}

// machineOptions are what is looked at of the options; the rest is tardis-machine's.
type machineOptions struct {
	Exchange  string   `json:"exchange"`
	Symbols   []string `json:"symbols"`
	From      string   `json:"from"`
	To        string   `json:"to"`
	DataTypes []string `json:"dataTypes"`
}

// ParseMachine reads the address of a stream.
func ParseMachine(text string) (*Machine, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%w: want an address such as %s", err, machineExample)
	}
	m := &Machine{name: text, at: u}
	web := u.Scheme == "ws" || u.Scheme == "wss"
	switch at := strings.TrimSuffix(u.Path, "/"); {
	case u.Host == "":
		return nil, fmt.Errorf("%q names no host: want an address such as %s", text, machineExample)
	case web && at == pathStream:
		m.live = true
	case web && at == pathReplay, !web && at == pathReplayHTTP:
	case at == "/ws-replay" || at == "/replay":
		return nil, fmt.Errorf("path %q is of messages as the venue sent them: want the normalised %s", u.Path, m.paths())
	default:
		return nil, fmt.Errorf("path %q: want %s", u.Path, m.paths())
	}
	query := u.Query()
	options, err := m.options(query.Get("options"))
	if err != nil {
		return nil, err
	}
	query.Set("options", options)
	u.RawQuery = query.Encode()
	return m, nil
}

// paths are those that the scheme of an address goes with.
func (m *Machine) paths() string {
	if m.at.Scheme == "ws" || m.at.Scheme == "wss" {
		return fmt.Sprintf("%s or %s (http:// has %s)", pathReplay, pathStream, pathReplayHTTP)
	}
	return fmt.Sprintf("%s (ws:// has %s and %s)", pathReplayHTTP, pathReplay, pathStream)
}

// options checks the options and returns them with what is asked for beside them.
func (m *Machine) options(text string) (string, error) {
	if text == "" {
		return "", fmt.Errorf("options are missing: want an address such as %s", machineExample)
	}
	var list []map[string]json.RawMessage
	single := strings.HasPrefix(strings.TrimSpace(text), "{")
	if single {
		text = "[" + text + "]"
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil || len(list) == 0 {
		return "", fmt.Errorf("options %.80q: want a JSON object or a list of them, as in %s", text, machineExample)
	}
	for i, o := range list {
		if err := m.option(o); err != nil {
			return "", fmt.Errorf("options[%d]: %w", i, err)
		}
		if _, said := o["withDisconnectMessages"]; !said {
			o["withDisconnectMessages"] = json.RawMessage("true")
		}
	}
	var value any = list
	if single {
		value = list[0]
	}
	out, err := json.Marshal(value)
	return string(out), err
}

func (m *Machine) option(o map[string]json.RawMessage) error {
	whole, err := json.Marshal(o)
	if err != nil {
		return err
	}
	var x machineOptions
	if err := json.Unmarshal(whole, &x); err != nil {
		var field *json.UnmarshalTypeError
		if errors.As(err, &field) {
			return fmt.Errorf("%s is a %s: want a text, or a list of texts for symbols and dataTypes", field.Field, field.Value)
		}
		return err
	}
	switch {
	case !exchangeID.MatchString(x.Exchange):
		return fmt.Errorf("exchange %q: want one as Tardis spells it, such as bitmex or kraken", x.Exchange)
	case !m.live && (x.From == "" || x.To == ""):
		return fmt.Errorf(`from %q, to %q: want both, such as "from":"2026-10-01","to":"2026-10-02"`, x.From, x.To)
	case m.live && (x.From != "" || x.To != ""):
		return fmt.Errorf("from and to are of a replay: want %s, or none of them", pathReplay)
	case !slices.ContainsFunc(x.DataTypes, played):
		return fmt.Errorf("dataTypes %q: want at least one of trade, book_change, derivative_ticker, liquidation, book_ticker or book_snapshot_25_100ms", x.DataTypes)
	}
	for _, s := range x.Symbols {
		m.asked = append(m.asked, x.Exchange+":"+s)
	}
	return nil
}

// played reports whether a data type is one that a session can use.
func played(kind string) bool {
	return strings.HasPrefix(kind, "book_snapshot_") || strings.HasPrefix(kind, "quote") ||
		slices.Contains([]string{"trade", "book_change", "derivative_ticker", "liquidation", "book_ticker"}, kind)
}
