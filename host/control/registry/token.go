package registry

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"github.com/perilune/perilune/exchange/sign"
)

// TokenFile is where the token of a ledger's sessions is.
func TokenFile(ledger string) string { return ledger + ".token" }

// mostToken is far above a token's length.
const mostToken = 4 << 10

// Token reads the token of a ledger's sessions.
func Token(ledger string) (sign.Secret, error) {
	path := TokenFile(ledger)
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return sign.Secret{}, err
	case !info.Mode().IsRegular() || info.Size() > mostToken:
		return sign.Secret{}, fmt.Errorf("%s: it is no token's file", path)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return sign.Secret{}, fmt.Errorf("%s: its permissions are %04o, so that others can read it: remove it, and the next start makes another", path, info.Mode().Perm())
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return sign.Secret{}, err
	}
	if text := strings.TrimSpace(string(raw)); text != "" {
		return sign.NewSecret(text), nil
	}
	return sign.Secret{}, fmt.Errorf("%s: it is empty: remove it, and the next start makes another", path)
}

// MakeToken reads the token of a ledger's sessions, and makes one where there is none. It
// stays until its file is removed, so that a page goes on after a restart.
func MakeToken(ledger string) (sign.Secret, error) {
	s, err := Token(ledger)
	if !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	s = NewToken()
	f, err := os.OpenFile(TokenFile(ledger), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return sign.Secret{}, err
	}
	_, err = f.WriteString(s.Reveal() + "\n")
	if err := errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(TokenFile(ledger)) // half a token would be taken for one
		return sign.Secret{}, err
	}
	return s, nil
}

// NewToken is 256 random bits in letters that an address can hold.
func NewToken() sign.Secret {
	var b [32]byte
	_, _ = rand.Read(b[:]) // it never fails
	return sign.NewSecret(base64.RawURLEncoding.EncodeToString(b[:]))
}
