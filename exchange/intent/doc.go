// Package intent is the vocabulary of what a strategy may ask for beyond a single
// order, and of how it sees what came of it: pair trades ([PairRequest], [Pair]),
// schedules, which are parent orders that are worked over a window
// ([ScheduleRequest], [Schedule], [Curve]), and margin that is to be maintained
// ([MaintainRequest]). Questions to an advisor are in package advice below it.
//
// It stands below the host, which carries these intents out, and below the bindings,
// through which scripts have them, so that neither knows the other. It holds values
// and no machine: what a request must satisfy on a given market is for package
// execution to say.
//
// Pair, PairRequest, Schedule and ScheduleRequest are kept as JSON in ledgers: the
// names of their fields are part of that format.
package intent
