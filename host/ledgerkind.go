package host

import "strings"

// LedgerKind says whether a session keeps a ledger.
type LedgerKind uint8

const (
	// LedgerFile is the SQLite file of Options.DB.
	LedgerFile LedgerKind = iota
	// LedgerNone keeps nothing: for runs of which the summary and the events are all
	// that is wanted. There is no report, nothing goes on later, and no journal unless
	// Options.Journal names a directory. What wants rows of a session that nobody keeps
	// gives DB a file in a temporary directory, and reads that by package ledger, which
	// opens it beside the session too; there is no ledger in memory, because journal,
	// recovery, locks and copies rest on its being a file.
	LedgerNone
)

// checkLedgerKind says what does not go without a ledger.
func (o *Options) checkLedgerKind() error {
	switch {
	case o.Ledger > LedgerNone:
		return configError("Ledger %d: want LedgerFile or LedgerNone", o.Ledger)
	case o.Ledger == LedgerFile && (o.DB == ":memory:" || strings.HasPrefix(o.DB, "file:")):
		return configError("DB %q: a ledger is a file: want a path, or Ledger: LedgerNone to keep none", o.DB)
	case o.Ledger == LedgerFile:
		return nil
	case o.realOrders():
		return configError("real orders need a ledger: want LedgerFile")
	case o.Report != "":
		return configError("a report is made from the ledger: want LedgerFile, or no Report")
	}
	if o.Journal == "" {
		o.Journal = "off"
	}
	o.DB = ""
	return nil
}

// checkNoLedger refuses what is of a ledger where none is kept. It is asked before DB has its
// default.
func (o *Options) checkNoLedger() error {
	if o.Ledger != LedgerNone {
		return nil
	}
	for _, x := range []struct {
		option string
		set    bool
	}{{"DB", o.DB != ""}, {"Backup", o.Backup != BackupOptions{}}, {"New", o.New}, {"ClearHalt", o.ClearHalt}} {
		if x.set {
			return configError("%s is of a ledger, and LedgerNone keeps none: want LedgerFile, or no %s", x.option, x.option)
		}
	}
	return nil
}
