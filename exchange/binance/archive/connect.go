package archive

import "github.com/perilune/perilune/exchange/connect"

// What an import came to, in the words of every venue's archive.
type (
	Imported = connect.Imported
	Problem  = connect.ImportProblem
	LeftOut  = connect.LeftOut
	Outcome  = connect.ImportOutcome
)
