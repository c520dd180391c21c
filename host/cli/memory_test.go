package cli

import (
	"os"
	"path/filepath"
	"testing"
)

// The lowest limit of a control group and of those above it counts.
func TestContainerMemory(t *testing.T) {
	for _, c := range []struct {
		name   string
		groups string
		files  map[string]string
		want   uint64
	}{
		{"version 2", "0::/a/b\n", map[string]string{"a/b/memory.max": "max\n", "a/memory.max": "536870912\n"}, 512 << 20},
		{"version 2 in a container", "0::/unseen\n", map[string]string{"memory.max": "104857600\n"}, 100 << 20},
		{"version 1", "5:cpu:/x\n4:cpuset,memory:/x\n", map[string]string{"memory/x/memory.limit_in_bytes": "209715200\n"}, 200 << 20},
		{"version 1 without a limit", "4:memory:/x\n", map[string]string{"memory/x/memory.limit_in_bytes": "9223372036854771712\n"}, 0},
		{"none", "0::/\n", nil, 0},
	} {
		root := t.TempDir()
		write := func(path, text string) {
			path = filepath.Join(root, path)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		write("proc/self/cgroup", c.groups)
		for path, text := range c.files {
			write("sys/fs/cgroup/"+path, text)
		}
		if got, file := containerMemory(root); got != c.want {
			t.Errorf("%s: %d of %q, want %d", c.name, got, file, c.want)
		}
	}
	if got, _ := containerMemory(t.TempDir()); got != 0 {
		t.Errorf("without control groups: %d", got)
	}
}
