package control

import "time"

// None is no arguments, or no answer.
type None struct{}

// StrategyArgs name a strategy.
type StrategyArgs struct {
	Strategy string `json:"strategy,omitempty" doc:"name of a strategy; all of them if left out"`
}

// OrdersArgs choose working orders; what is left out stands for any.
type OrdersArgs struct {
	Strategy   string `json:"strategy,omitempty" doc:"name of a strategy"`
	Instrument string `json:"instrument,omitempty" doc:"key of an instrument, VENUE.SEGMENT:SYMBOL"`
	ID         uint64 `json:"id,omitempty" doc:"number of an order"`
}

// PairsArgs choose pairs.
type PairsArgs struct {
	Strategy string `json:"strategy,omitempty" doc:"name of a strategy"`
	Closed   bool   `json:"closed,omitempty" doc:"also those that are done, newest first"`
	Limit    int    `json:"limit,omitempty" doc:"how many at most; 200 if left out, at most 2000"`
}

// BooksArgs choose books.
type BooksArgs struct {
	Instrument string `json:"instrument,omitempty" doc:"key of an instrument; all of them if left out"`
	Depth      int    `json:"depth,omitempty" doc:"levels a side; 5 if left out, at most 50"`
}

// RangeArgs choose rows of the ledger, newest first.
type RangeArgs struct {
	Strategy   string    `json:"strategy,omitempty" doc:"name of a strategy"`
	Instrument string    `json:"instrument,omitempty" doc:"key of an instrument"`
	Pair       uint64    `json:"pair,omitempty" doc:"number of a pair"`
	From       time.Time `json:"from,omitzero" doc:"RFC 3339; the oldest time"`
	To         time.Time `json:"to,omitzero" doc:"RFC 3339; before this time"`
	Before     uint64    `json:"before,omitempty" doc:"only rows whose seq is smaller: the next page"`
	Limit      int       `json:"limit,omitempty" doc:"how many at most; 200 if left out, at most 2000"`
}

// SeriesArgs choose lines to draw.
type SeriesArgs struct {
	Strategy   string    `json:"strategy,omitempty" doc:"plots of this strategy"`
	Instrument string    `json:"instrument,omitempty" doc:"the price of this instrument"`
	From       time.Time `json:"from,omitzero" doc:"RFC 3339; the beginning of the run if left out"`
	To         time.Time `json:"to,omitzero" doc:"RFC 3339"`
	Points     int       `json:"points,omitempty" doc:"how many at most a line, extremes kept; 1000 if left out, at most 5000"`
}

// LogArgs choose lines of the log, newest last.
type LogArgs struct {
	Strategy string    `json:"strategy,omitempty" doc:"lines of this strategy"`
	Level    string    `json:"level,omitempty" doc:"debug, info, warn or error: this and what is worse"`
	Grep     string    `json:"grep,omitempty" doc:"lines with this text in them"`
	Since    time.Time `json:"since,omitzero" doc:"RFC 3339"`
	Limit    int       `json:"limit,omitempty" doc:"how many at most; 200 if left out, at most 2000"`
}

// VersionsArgs choose versions of scripts.
type VersionsArgs struct {
	Strategy string `json:"strategy,omitempty" doc:"name of a strategy"`
	Version  int    `json:"version,omitempty" doc:"one version, with its source"`
	Limit    int    `json:"limit,omitempty" doc:"how many at most; 50 if left out, at most 500"`
}

// ExplainArgs name what is to be explained: one of them.
type ExplainArgs struct {
	Order uint64 `json:"order,omitempty" doc:"number of an order"`
	Pair  uint64 `json:"pair,omitempty" doc:"number of a pair"`
	Fill  string `json:"fill,omitempty" doc:"trade id of a fill"`
	Seq   uint64 `json:"seq,omitempty" doc:"number of an event of the journal"`
}

// FollowArgs choose events.
type FollowArgs struct {
	Kinds    []string `json:"kinds,omitempty" doc:"kinds of events; all if left out"`
	Strategy string   `json:"strategy,omitempty" doc:"name of a strategy"`
	Level    string   `json:"level,omitempty" doc:"of log lines: this and what is worse"`
}

// FlattenArgs choose what is to be closed.
type FlattenArgs struct {
	Strategy   string `json:"strategy,omitempty" doc:"name of a strategy; all of them if left out"`
	Instrument string `json:"instrument,omitempty" doc:"key of an instrument: positions in it, and pairs with a leg in it"`
}

// ReloadArgs choose a version.
type ReloadArgs struct {
	Strategy string `json:"strategy" doc:"name of a strategy"`
	To       int    `json:"to,omitempty" doc:"a version of before; the file as it is if left out"`
	Force    bool   `json:"force,omitempty" doc:"let it in though its preflight refuses it"`
}

// SetArgs set parameters.
type SetArgs struct {
	Strategy string            `json:"strategy" doc:"name of a strategy"`
	Params   map[string]string `json:"params" doc:"name to value, as --set takes them"`
}

// SignalArgs are a signal from outside for on_signal(name, payload).
type SignalArgs struct {
	Strategy string `json:"strategy,omitempty" doc:"who is told; all that have on_signal if left out"`
	Name     string `json:"name" doc:"what it is, at most 64 characters"`
	Payload  string `json:"payload,omitempty" doc:"at most 16 KiB; JSON becomes a table"`
	ID       string `json:"id,omitempty" doc:"a signal with the id of one before is not told again"`
}

// EvalArgs are Lua to evaluate.
type EvalArgs struct {
	Strategy string `json:"strategy" doc:"in whose globals"`
	Code     string `json:"code" doc:"an expression or statements, at most 16 KiB"`
	Write    bool   `json:"write,omitempty" doc:"may place orders and change state; it is journalled then"`
}
