package journal_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger/journal"
)

// What is appended is read back in its order, and what the writer was made with
// heads it.
func Example() {
	tmp, err := os.MkdirTemp("", "journal")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(tmp)
	dir := filepath.Join(tmp, "run")
	if err := write(dir); err != nil {
		fmt.Println(err)
		return
	}
	r, err := journal.Open(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	fmt.Printf("%s\n", r.Header())
	var decode journal.EventDecoder
	for {
		_, data, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		var ev exchange.Event
		if err == nil {
			err = decode.Decode(data, &ev)
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(ev.Kind, ev.Price, ev.Qty)
	}
	// Output:
	// {"session":1}
	// trade 600000 10
	// trade 600000 11
	// trade 600000 12
}

func write(dir string) error {
	w, err := journal.Create(dir, []byte(`{"session":1}`), journal.Options{})
	if err != nil {
		return err
	}
	for qty := range exchange.Lots(3) {
		ev := exchange.Event{Kind: exchange.KindTrade, Price: 600_000, Qty: 10 + qty, Side: exchange.Buy}
		if err := w.Append(journal.RecordEvent, journal.AppendEvent(nil, &ev)); err != nil {
			return errors.Join(err, w.Close())
		}
	}
	return w.Close()
}
