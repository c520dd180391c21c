package cli

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
)

// build is what a binary says of how it was made. What the toolchain did not write into
// it is empty: a build outside of a repository has no commit, a local one no sum.
type build struct {
	Version  string `json:"version"`          // of the module; "(devel)" of one that has none
	Commit   string `json:"commit,omitempty"` // of the repository
	Date     string `json:"date,omitempty"`   // of the commit, RFC 3339, UTC
	Modified bool   `json:"modified"`         // files differed from the commit
	Sum      string `json:"sum,omitempty"`    // of the module, as go.sum has it
	Go       string `json:"go"`               // the toolchain
	Platform string `json:"platform"`         // GOOS/GOARCH
}

// buildOf reads what the toolchain wrote into this binary.
func buildOf() build {
	b := build{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	return b.fill(info)
}

func (b build) fill(info *debug.BuildInfo) build {
	if info.Main.Version != "" {
		b.Version = info.Main.Version
	}
	b.Sum, b.Go = info.Main.Sum, info.GoVersion
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Date = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

func (b build) String() string {
	s := "perilune " + b.Version
	if b.Commit != "" {
		s += ", commit " + b.Commit
		if b.Date != "" {
			s += " of " + b.Date
		}
		if b.Modified {
			s += ", with changes"
		}
	}
	if b.Sum != "" {
		s += ", module " + b.Sum
	}
	return fmt.Sprintf("%s (%s, %s)", s, b.Go, b.Platform)
}

// versionVerb says which program this is.
func versionVerb(_ context.Context, e *env, args []string) error {
	f := e.flags("version", "", "perilune version --json")
	asJSON := f.Bool("json", false, "print one JSON object on stdout")
	if err := parseAlone(f, args); err != nil {
		return err
	}
	b := buildOf()
	if *asJSON {
		return e.printJSON(b)
	}
	fmt.Fprintln(e.out, b)
	return nil
}
