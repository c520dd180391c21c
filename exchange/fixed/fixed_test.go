package fixed

import (
	"errors"
	"math"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

var (
	cent    = exchange.Step{M: 1, Scale: 2}
	lot5    = exchange.Step{M: 1, Scale: 5}
	nickel  = exchange.Step{M: 5, Scale: 2}
	ten     = exchange.Step{M: 10}
	whole   = exchange.Step{M: 1}
	atto    = exchange.Step{M: 1, Scale: 18}
	badStep = exchange.Step{}
)

func TestSteps(t *testing.T) {
	tests := []struct {
		text string
		step exchange.Step
		want int64
		err  error
	}{
		{"1.54698000", lot5, 154698, nil},
		{"61837.63000000", cent, 6183763, nil},
		{"0.00000000", lot5, 0, nil},
		{"0", cent, 0, nil},
		{"-0.00", cent, 0, nil},
		{"-1.25", cent, -125, nil},
		{"007.5", cent, 750, nil},
		{"0.35", nickel, 7, nil},
		{"120", ten, 12, nil},
		{"120.0", ten, 12, nil},
		{"9.223372036854775807", atto, math.MaxInt64, nil},
		{"9223372036854775807", whole, math.MaxInt64, nil},
		{"-9223372036854775807", whole, -math.MaxInt64, nil},
		{"0000000000000000000000001.5", cent, 150, nil},
		{"1.50000000000000000000000000", cent, 150, nil},

		{"0.36", nickel, 0, ErrStep},
		{"125", ten, 0, ErrStep},
		{"1.234", cent, 0, ErrStep},
		{"0.001", cent, 0, ErrStep},
		{"9223372036854775808", whole, 0, ErrRange},
		{"9.223372036854775808", atto, 0, ErrRange},
		{"92233720368547758.08", cent, 0, ErrRange},
		{"1", badStep, 0, ErrBadStep},
		{"1", exchange.Step{M: 1, Scale: 19}, 0, ErrBadStep},
		{"1", exchange.Step{M: -1}, 0, ErrBadStep},
	}
	for _, tt := range tests {
		got, err := Steps([]byte(tt.text), tt.step)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("Steps(%q, %v) = %d, %v; want %d, %v", tt.text, tt.step, got, err, tt.want, tt.err)
		}
	}
}

func TestMalformedText(t *testing.T) {
	for _, text := range []string{"", "-", ".", "1.", ".5", "-.5", "+1", "1e5", "1E-5", " 1", "1 ", "1,5", "1.2.3", "--1", "0x10",
		"NaN", "Inf", "1_000", "１", "\"1\""} {
		if _, err := Steps([]byte(text), cent); !errors.Is(err, ErrSyntax) {
			t.Errorf("Steps(%q): %v, want ErrSyntax", text, err)
		}
		if _, err := E8([]byte(text)); !errors.Is(err, ErrSyntax) {
			t.Errorf("E8(%q): %v, want ErrSyntax", text, err)
		}
		if _, _, err := FloorText([]byte(text), cent); !errors.Is(err, ErrSyntax) {
			t.Errorf("FloorText(%q): %v, want ErrSyntax", text, err)
		}
	}
}

func TestErrorText(t *testing.T) {
	_, err := Steps([]byte("61837.635"), cent)
	if want := `"61837.635" in steps of 0.01: not a whole number of steps`; err.Error() != want {
		t.Errorf("got %s, want %s", err, want)
	}
	_, err = E8([]byte("x"))
	if want := `"x": not a plain decimal number`; err.Error() != want {
		t.Errorf("got %s, want %s", err, want)
	}
}

func TestPrefix(t *testing.T) {
	tests := []struct {
		text string
		step exchange.Step
		want int64
		used int
	}{
		{`61.50","2.0"]`, cent, 6150, 5},
		{`7"`, cent, 700, 1},
		{`7`, cent, 700, 1},
		{`0.35]`, nickel, 7, 4},
		{`7."`, cent, 0, 0},
		{`-7"`, cent, 0, 0},
		{`7.001"`, cent, 0, 0},
		{`0.36`, nickel, 0, 0},
		{`"`, cent, 0, 0},
		{`12345678901234567`, cent, 0, 0}, // Steps takes it
		{`1`, badStep, 0, 0},
	}
	for _, tt := range tests {
		if n, used := Prefix([]byte(tt.text), tt.step); n != tt.want || used != tt.used {
			t.Errorf("Prefix(%q, %v) = %d, %d; want %d, %d", tt.text, tt.step, n, used, tt.want, tt.used)
		}
	}
}

func TestE8(t *testing.T) {
	tests := []struct {
		text string
		want exchange.E8
		err  error
	}{
		{"0.00010000", 10000, nil},
		{"-0.00375", -375000, nil},
		{"61000.15", 6100015000000, nil},
		{"0.123456784", 12345678, nil},
		{"0.123456785", 12345679, nil},
		{"-0.123456785", -12345679, nil},
		{"0.1234567849999", 12345678, nil},
		{"92233720368.54775807", math.MaxInt64, nil},
		{"92233720368.547758074", math.MaxInt64, nil},
		{"92233720368.547758075", 0, ErrRange},
		{"92233720369", 0, ErrRange},
	}
	for _, tt := range tests {
		got, err := E8([]byte(tt.text))
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("E8(%q) = %d, %v; want %d, %v", tt.text, got, err, tt.want, tt.err)
		}
	}
}

func TestAppend(t *testing.T) {
	tests := []struct {
		n    int64
		step exchange.Step
		want string
	}{
		{0, cent, "0"},
		{1, cent, "0.01"},
		{-1, cent, "-0.01"},
		{100, cent, "1"},
		{6183760, cent, "61837.6"},
		{7, nickel, "0.35"},
		{12, ten, "120"},
		{1, exchange.Step{M: 1, Scale: 8}, "0.00000001"},
		{math.MaxInt64, atto, "9.223372036854775807"},
		{math.MinInt64, whole, "-9223372036854775808"},
		{math.MinInt64, exchange.Step{M: math.MaxInt64}, "-85070591730234615856620279821087277056"},
		{1e18, exchange.Step{M: 1e18}, "1000000000000000000000000000000000000"},
		{5, badStep, "0"},
	}
	for _, tt := range tests {
		if got := string(Append([]byte("x"), tt.n, tt.step)); got != "x"+tt.want {
			t.Errorf("Append(%d, %v) = %s, want x%s", tt.n, tt.step, got, tt.want)
		}
	}
}

func TestRoundDecimals(t *testing.T) {
	tests := []struct {
		d           string
		step        exchange.Step
		floor, ceil int64
		err         error
	}{
		{"1.005", cent, 100, 101, nil},
		{"1.00", cent, 100, 100, nil},
		{"0.99999999999999999999999999", whole, 0, 1, nil}, // a rounded quotient would say 1
		{"0.37", nickel, 7, 8, nil},
		{"1e3", ten, 100, 100, nil},
		{"1e-4000", cent, 0, 1, nil},
		{"9223372036854775806.5", whole, math.MaxInt64 - 1, math.MaxInt64, nil},
		{"9223372036854775807.5", whole, 0, 0, ErrRange},
		{"1e9999", whole, 0, 0, ErrRange},
		{"-1e-9999", whole, 0, 0, ErrNegative},
		{"-1", cent, 0, 0, ErrNegative},
		{"1", badStep, 0, 0, ErrBadStep},
	}
	for _, tt := range tests {
		d := decimal.RequireFromString(tt.d)
		floor, _, err := floorDecimal(d, tt.step)
		ceil, err2 := CeilDecimal(d, tt.step)
		if floor != tt.floor || ceil != tt.ceil || !errors.Is(err, tt.err) || !errors.Is(err2, tt.err) {
			t.Errorf("%s in %v: floor %d %v, ceil %d %v; want %d, %d, %v", tt.d, tt.step, floor, err, ceil, err2, tt.floor, tt.ceil, tt.err)
		}
	}
}

func TestNothingAllocates(t *testing.T) {
	text, dst := []byte("61837.63000000"), make([]byte, 0, 64)
	for name, f := range map[string]func(){
		"Ticks":     func() { _, _ = Ticks(text, cent) },
		"slow":      func() { _, _ = slowSteps(text, cent) },
		"E8":        func() { _, _ = E8(text) },
		"Append":    func() { _ = Append(dst, 6183763, cent) },
		"FloorText": func() { _, _, _ = FloorText(text, ten) },
	} {
		if n := testing.AllocsPerRun(50, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// An exponent that no text could spell out costs neither time nor memory.
func TestFarExponents(t *testing.T) {
	if _, err := CeilDecimal(decimal.New(1, math.MaxInt32), cent); !errors.Is(err, ErrRange) {
		t.Errorf("huge: %v", err)
	}
	if n, err := CeilDecimal(decimal.New(1, math.MinInt32), cent); n != 1 || err != nil {
		t.Errorf("tiny: %d, %v", n, err)
	}
	if n, err := CeilDecimal(decimal.New(0, math.MaxInt32), cent); n != 0 || err != nil {
		t.Errorf("zero: %d, %v", n, err)
	}
}

// oracle computes steps with decimals; ok is false for what is not exact.
func oracle(d decimal.Decimal, s exchange.Step) (n decimal.Decimal, exact bool) {
	q, r := d.QuoRem(s.Decimal(1), 0)
	return q, r.IsZero()
}

func FuzzSteps(f *testing.F) {
	for _, text := range []string{"1.54698000", "0", "-0.0", "61837.63", "9223372036854775807", "1e5", "00.10", "999999999999999999.9"} {
		f.Add([]byte(text), int64(1), uint8(5))
		f.Add([]byte(text), int64(5), uint8(2))
	}
	f.Fuzz(func(t *testing.T, text []byte, m int64, scale uint8) {
		s := exchange.Step{M: m, Scale: scale}
		if !usable(s) || len(text) > 60 {
			_, _ = Steps(text, s)
			return
		}
		n, err := Steps(text, s)
		slow, slowErr := slowSteps(text, s)
		if n != slow || (err == nil) != (slowErr == nil) {
			t.Fatalf("%q in %v: %d %v, the slow way %d %v", text, s, n, err, slow, slowErr)
		}
		if _, ok := split(text); !ok {
			if !errors.Is(err, ErrSyntax) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		d := decimal.RequireFromString(string(text))
		want, exact := oracle(d, s)
		switch {
		case err == nil:
			if !exact || !want.Equal(decimal.NewFromInt(n)) {
				t.Fatalf("%q in %v is %d, want %s (exact %v)", text, s, n, want, exact)
			}
			again, err := Steps(Append(nil, n, s), s)
			if err != nil && !errors.Is(err, ErrRange) || err == nil && again != n {
				t.Fatalf("%d steps of %v came back as %d, %v", n, s, again, err)
			}
		case errors.Is(err, ErrStep):
			if exact {
				t.Fatalf("%q in %v: %v, but it is %s", text, s, err, want)
			}
		case errors.Is(err, ErrRange):
			if d.Shift(int32(s.Scale)).Abs().LessThanOrEqual(decimal.NewFromInt(math.MaxInt64)) {
				t.Fatalf("%q in %v: %v", text, s, err)
			}
		default:
			t.Fatalf("%q in %v: %v", text, s, err)
		}
	})
}

func FuzzE8(f *testing.F) {
	f.Add([]byte("0.00010000"))
	f.Add([]byte("-61010.626590915"))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := E8(text)
		if _, ok := split(text); !ok || len(text) > 60 {
			return
		}
		want := decimal.RequireFromString(string(text)).Shift(8).Round(0)
		if fits := want.Abs().LessThanOrEqual(decimal.NewFromInt(math.MaxInt64)); fits != (err == nil) {
			t.Fatalf("%q: %v", text, err)
		}
		if err == nil && !want.Equal(decimal.NewFromInt(int64(got))) {
			t.Fatalf("%q is %d, want %s", text, got, want)
		}
	})
}

func FuzzAppend(f *testing.F) {
	f.Add(int64(154698), int64(1), uint8(5))
	f.Add(int64(math.MinInt64), int64(math.MaxInt64), uint8(18))
	f.Fuzz(func(t *testing.T, n, m int64, scale uint8) {
		s := exchange.Step{M: m, Scale: scale}
		if !usable(s) {
			return
		}
		want := decimal.NewFromInt(n).Mul(decimal.New(m, -int32(scale))).String()
		if got := string(Append(nil, n, s)); got != want {
			t.Fatalf("%d steps of %v: %s, want %s", n, s, got, want)
		}
	})
}

func FuzzRound(f *testing.F) {
	f.Add("0.3", int64(1), uint8(1))
	f.Add("61800.35", int64(5), uint8(2))
	f.Fuzz(func(t *testing.T, text string, m int64, scale uint8) {
		s := exchange.Step{M: m, Scale: scale}
		floor, inexact, err := FloorText([]byte(text), s)
		if err != nil {
			return
		}
		d := decimal.RequireFromString(text)
		if want, exact := oracle(d, s); !want.Equal(decimal.NewFromInt(floor)) || exact == inexact {
			t.Fatalf("%s in %v: %d (inexact %v), want %s (exact %v)", text, s, floor, inexact, want, exact)
		}
		want := floor
		if inexact {
			want++
		}
		if n, err := CeilDecimal(d, s); err != nil || n != want {
			t.Fatalf("CeilDecimal(%s, %v) = %d, %v; want %d", d, s, n, err, want)
		}
	})
}

func BenchmarkTicks(b *testing.B) {
	text := []byte("61837.63000000")
	b.Run("fixed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = Ticks(text, cent)
		}
	})
	b.Run("decimal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			d, _ := decimal.NewFromString(string(text))
			_, _ = cent.Exact(d)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	dst := make([]byte, 0, 64)
	b.Run("fixed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = Append(dst, 6183763, cent)
		}
	})
	b.Run("decimal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = append(dst, cent.Decimal(6183763).String()...)
		}
	})
}
