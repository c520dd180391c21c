package intent

// Level is the severity of a line that a strategy or the host logs.
type Level uint8

// The levels, from what is for who writes a strategy to what a person must look at.
const (
	Debug Level = iota
	Info
	Warn
	Error
)

func (l Level) String() string { return [...]string{"debug", "info", "warn", "error"}[l] }
