//go:build !unix

package journal

import "os"

// syncDir does nothing: only unix lets a directory be synced.
func syncDir(*os.File) error { return nil }
