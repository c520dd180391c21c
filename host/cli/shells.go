package cli

import _ "embed"

//go:embed shells/perilune.bash
var bashCompletion string

//go:embed shells/perilune.zsh
var zshCompletion string

//go:embed shells/perilune.fish
var fishCompletion string

//go:embed shells/perilune.ps1
var powershellCompletion string

// shells are the completions that there are.
var shells = map[string]string{
	"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion, "powershell": powershellCompletion,
}
