package exchange

import "testing"

func TestBarLengths(t *testing.T) {
	for text, want := range map[string]Time{
		"1s": Second, "10s": 10 * Second, "1m": Minute, "15m": 15 * Minute, "60m": Hour, "4h": 4 * Hour, "24h": Day, "1d": Day,
		"1440m": Day, "86400s": Day,
	} {
		got, err := ParseBarLength(text)
		if err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "m", "1", "0m", "-1m", "7m", "5h", "2d", "1w", "1M", "1.5h", " 1m", "1h30m", "99999999999999999999s", "9223372036854775807m"} {
		if got, err := ParseBarLength(text); err == nil {
			t.Errorf("%q is taken as %v", text, got)
		}
	}
	for length, want := range map[Time]string{Second: "1s", 90 * Second: "90s", Minute: "1m", 90 * Minute: "90m", Hour: "1h", Day: "1d", 36 * Hour: "36h", Second / 2: "0.5s"} {
		if got := BarLength(length); got != want {
			t.Errorf("%d: %s, want %s", length, got, want)
		}
	}
}
