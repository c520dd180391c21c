package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"syscall"

	"github.com/perilune/perilune/ledger"
	"github.com/perilune/perilune/ledger/journal"
)

// Fault is the class of an error, for exit codes and for programs that embed
// the host.
type Fault uint8

const (
	FaultOther       Fault = iota
	FaultConfig            // a setting that makes no sense
	FaultScript            // a script that does not load
	FaultData              // market data that is missing or damaged
	FaultLedger            // a ledger or journal that can't be used
	FaultDiskFull          // no space for the ledger or journal
	FaultLocked            // another process holds the ledger or trades on the account
	FaultAccount           // an account at the venue, or a broker, that can't be used
	FaultStalled           // a loop that stood still, or a session that did not end in time
	FaultPanic             // a fault of ours: see PanicError
	FaultUsage             // a call that came too late, twice, or from where it can't be answered
	FaultInterrupted       // a context that ended
)

// ConfigError is a setting that makes no sense.
type ConfigError struct{ Text string }

func (e *ConfigError) Error() string { return e.Text }

func configError(format string, a ...any) error { return &ConfigError{fmt.Sprintf(format, a...)} }

// ScriptError is a script that does not load; it wraps why.
type ScriptError struct {
	Path string
	Err  error
}

func (e *ScriptError) Error() string { return e.Err.Error() }
func (e *ScriptError) Unwrap() error { return e.Err }

// DataError is market data that can't be used; it wraps why.
type DataError struct{ Err error }

func (e *DataError) Error() string { return e.Err.Error() }
func (e *DataError) Unwrap() error { return e.Err }

// LedgerError is a ledger or journal that can't be used; it wraps why.
type LedgerError struct{ Err error }

func (e *LedgerError) Error() string { return e.Err.Error() }
func (e *LedgerError) Unwrap() error { return e.Err }

// Classify tells what kind of trouble an error is.
func Classify(err error) Fault {
	var conf *ConfigError
	var script *ScriptError
	var data *DataError
	var torn *journal.CorruptError
	var unusable *LedgerError
	var account *AccountError
	var broker *BrokerError
	var stalled *StallError
	var rival *RivalError
	switch {
	case errors.As(err, &stalled):
		return FaultStalled
	case errors.As(err, &conf):
		return FaultConfig
	case errors.As(err, &script):
		return FaultScript
	case errors.Is(err, ledger.ErrLocked), errors.As(err, &rival):
		return FaultLocked
	case errors.Is(err, ledger.ErrFull), errors.Is(err, syscall.ENOSPC):
		return FaultDiskFull
	case errors.As(err, &account), errors.As(err, &broker) && !interrupted(err):
		return FaultAccount
	case errors.As(err, &data):
		return FaultData
	case errors.Is(err, ledger.ErrGone), errors.Is(err, ledger.ErrBusy), errors.Is(err, ledger.ErrSlow):
		return FaultLedger
	case errors.As(err, &unusable), errors.Is(err, ledger.ErrMode), errors.Is(err, ledger.ErrNewer), errors.Is(err, ledger.ErrCorrupt), errors.As(err, &torn):
		return FaultLedger
	case errors.Is(err, fs.ErrNotExist):
		return FaultData
	}
	return classifyCall(err)
}

// classifyCall tells what kind of trouble an error of a call itself is.
func classifyCall(err error) Fault {
	var broke *PanicError
	switch {
	case errors.As(err, &broke):
		return FaultPanic
	case errors.Is(err, ErrEnded), errors.Is(err, ErrOnLoop), errors.Is(err, errRunning), errors.Is(err, errNoSession):
		return FaultUsage
	case interrupted(err):
		return FaultInterrupted
	}
	return FaultOther
}

func interrupted(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m { // order does not matter: the keys are sorted next
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
