// Package scripts holds the strategies that come with Perilune. They are meant
// to be read, run and changed; a program that is installed without its sources
// carries copies, so that there is always something to start from.
package scripts

import "embed"

// FS holds the strategies by file name, as in "funding_rotation.lua".
//
//go:embed *.lua
var FS embed.FS

// Skeleton is a strategy that trades nothing, for people to begin with; NAME stands
// for what it will be called.
//
//go:embed skeleton/strategy.lua
var Skeleton string

// SkeletonTest is a test of it, which passes.
//
//go:embed skeleton/test.lua
var SkeletonTest string

// TestingStub declares to editors what test files find: the specifications are those of
// package host/trial.
//
//go:embed types/testing.lua
var TestingStub string

// EditorSettings tell the Lua language server of an editor where the declarations of
// the API are, and what the sandbox leaves out.
//
//go:embed skeleton/luarc.json
var EditorSettings string

// Gallery holds small strategies with their tests, to begin with and to learn from:
// "gallery/grid.lua" and "gallery/grid_test.lua".
//
//go:embed gallery/*.lua
var Gallery embed.FS

// Lessons holds the steps of the tutorial, a folder each, as in "learn/1-first_order": what
// package host/learn makes of them is said there.
//
//go:embed learn
var Lessons embed.FS
