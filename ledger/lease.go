package ledger

import "path/filepath"

// Lease is a lock that is not about a ledger's file: the machine-wide right to
// trade on an account. The operating system drops it when the process ends, however
// it ends.
type Lease struct{ lock *fileLock }

// AcquireLease takes the lease that a file stands for; ErrLocked when another
// process has it, with its number. The directory must exist.
func AcquireLease(path string) (*Lease, error) { return newLease(acquire(path)) }

// AcquireSharedLease takes a lease that other users of the machine compete for, in a
// directory that anybody may write to. Where the system has no locks that end with
// their process, it takes none.
func AcquireSharedLease(path string) (*Lease, error) { return newLease(acquireShared(path)) }

// Leased reports with ErrLocked whether a process has the lease that a file stands for,
// and which. It takes nothing.
func Leased(path string) error { return probe(path) }

// InUse reports with ErrLocked whether a process writes a ledger, and which. It takes
// nothing; a ledger that is not there is not in use.
func InUse(path string) error { return probe(lockOf(path)) }

// lockSuffix makes the name of a ledger that of its lock.
const lockSuffix = ".lock"

// lockOf is the lock of a ledger by whichever name it is opened: through a symbolic link
// it is the same one, because two writers would be of one file.
func lockOf(path string) string {
	if whole, err := filepath.EvalSymlinks(path); err == nil {
		path = whole
	}
	return path + lockSuffix
}

func newLease(l *fileLock, err error) (*Lease, error) {
	if err != nil {
		return nil, err
	}
	return &Lease{l}, nil
}

// Release gives the lease back.
func (l *Lease) Release() error {
	if l.lock == nil {
		return nil
	}
	return l.lock.release()
}
