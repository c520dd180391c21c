module github.com/perilune/perilune/exchange/binance/clienttest

go 1.26.0

require (
	github.com/adshao/go-binance/v2 v2.8.7
	github.com/perilune/perilune v0.0.0
	github.com/shopspring/decimal v1.6.0
)

require (
	github.com/bitly/go-simplejson v0.5.0 // indirect
	github.com/decred/dcrd/dcrec/secp256k1/v4 v4.4.1 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/gorilla/websocket v1.5.3 // indirect
	github.com/jpillora/backoff v1.0.0 // indirect
	github.com/kr/text v0.2.0 // indirect
	golang.org/x/crypto v0.59.0 // indirect
	golang.org/x/sys v0.50.0 // indirect
)

replace github.com/perilune/perilune => ../../..
