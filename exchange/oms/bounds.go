package oms

// What a manager keeps, and what becomes of more. All of it is far beyond what a
// session that is well ever has.
const (
	// openMost is how many orders may be open; one more is rejected.
	openMost = 10_000
	// finishedKept is how many finished orders stay known: late reports about them are
	// still understood.
	finishedKept = 10_000
	// transfersMost is how many transfers may be under way, with those whose rows must be
	// told from theirs; one more fails.
	transfersMost = 1000
	// strangersMost is how many open orders of others are told apart in a section; of
	// more nobody is told. Their fills are booked all the same.
	strangersMost = 10_000
	// paidMost is how many rows of income are known in a section. With more, income is
	// listed again from a later row on: one that shows up late before it is found by
	// the comparison.
	paidMost = 1 << 16
	// seenMost is how many executions of an instrument are known one by one. With
	// more, the older half counts as booked: one that is missing there is found by the
	// comparison.
	seenMost = 1 << 16
	// orphansMost is how many executions wait for their order's number; more are left
	// to the next listing.
	orphansMost = 10_000
)
