#compdef perilune
# zsh completion of perilune; perilune says itself what may come next.
_perilune() {
	local line word about
	local -a whole open
	for line in "${(@f)$(${(Q)words[1]} __complete "${(@Q)words[2,CURRENT-1]}" "=${(Q)PREFIX}" 2>/dev/null)}"; do
		[[ -n $line ]] || continue
		word=${line%%$'\t'*} about=${line#*$'\t'}
		if [[ $word == *[/=] ]]; then
			open+=("${word//:/\\:}${about:+:$about}")
		else
			whole+=("${word//:/\\:}${about:+:$about}")
		fi
	done
	_describe -V perilune whole -- open -S ''
}
if [[ $funcstack[1] == _perilune ]]; then
	_perilune "$@"
else
	compdef _perilune perilune
fi
