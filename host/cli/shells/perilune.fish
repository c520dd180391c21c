# fish completion of perilune; perilune says itself what may come next.
function __perilune_complete
	set -l words (commandline -opc)
	set -e words[1]
	perilune __complete $words "="(commandline -ct) 2>/dev/null
end
complete -c perilune -f -a '(__perilune_complete)'
