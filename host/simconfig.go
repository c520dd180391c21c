package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// sectioned is a front whose addresses have other names in its venue's section than those
// that it describes itself with.
type sectioned interface {
	// Section is the addresses below a host, by the keys of the section.
	Section(host string) map[string]string
}

// section is the addresses of a front by the keys of its venue's section.
func section(f front, host string) map[string]string {
	if s, ok := f.(sectioned); ok {
		return s.Section(host)
	}
	return f.Describe(host)
}

// credentials are what a session logs in with, whichever form the venue gives its keys in.
type credentials struct {
	Key        string `json:"key"`
	Secret     string `json:"secret"`
	Passphrase string `json:"passphrase"`
}

// login takes them from the keys of a venue.
func login(house string, keys any) (credentials, error) {
	var k struct {
		credentials
		HMAC *credentials `json:"hmac"`
	}
	text, err := json.Marshal(keys)
	if err == nil {
		err = json.Unmarshal(text, &k)
	}
	switch {
	case err != nil:
		return credentials{}, fmt.Errorf("keys of the simulated %s: %w", house, err)
	case k.HMAC != nil:
		return *k.HMAC, nil
	case k.Key == "" || k.Secret == "":
		return credentials{}, fmt.Errorf("keys of the simulated %s: %s has no key and secret", house, text)
	}
	return k.credentials, nil
}

// simLimits are what run --live wants limits for, wide enough for the scripts that come along.
const simLimits = `[risk]
max_order_notional    = "20000"
max_position_notional = "100000"
daily_loss            = "0.2"
`

// WriteConfig writes a configuration by which run --market live and run --live reach this
// exchange with its first accounts: a section for each venue, limits, and the keys in files of
// a directory beside it (path without its ending and "-keys"), for the user alone. What is at
// path is replaced when an earlier call wrote it; another file is refused.
func (i SimInfo) WriteConfig(path string) error {
	const mark = "# Written by perilune sim: play money."
	old, err := os.ReadFile(path)
	switch {
	case err == nil && !strings.HasPrefix(string(old), mark):
		return fmt.Errorf("%s is there and was not written by sim: it stays", path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("looking for an earlier configuration: %w", err)
	}
	dir, err := filepath.Abs(strings.TrimSuffix(path, filepath.Ext(path)) + "-keys")
	if err != nil {
		return fmt.Errorf("finding a place for the keys of %s: %w", path, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making a place for the keys: %w", err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s It serves while the exchange at %s runs.\nversion = 1\n", mark, i.Listen)
	for _, house := range slices.Sorted(maps.Keys(i.Venues)) {
		v := i.Venues[house]
		k, err := login(house, v.Keys)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "\n[venue.%s]\n", house)
		for _, secret := range []struct{ name, text string }{{"api_key", k.Key}, {"secret", k.Secret}, {"passphrase", k.Passphrase}} {
			if secret.text == "" {
				continue
			}
			file := filepath.Join(dir, house+"."+secret.name)
			if err := os.WriteFile(file, []byte(secret.text), 0o600); err != nil {
				return fmt.Errorf("writing a key: %w", err)
			}
			fmt.Fprintf(&b, "%s = %s\n", secret.name, strconv.Quote("file:"+filepath.ToSlash(file)))
		}
		for _, name := range slices.Sorted(maps.Keys(v.section)) {
			fmt.Fprintf(&b, "%s = %s\n", name, strconv.Quote(v.section[name]))
		}
	}
	if i.Relay != nil {
		file := filepath.Join(dir, "relay.key")
		if err := os.WriteFile(file, []byte(i.Relay["key"]), 0o600); err != nil {
			return fmt.Errorf("writing a key: %w", err)
		}
		fmt.Fprintf(&b, "\n[feed.relay]\nurl = %s\nkey = %s\n", strconv.Quote(i.Relay["url"]), strconv.Quote("file:"+filepath.ToSlash(file)))
	}
	b.WriteString("\n" + simLimits)
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	return nil
}
