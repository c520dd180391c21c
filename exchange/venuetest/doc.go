// Package venuetest is the suite that every venue passes: one that the program trades on
// gives a [Harness], a few functions that make a fresh account with money and let
// things go wrong, and runs
//
//	venuetest.Orders(t, h)  // what the core is told of orders, transfers and funding
//	venuetest.Account(t, h) // what an oms.Account answers
//	venuetest.Feed(t, f)    // its catalogue and live market data, by a [FeedHarness]
//
// What a venue does not have is asked for by type assertion and by what the harness
// leaves out; each thing that can't be tried is skipped with a line that says why. The
// paper venue has no account, so it passes Orders alone.
//
// The trials of a suite run beside each other, and beside whatever else is parallel: most of
// their time they wait for the venue's. See [Together].
//
// A harness never fakes a venue. It is the venue, or a simulator of it behind the same
// protocol, so that what is tried is the adapter.
package venuetest
