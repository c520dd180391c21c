module github.com/perilune/perilune/exchange/bybit/clienttest

go 1.26.0

require (
	github.com/hirokisan/bybit/v2 v2.36.0
	github.com/perilune/perilune v0.0.0
)

require (
	github.com/decred/dcrd/dcrec/secp256k1/v4 v4.4.1 // indirect
	github.com/google/go-querystring v1.1.0 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/gorilla/websocket v1.5.3 // indirect
	github.com/shopspring/decimal v1.6.0 // indirect
	golang.org/x/crypto v0.59.0 // indirect
	golang.org/x/sys v0.50.0 // indirect
)

replace github.com/perilune/perilune => ../../..
