package host

import (
	"context"
	"fmt"
	"slices"

	"github.com/perilune/perilune/exchange/record"
	"github.com/perilune/perilune/exchange/tardis"
)

// streamed reports whether the market is the stream of another program.
func (o *Options) streamed() bool { return slices.ContainsFunc(o.Market, tardis.IsMachine) }

// checkStream says what is wrong with the address of a stream, before anything is asked.
func (o *Options) checkStream() error {
	if !o.streamed() {
		return nil
	}
	if len(o.Market) > 1 {
		return configError("Market: a stream can't be merged with another market: tardis-machine merges several itself, options=[{…},{…}]")
	}
	if h := &o.History; h.From != 0 || h.To != 0 || len(h.Symbols) > 0 {
		return configError("Market: a stream has the times and symbols that its options ask for, not those of a history")
	}
	if _, err := tardis.ParseMachine(o.Market[0]); err != nil {
		return configError("Market: %v", err)
	}
	return nil
}

// openStream opens the normalised stream of a tardis-machine.
func openStream(ctx context.Context, o *Options) (*marketData, error) {
	machine, err := tardis.ParseMachine(o.Market[0])
	if err != nil {
		return nil, configError("Market: %v", err)
	}
	stream, err := machine.Open(ctx, tardis.Patience{})
	if err != nil {
		return nil, &DataError{fmt.Errorf("market data: %w", err)}
	}
	rec, err := Recordings().OpenStream(stream, record.Options{Contracts: o.Contracts})
	if err != nil {
		_ = stream.Rest.Close() // reading only
		return nil, &DataError{err}
	}
	return recordedMarket(o, rec)
}
