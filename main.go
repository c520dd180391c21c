// Perilune runs your own Lua trading strategies on perpetual and spot markets.
package main

import (
	"os"

	"github.com/perilune/perilune/host/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
