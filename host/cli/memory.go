package cli

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
)

// headroom is the part of a container's memory that is left to what Go does not
// count: the binary, SQLite's pages, thread stacks.
const headroom = 0.1

// limitMemory sets the memory limit of this program to what its container allows,
// unless GOMEMLIMIT says otherwise: near the limit the collector then works harder
// instead of the kernel ending the process. It belongs to a program and not to a
// package that others embed.
func limitMemory(w io.Writer) {
	if os.Getenv("GOMEMLIMIT") != "" || runtime.GOOS != "linux" { // control groups are Linux's
		return
	}
	bytes, file := containerMemory("/")
	if bytes == 0 {
		return
	}
	limit := int64(float64(bytes) * (1 - headroom))
	debug.SetMemoryLimit(limit)
	if os.Getenv("PERILUNE_DEBUG") != "" {
		fmt.Fprintf(w, "memory limit: %d MiB of the %d MiB in %s (GOMEMLIMIT sets another)\n", limit>>20, bytes>>20, file)
	}
}

// containerMemory returns the lowest memory limit of this process's control groups,
// of version 2 or 1, and the file that has it; 0: there is none. root is where the
// file system begins.
func containerMemory(root string) (lowest uint64, file string) {
	raw, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return 0, ""
	}
	look := func(path string) {
		raw, err := os.ReadFile(path)
		if err != nil {
			return
		}
		n, err := strconv.ParseUint(strings.TrimSpace(string(raw)), 10, 64)
		// "max" is no number, and version 1 writes a huge one for no limit.
		if err == nil && n > 0 && n < math.MaxInt64/2 && (lowest == 0 || n < lowest) {
			lowest, file = n, path
		}
	}
	for line := range strings.Lines(string(raw)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		base, name := filepath.Join(root, "sys/fs/cgroup"), "memory.max"
		if parts[1] != "" {
			if !strings.Contains(","+parts[1]+",", ",memory,") {
				continue
			}
			base, name = filepath.Join(base, "memory"), "memory.limit_in_bytes"
		}
		// A group is bound by those above it as well; inside a container its own
		// path may not be visible, and the root of what is visible is its own.
		for dir := filepath.Clean("/" + parts[2]); ; dir = filepath.Dir(dir) {
			look(filepath.Join(base, dir, name))
			if dir == "/" {
				break
			}
		}
	}
	return lowest, file
}
