package account

import (
	"regexp"
	"testing"
)

func TestATagIsAUUID(t *testing.T) {
	v4 := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	for _, tag := range []string{"t1x1", "0", "00", "z", "tmj1k2l3x4", "zzzzzzzzzzzzzzzzzzzzzzz"} {
		id, err := uuidOf(tag)
		if err != nil || !v4.MatchString(id) {
			t.Errorf("%s: %s %v", tag, id, err)
		}
		if back, err := tagOf(id); err != nil || back != tag {
			t.Errorf("%s: %s comes back as %q, %v", tag, id, back, err)
		}
	}
	for _, tag := range []string{"", "A", "zzzzzzzzzzzzzzzzzzzzzzzz"} {
		if id, err := uuidOf(tag); err == nil {
			t.Errorf("%q: %s", tag, id)
		}
	}
	if tag, err := tagOf("42c0cfb0-6bca-c242-bc76-4e6df6cbab16"); err == nil {
		t.Errorf("of somebody else: %s", tag)
	}
}
