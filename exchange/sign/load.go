package sign

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// maxSecretBytes is far above a 4096-bit key in PEM (3.3 kB) and keeps a wrong
// path from being read to its end.
const maxSecretBytes = 64 << 10

// credentialsDir is set by systemd for services with LoadCredential=.
const credentialsDir = "CREDENTIALS_DIRECTORY"

// Load reads a secret from where a reference points to:
//
//	env:NAME         the environment variable NAME
//	file:/some/path  a file that only its owner may read or write (0600 or 0400)
//	credential:NAME  the file NAME in $CREDENTIALS_DIRECTORY
//
// White space around the value is dropped. The secret itself is never a
// reference, so that it never stands in a configuration file. Where somebody put
// it there all the same, the error does not quote it. Windows has no permissions
// of this sort, so there file: always refuses.
func Load(ref string) (Secret, error) {
	if err := CheckReference(ref); err != nil {
		return Secret{}, err
	}
	switch where, name, _ := strings.Cut(ref, ":"); where {
	case "env":
		return fromEnv(name)
	case "file":
		return fromFile(name, 0o077, "0600")
	default:
		return fromCredential(name)
	}
}

// CheckReference reports what is wrong with how a reference is written, and looks at nothing
// that it points to.
func CheckReference(ref string) error {
	where, name, _ := strings.Cut(ref, ":")
	switch {
	case name == "" || where != "env" && where != "file" && where != "credential":
		return badReference(ref)
	case where == "env" && (strings.Trim(name, envNames) != "" || len(name) > maxEnvName):
		return fmt.Errorf("environment variable: a name of %d bytes is none: want up to %d of A-Z, 0-9 and _", len(name), maxEnvName)
	}
	return nil
}

// By these rules of names the venue's keys, 64 letters of either case, are told
// from the name of a variable.
const (
	envNames   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
	maxEnvName = 63
)

// badReference does not quote: a user may have put the secret itself there.
func badReference(ref string) error {
	return fmt.Errorf("a reference of %d bytes points nowhere: want env:NAME, file:PATH or credential:NAME", len(ref))
}

func fromEnv(name string) (Secret, error) {
	value, ok := os.LookupEnv(name)
	if !ok {
		return Secret{}, fmt.Errorf("environment variable %s is not set", name)
	}
	// Shells and unit files make a PEM block one line with \n spelled out.
	if strings.Contains(value, pemMark) {
		value = strings.ReplaceAll(value, `\n`, "\n")
	}
	return filled("environment variable "+name, value)
}

// fromCredential does not ask for 0600: systemd makes the files readable by
// the service alone, through an ACL that shows as group permission.
func fromCredential(name string) (Secret, error) {
	dir := os.Getenv(credentialsDir)
	if dir == "" {
		return Secret{}, fmt.Errorf("credential %s: $%s is not set: start under systemd with LoadCredential=%s:PATH, or use file:PATH", name, credentialsDir, name)
	}
	if !filepath.IsLocal(name) || strings.ContainsAny(name, `/\`) {
		return Secret{}, fmt.Errorf("credential %q: want the name of a file in $%s, without directories", name, credentialsDir)
	}
	return fromFile(filepath.Join(dir, name), 0o007, "0400")
}

// fromFile reads a file that has none of the forbidden permissions.
func fromFile(path string, forbidden os.FileMode, want string) (Secret, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Secret{}, fmt.Errorf("key file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return Secret{}, fmt.Errorf("key file %s: it is not a regular file", path)
	}
	// On Windows who may read a file is in its access list, of which the mode says nothing.
	if perm := info.Mode().Perm(); perm&forbidden != 0 && runtime.GOOS != "windows" {
		return Secret{}, fmt.Errorf("key file %s: its permissions are %04o, so that others can get at it: run chmod %s %s, and replace the key if anyone else uses this machine", path, perm, want, path)
	}
	text, err := readAtMost(path, maxSecretBytes)
	if err != nil {
		return Secret{}, fmt.Errorf("key file %s: %w", path, err)
	}
	return filled("key file "+path, text)
}

func readAtMost(path string, limit int64) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = errors.New("it is longer than any key: is it the right file?")
	}
	return string(data), err
}

func filled(where, value string) (Secret, error) {
	if value = strings.TrimSpace(value); value == "" {
		return Secret{}, fmt.Errorf("%s is empty", where)
	}
	return NewSecret(value), nil
}
