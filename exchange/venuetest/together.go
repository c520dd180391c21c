package venuetest

import (
	"flag"
	"testing"
)

// atOnce is how many trials of a suite run beside each other. Each waits for a venue's time
// to pass and takes some hundredths of a processor meanwhile.
const atOnce = "6"

// Together lets the trials of suites run beside each other, more of them than there are
// processors, unless -parallel says how many. TestMain calls it before it runs tests.
func Together() {
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said {
		if err := flag.Set("test.parallel", atOnce); err != nil {
			panic(err) // not reached: every test has the flag
		}
	}
}

// trying runs a trial beside those of its suite.
func trying(t *testing.T, name string, try func(*testing.T)) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		try(t)
	})
}
