package watch

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// digest is of the raw contents of a set of files, absences included. Times and
// inode numbers are no part of it: a touched file is the same file.
type digest [sha256.Size]byte

// maxFile bounds what is read of one file on every look. Of a larger file, the
// size and time stand for the rest; no script is nearly so large.
const maxFile = 4 << 20

func read(files []string) (d digest) {
	h := sha256.New()
	for _, path := range files {
		fmt.Fprintf(h, "%q ", path)
		if err := readFile(h, path); err != nil {
			fmt.Fprintf(h, "unreadable: %v", err)
		}
	}
	h.Sum(d[:0])
	return d
}

func readFile(h io.Writer, path string) error {
	// To open a pipe waits for who writes it, and then nothing else is looked at.
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("no file but %s", info.Mode().Type())
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return err
	}
	fmt.Fprintf(h, "%d ", info.Size())
	if info.Size() > maxFile {
		fmt.Fprint(h, info.ModTime().UnixNano())
	}
	_, err = io.Copy(h, io.LimitReader(f, maxFile))
	return err
}

// union is the script followed by every other file of the lists, sorted.
func union(script string, lists ...[]string) []string {
	var rest []string
	for _, f := range slices.Concat(lists...) {
		if abs, err := filepath.Abs(f); err == nil && abs != script {
			rest = append(rest, abs)
		}
	}
	slices.Sort(rest)
	return append([]string{script}, slices.Compact(rest)...)
}
