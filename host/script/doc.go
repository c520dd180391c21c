// Package script runs one strategy file in one Lua state.
//
// # Assumptions
//
//   - A [VM] belongs to one goroutine, the loop. Only [VM.Interrupt] may be
//     called from another one. [Load] and [Compile] touch no VM and are meant to
//     run elsewhere, because compiling takes milliseconds.
//   - A script is trusted to be meant well and not to be right. The sandbox
//     contains faults: a loop without end, a string without end, a deep
//     recursion, an escape by mistake. It is not a wall against a malicious
//     author; for that, run the host in a process of its own.
//   - The same sources, parameters, seed and events give the same calls, in the
//     same order. What could differ is taken away: clocks, addresses in
//     tostring, a shared random source, iteration over Go maps.
//
// README.md says where a program means something else than to the reference.
//
// # Two phases
//
// While the file runs as a chunk, no market exists and everything that needs one
// raises. Afterwards the returned table is checked (an [Error] says what is wrong
// with it), and handlers are called with a [bindings.Env].
//
// # Budget
//
// Every callback may execute a fixed number of Lua instructions. They are
// counted, not timed, so a replay stops at the same instruction. Work done in Go
// on behalf of the script (matching, copying, sorting) is charged by its size.
// Neither pcall nor xpcall can catch the end of the budget; it poisons the VM,
// as do the end of its memory, the clock (see [Watchdog]) and a panic in Go code,
// and a poisoned VM runs nothing until it is replaced.
//
// # Lines
//
// A [Probe] is told of each line before it runs: to count it, or to stop at it. The program is
// the same with a probe as without, to the instruction; a loop that does nothing else takes
// 1.3 times as long.
//
// # Memory
//
// What a VM holds is counted for itself, over all its callbacks, by walking what
// can be reached from it once it has allocated a good part of what it held last.
// Sizes are estimates, within a factor of about four. A VM at its limit lets go of
// everything but the state that was saved last.
//
// # One process-wide setting
//
// gopher-lua keeps integer keys in a dense array up to lua.MaxArrayIndex, so
// that t[60000000] = 1 takes a gigabyte. There is no such bound for one state, so this
// package sets it to 65536 for the whole process, once, when it is imported: other
// states of gopher-lua in the process have it too, and work as before but for lists
// beyond that, which take more memory. In a list, the elements beyond are
// kept in a hash table; #, ipairs, unpack and the table library of this package
// know them.
package script
