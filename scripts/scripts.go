// Package scripts holds the strategies that come with Perilune. They are meant
// to be read, run and changed; a program that is installed without its sources
// carries copies, so that there is always something to start from.
package scripts

import "embed"

// FS holds the strategies by file name, as in "funding_rotation.lua".
//
//go:embed *.lua
var FS embed.FS
