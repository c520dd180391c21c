package record

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/datatest"
)

const benchFile = "l2/usdm-btcusdt-20240808.jsonl.gz"

// BenchmarkOpenRaw reads and decodes a whole recording. The naive way beside it
// is what a script in Go would do: bufio.Scanner, encoding/json.
func BenchmarkOpenRaw(b *testing.B) {
	path := datatest.Path(b, benchFile)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		r, err := formats.OpenRaw(path, RawOptions{})
		if err != nil {
			b.Fatal(err)
		}
		var ev exchange.Event
		for n = 0; r.Next(&ev) == nil; n++ {
		}
		r.Close()
	}
	perMessage(b, n)
}

func perMessage(b *testing.B, n int) {
	ns := float64(b.Elapsed().Nanoseconds()) / float64(b.N) / float64(n)
	b.ReportMetric(ns, "ns/msg")
	b.ReportMetric(1e9/ns, "msgs/s")
}

func BenchmarkNaive(b *testing.B) {
	path := datatest.Path(b, benchFile)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		zr, err := gzip.NewReader(f)
		if err != nil {
			b.Fatal(err)
		}
		sc := bufio.NewScanner(zr)
		sc.Buffer(nil, 1<<20)
		for n = 0; sc.Scan(); n++ {
			_, frame, _ := strings.Cut(sc.Text(), " ")
			var m map[string]any
			if err := json.Unmarshal([]byte(frame), &m); err != nil {
				b.Fatal(err)
			}
		}
		f.Close()
	}
	perMessage(b, n)
}

func BenchmarkVerify(b *testing.B) {
	path := datatest.Path(b, benchFile)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		rep, err := formats.Verify("", []string{path}, VerifyOptions{})
		if err != nil || rep.Err() != nil {
			b.Fatal(err, rep.Err())
		}
		n = int(rep.Messages)
	}
	perMessage(b, n)
}
