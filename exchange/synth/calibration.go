package synth

// Figure compares one property of the model with the same property of recorded
// markets.
type Figure struct {
	What      string
	Source    string // recorded set it was measured on
	Recorded  float64
	Simulated float64 // median over four seeds, 60 days each
	Parameter string  // what sets it
}

// Calibration lists what the parameters were chosen by. The tests measure both
// columns again. Funding is more persistent than the record of its first rows:
// those symbols and months had no rate above 5 bp, the model has squeezes. One law
// of volatility serves minutes and hours: the recorded month of minutes was calmer
// from hour to hour than the years of hours, so the model clusters more than the
// former, and has thinner tails than the latter, which hold crashes.
var Calibration = []Figure{
	{"alts: share of settlements at exactly the interest rate", "history/funding, 9 symbols, 2025-05 to 2025-12", 0.365, 0.45, "coin.rest, coin.h"},
	{"alts: share of negative settlements", "history/funding, 9 symbols", 0.315, 0.28, "coin.rest, slow premium"},
	{"alts: autocorrelation of funding, 1 settlement", "history/funding, median of 9", 0.48, 0.71, "slow premium half-life 3 h, squeezes"},
	{"alts: autocorrelation of funding, 3 settlements", "history/funding, median of 9", 0.26, 0.29, "squeeze half-life"},
	{"runs of funding above 5 bp, per symbol and day", "history/funding, BTC ETH XRP, 2019 to 2024", 0.065, 0.05, "squeezeEvery"},
	{"settlements in a run above 5 bp", "history/funding, BTC ETH XRP", 3.6, 3.1, "squeeze half-life"},
	{"BTC: volatility of one minute, bp", "perp-1m", 5.28, 5.1, "marketVol"},
	{"alts: volatility of one minute, bp", "perp-1m, median of 12", 10.9, 11.6, "coin.beta, coin.idio"},
	{"alts: kurtosis of one-minute returns", "perp-1m, median of 12", 12.65, 12.2, "fastVolSD, slowVolSD, regimeVolSD, jumps"},
	{"alts: autocorrelation of |return|, 1 minute", "perp-1m, median of 12", 0.22, 0.27, "fastVolSD"},
	{"alts: autocorrelation of |return|, 60 minutes", "perp-1m, median of 12", 0.105, 0.164, "slowVolSD, regimeVolSD, time of day"},
	{"alts: kurtosis of hourly returns", "history/perp_1h, 11 symbols, median of stretches of 60 days", 14.3, 7.0, "slowVolSD, regimeVolSD, jumps"},
	{"alts: autocorrelation of |return|, 1 hour", "history/perp_1h, 11 symbols, median of stretches of 60 days", 0.212, 0.23, "slowVolSD, regimeVolSD"},
	{"alts: correlation of one-minute returns with BTC", "perp-1m, median of 12", 0.69, 0.69, "coin.beta, coin.idio"},
	{"busiest over quietest hour of the day", "perp-1m, volume", 2.24, 2.2, "hourShare"},
	{"alts: median basis of perpetual to spot, bp", "history perp_1h and spot_1h, AVAX DOGE LINK 2025", -4.5, -4.5, "coin.rest"},
	{"BTC USD-M: median spread in ticks", "l2/usdm-btcusdt, bookTicker", 1, 1, "rules.spread"},
	{"BTC USD-M: touch to fifth level, bp", "l2/usdm-btcusdt, snapshot, mean of both sides", 0.243, 0.28, "rules.fine"},
	{"BTC USD-M: bids within 10 bp, million USD", "l2/usdm-btcusdt, snapshot", 8.0, 8.5, "coin.depth"},
	{"BTC USD-M: mean over median print", "l2/usdm-btcusdt", 7.1, 7.8, "printSigma"},
}
