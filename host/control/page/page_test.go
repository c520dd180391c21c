package page_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/perilune/perilune/host/control/page"
)

const vendor = "vendor/"

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := fs.ReadFile(page.Files(), name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// own calls do with each file that is ours.
func own(t *testing.T, do func(name, text string)) {
	t.Helper()
	err := fs.WalkDir(page.Files(), ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && !strings.HasPrefix(name, vendor) {
			do(name, read(t, name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What others wrote is as they published it, and with their license.
func TestVendoredFilesAreAsPublished(t *testing.T) {
	const dir = vendor + "uplot/"
	listed := map[string]bool{"SHA256SUMS": true}
	for s := bufio.NewScanner(strings.NewReader(read(t, dir+"SHA256SUMS"))); s.Scan(); {
		want, name, _ := strings.Cut(s.Text(), "  ")
		sum := sha256.Sum256([]byte(read(t, dir+name)))
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("%s has sum %s, want %s", name, got, want)
		}
		listed[name] = true
	}
	err := fs.WalkDir(page.Files(), path.Clean(vendor), func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && !listed[strings.TrimPrefix(name, dir)] {
			t.Errorf("%s has no sum in %sSHA256SUMS", name, dir)
		}
		return err
	})
	if err != nil || !listed["LICENSE"] {
		t.Errorf("walking: %v; the license is listed: %v", err, listed["LICENSE"])
	}
}

// Whatever a session says is text: nothing of ours makes markup, code or a style of it,
// and nothing is asked of another host.
func TestWhatASessionSaysIsText(t *testing.T) {
	markup := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|srcdoc|\beval\(|new Function|setTimeout\("`)
	inline := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script>|javascript:`)
	elsewhere := regexp.MustCompile(`(?i)\b(https?|wss?):?//`)
	own(t, func(name, text string) {
		if at := markup.FindString(text); at != "" {
			t.Errorf("%s has %s: make elements with h of js/dom.js", name, at)
		}
		if at := inline.FindString(text); at != "" && path.Ext(name) == ".html" {
			t.Errorf("%s has %s, which the policy of the door forbids", name, at)
		}
		if at := elsewhere.FindString(strings.ReplaceAll(text, `xmlns="http://www.w3.org/2000/svg"`, "")); at != "" {
			t.Errorf("%s names another host: %s", name, at)
		}
	})
}

// What a file refers to is there.
func TestThePageIsWhole(t *testing.T) {
	reference := regexp.MustCompile(`(?m)(?:^import [^"\n]*|\ssrc=|\shref=)"([^"#\n]+)"`)
	n := 0
	own(t, func(name, text string) {
		if e := path.Ext(name); e != ".js" && e != ".html" {
			return
		}
		for _, m := range reference.FindAllStringSubmatch(text, -1) {
			n++
			if _, err := fs.Stat(page.Files(), path.Join(path.Dir(name), m[1])); err != nil {
				t.Errorf("%s refers to %s: %v", name, m[1], err)
			}
		}
	})
	if n < 40 {
		t.Errorf("%d references were found, want some 50: is the pattern right?", n)
	}
}
