// Package notify tells people what happens in a session: by Telegram, Discord, Slack, ntfy,
// mail, a webhook or a command of their own.
//
// # Assumptions
//
//   - Nobody waits for a target. A [Desk] takes a notice at once; each target has a goroutine
//     and a queue of its own, so that one that hangs holds up neither the others nor a session.
//   - A notice is told at least once to each target that wants it. What became of each
//     delivery goes to a [Store], and what a run could not deliver the next one goes on with.
//     A notice has a key, by which a receiver can tell that it heard it before.
//   - Everything has a bound: 256 notices wait for a target, a try takes 15 seconds at most,
//     pauses between tries double up to five minutes, and after [Options].GiveUp a notice is
//     given up, which is kept too.
//   - Text comes from strangers: of scripts, of venues. It is one printable line, and for each
//     target what that takes for markup or a mention is made text.
//   - Addresses and tokens are secrets. An answer that leads elsewhere is not followed, and no
//     error quotes an address.
//
// # Why not a library
//
// nicholas-fedor/shoutrrr was tried: its senders take no context, so that a try can't be
// bounded or stopped, the addresses of Telegram, Discord and Slack are constants, so that they
// can't be tested against a server of our own, and tokens are parts of addresses that its
// errors quote. What it would save are the few lines of each sender here.
package notify
