// Package oms is the order manager of every venue: it takes the orders and transfers
// of the core, asks a venue's account for them, and tells the core what became of them.
// It knows no venue: what it needs of one is [Account], which a venue's package
// implements, and what that account is like is its [Profile].
package oms
