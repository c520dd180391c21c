package tardis

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
)

// mostRow bounds the header and the first row of a CSV file: those of a book snapshot of 25
// levels are 3 KB.
const mostRow = 64 << 10

// dayOf is the day in the path of a CSV file.
func dayOf(name string) string {
	parts := strings.Split(path.Dir(name), "/")
	return strings.Join(parts[max(0, len(parts)-3):], "/")
}

// groups are the names of files that hold many symbols. Source: docs.tardis.dev,
// "Downloadable CSV files".
var groups = []string{"SPOT", "FUTURES", "PERPETUALS", "OPTIONS"}

// belongs checks that a CSV file begins as that of an exchange, a symbol as files are named,
// and a day: a gzip may be whole and hold another file, or a page.
func belongs(file, venue, symbol string, day time.Time) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	r := bufio.NewReaderSize(z, mostRow)
	header, err := row(r, 1)
	if err != nil {
		return err
	}
	var at [3]int
	for i, name := range []string{"exchange", "symbol", "local_timestamp"} {
		if at[i] = slices.Index(header, name); at[i] < 0 {
			return fmt.Errorf("line 1 is %.60q: want a header with exchange, symbol and local_timestamp", strings.Join(header, ","))
		}
	}
	first, err := row(r, 2)
	if err != nil || first == nil {
		return err // nothing happened on the day
	}
	if len(first) != len(header) {
		return fmt.Errorf("line 2 has %d fields, the header %d", len(first), len(header))
	}
	us, err := strconv.ParseInt(first[at[2]], 10, 64)
	from := day.UTC().Truncate(24 * time.Hour)
	switch when := time.UnixMicro(us); {
	case first[at[0]] != venue:
		return fmt.Errorf("line 2: exchange %q: want %s", first[at[0]], venue)
	case spelled(first[at[1]]) != symbol && !slices.Contains(groups, symbol):
		return fmt.Errorf("line 2: symbol %q: want that of %s.csv.gz", first[at[1]], symbol)
	case err != nil || when.Before(from) || !when.Before(from.AddDate(0, 0, 1)):
		return fmt.Errorf("line 2: local_timestamp %q: want microseconds within %s", first[at[2]], from.Format(time.DateOnly))
	}
	return nil
}

// row reads a line's fields; nil at the end of the file.
func row(r *bufio.Reader, n int) ([]string, error) {
	line, err := r.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, fmt.Errorf("line %d is longer than %d KB: this is no CSV data set", n, mostRow>>10)
	case err != nil && !errors.Is(err, io.EOF):
		return nil, err
	case len(line) == 0:
		return nil, nil
	}
	return strings.Split(strings.TrimRight(string(line), "\r\n"), ","), nil
}
