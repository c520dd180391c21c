package journal

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"os"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// BenchmarkAppend is what the loop pays for a record of 60 bytes; the naive way
// is an unbuffered write per record.
func BenchmarkAppend(b *testing.B) {
	data := bytes.Repeat([]byte("0123456789"), 6)
	b.Run("journal", func(b *testing.B) {
		w := create(b, b.TempDir(), Options{MaxBytes: 256 << 20})
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			data[i%60]++
			if err := w.Append(RecordEvent, data); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("naive write", func(b *testing.B) {
		f, err := os.Create(b.TempDir() + "/log")
		must(b, err)
		defer f.Close()
		b.ReportAllocs()
		for b.Loop() {
			if _, err := f.Write(data); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkJournalDiff appends depth diffs of 40 levels, encoding included, and
// reports what they take on disk.
func BenchmarkJournalDiff(b *testing.B) {
	dir := b.TempDir()
	w := create(b, dir, Options{})
	ev := marketSamples()[0]
	var buf []byte
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		ev.Seq++
		ev.Time += exchange.Time(100+i%7) * exchange.Millisecond
		ev.Bids[i%20].Qty = exchange.Lots(i * 7919 % 5000)
		ev.Asks[i*3%20].Qty = exchange.Lots(i * 104729 % 5000)
		buf = AppendEvent(buf[:0], &ev)
		if err := w.Append(RecordEvent, buf); err != nil {
			b.Fatal(err)
		}
	}
	must(b, w.Close())
	var size int64
	segs, err := segments(dir)
	must(b, err)
	for _, s := range segs {
		st, err := os.Stat(s.path)
		must(b, err)
		size += st.Size()
	}
	b.ReportMetric(float64(len(buf)), "encoded-B")
	b.ReportMetric(float64(size)/float64(b.N), "disk-B/op")
}

func BenchmarkEncode(b *testing.B) {
	ev := marketSamples()[0]
	b.Run("journal", func(b *testing.B) {
		var buf []byte
		b.ReportAllocs()
		for b.Loop() {
			buf = AppendEvent(buf[:0], &ev)
		}
		b.ReportMetric(float64(len(buf)), "B")
	})
	b.Run("json", func(b *testing.B) {
		var buf []byte
		b.ReportAllocs()
		for b.Loop() {
			buf, _ = json.Marshal(&ev)
		}
		b.ReportMetric(float64(len(buf)), "B")
	})
	b.Run("gob", func(b *testing.B) {
		var buf bytes.Buffer
		enc := gob.NewEncoder(&buf)
		b.ReportAllocs()
		for b.Loop() {
			buf.Reset()
			must(b, enc.Encode(&ev))
		}
		b.ReportMetric(float64(buf.Len()), "B")
	})
}

func BenchmarkDecode(b *testing.B) {
	ev := marketSamples()[0]
	b.Run("journal", func(b *testing.B) {
		data := AppendEvent(nil, &ev)
		var dec EventDecoder
		var got exchange.Event
		b.ReportAllocs()
		for b.Loop() {
			if err := dec.Decode(data, &got); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("json", func(b *testing.B) {
		data, _ := json.Marshal(&ev)
		b.ReportAllocs()
		for b.Loop() {
			var got exchange.Event
			must(b, json.Unmarshal(data, &got))
		}
	})
}

// BenchmarkRead is replay from disk: decompress, check, decode.
func BenchmarkRead(b *testing.B) {
	dir := b.TempDir()
	w := create(b, dir, Options{})
	var buf []byte
	const records = 50_000
	samples := marketSamples()
	for i := range records {
		ev := samples[i%len(samples)]
		ev.Seq, ev.Time = uint64(i), ev.Time+exchange.Time(i)*exchange.Millisecond
		buf = AppendEvent(buf[:0], &ev)
		must(b, w.Append(RecordEvent, buf))
	}
	must(b, w.Close())
	b.ReportAllocs()
	for b.Loop() {
		f, err := OpenFeed(dir)
		must(b, err)
		var ev exchange.Event
		for f.Next(&ev) == nil {
		}
		must(b, f.Close())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/records, "ns/event")
}
