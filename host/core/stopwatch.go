package core

// Stopwatch is told when a strategy's handler begins and ends, for people: what it
// measures decides nothing, so a replay has none.
type Stopwatch interface {
	Begin(strategy int32)
	End()
}
