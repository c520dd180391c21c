package exchange

import (
	"fmt"
	"strconv"
)

// lengthUnits are the units of a bar's length, largest first.
var lengthUnits = [...]struct {
	name byte
	time Time
}{{'d', Day}, {'h', Hour}, {'m', Minute}, {'s', Second}}

// ParseBarLength reads the length of a bar as venues write it: "1s", "15m",
// "4h", "1d". It must be whole seconds and divide a day, so that bars begin at
// the same times of every day, UTC.
func ParseBarLength(s string) (Time, error) {
	if n := len(s); n > 1 {
		count, err := strconv.Atoi(s[:n-1])
		for _, u := range lengthUnits {
			if err == nil && s[n-1] == u.name && count > 0 && count <= int(Day/u.time) {
				length := Time(count) * u.time
				return length, CheckBarLength(length)
			}
		}
	}
	return 0, fmt.Errorf("%q is not the length of a bar: want a number of s, m, h or d that divides a day, such as \"1m\", \"15m\", \"4h\" or \"1d\"", s)
}

// CheckBarLength reports a length that bars can't have.
func CheckBarLength(length Time) error {
	if length < Second || length%Second != 0 || length > Day || Day%length != 0 {
		return fmt.Errorf("bars of %s do not divide a day: want whole seconds that do, such as \"1m\", \"15m\", \"4h\" or \"1d\"", BarLength(length))
	}
	return nil
}

// BarLength writes a bar's length the way ParseBarLength reads it, in the
// largest unit that it is a whole number of.
func BarLength(length Time) string {
	for _, u := range lengthUnits {
		if length >= u.time && length%u.time == 0 {
			return strconv.FormatInt(int64(length/u.time), 10) + string(u.name)
		}
	}
	return strconv.FormatFloat(float64(length)/float64(Second), 'g', -1, 64) + "s"
}
