// Package execution holds the state machines that carry an intent over many
// orders to its end. They are pure: the core steps them, and they ask for
// orders through a port.
package execution

// Crossed is the Reason of a fill inside the account that a machine asked for; see
// Port.Settle.
const Crossed = "crossed inside the account"
