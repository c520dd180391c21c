module github.com/perilune/perilune/exchange/book/peertest

go 1.26.0

require (
	github.com/emirpasic/gods/v2 v2.0.0-alpha
	github.com/perilune/perilune v0.0.0
)

require github.com/shopspring/decimal v1.6.0 // indirect

replace github.com/perilune/perilune => ../../..
