package host

import (
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"
)

// freeSpace is how many bytes this user may still write in a directory.
func freeSpace(dir string) (uint64, error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	var free, total, all uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, &total, &all); err != nil {
		return 0, err
	}
	return free, nil
}

// sameDisk reports whether two directories are on one volume, by its letter; two ballast
// files for one that is mounted in a folder do no harm.
func sameDisk(a, b string) bool {
	x, errA := filepath.Abs(a)
	y, errB := filepath.Abs(b)
	return errA == nil && errB == nil && strings.EqualFold(filepath.VolumeName(x), filepath.VolumeName(y))
}
