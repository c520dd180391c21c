// Package debug stops a session of a journal anywhere, forward and backward.
//
// A journal replays exactly, so a moment of its session is a [Position]: an event's number,
// and how many lines of the scripts were told of within it. Whoever goes there runs a replay
// up to it and stops it in the middle of a callback by not returning from its probe
// ([script.Probe]); what it shows then (frames, variables, orders, books) is what was.
//
// # Back in time
//
// A running script can't be copied, so nothing is undone: to go back is to run another replay
// of the same journal forward, to an earlier position. Replays that are parked between two
// events, some on the way and one at the event that is looked at, make that quick: see pool.
// They are at most [MaxParked], each of the size of a session.
//
// # Goroutines
//
// A replay runs on a goroutine of its own and hands over: it either runs or stands, and what
// stands is read by the goroutine that owns the [Session]. All of a Session's methods but
// Pause belong to one goroutine.
//
// What is asked of a session that stands can't change it: code is evaluated to read only, and
// the replay is compared with the journal all the way. A difference is told, and where it is.
package debug
