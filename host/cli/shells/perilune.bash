# bash completion of perilune; perilune says itself what may come next.
_perilune() {
	local line=${COMP_LINE:0:COMP_POINT} words cur skip i
	read -ra words <<<"$line"
	[[ $line == *[[:space:]] ]] && words+=("")
	cur=${words[${#words[@]}-1]}
	# readline replaces what is behind the last : or = alone.
	skip=${cur%"${cur##*[:=]}"}
	COMPREPLY=()
	while IFS=$'\t' read -r i _; do
		COMPREPLY+=("${i#"$skip"}")
	done < <("${words[0]}" __complete "${words[@]:1:${#words[@]}-2}" "=$cur" 2>/dev/null)
	if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[/=] ]] && type compopt &>/dev/null; then
		compopt -o nospace
	fi
}
complete -F _perilune perilune
