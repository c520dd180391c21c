package ledger

// Lease is a lock that is not about a ledger's file: the machine-wide right to
// trade on an account. The operating system drops it when the process ends, however
// it ends.
type Lease struct{ lock *fileLock }

// AcquireLease takes the lease that a file stands for; ErrLocked when another
// process has it, with its number. The directory must exist.
func AcquireLease(path string) (*Lease, error) {
	l, err := acquire(path)
	if err != nil {
		return nil, err
	}
	return &Lease{l}, nil
}

// Release gives the lease back.
func (l *Lease) Release() error { return l.lock.release() }
