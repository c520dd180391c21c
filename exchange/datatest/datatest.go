// Package datatest finds the recorded market data that some tests replay.
//
// The data is no part of the project: a test that wants it is skipped where it
// is not. It lies in the directory that PERILUNE_DATA names, or else in
// ../shared/data beside the project's own directory.
package datatest

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// Path returns where a recorded file or directory is, named by its slash-separated
// path within the data. The test is skipped when there is none.
func Path(tb testing.TB, name string) string {
	tb.Helper()
	path, ok := Find(name)
	if !ok {
		tb.Skipf("no recorded data: set PERILUNE_DATA to a directory with %s", name)
	}
	return path
}

// Find is Path for a test that has something left to do without the data.
func Find(name string) (path string, ok bool) {
	path = filepath.Join(root(), filepath.FromSlash(name))
	_, err := os.Stat(path)
	return path, err == nil
}

// Gunzip opens a compressed file until the end of the test.
func Gunzip(tb testing.TB, path string) io.Reader {
	tb.Helper()
	f, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = f.Close() })
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatalf("%s: %v", path, err)
	}
	return z
}

// root is the directory of the data, which need not exist.
func root() string {
	if dir := os.Getenv("PERILUNE_DATA"); dir != "" {
		return dir
	}
	wd, err := os.Getwd() // go test runs in the package's directory
	if err != nil {
		return ""
	}
	for dir := wd; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "..", "shared", "data")
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}
