# bash completion of fops and fractalops: the program itself answers.
_fops()
{
	local line=${COMP_LINE:0:COMP_POINT} program=${COMP_WORDS[0]} i word current breaks='' head path reply
	local -a words=()
	for ((i = 0; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $line == [[:space:]]* || i -eq 0 || ${#words[@]} -eq 0 ]]; then
			line=${line#"${line%%[![:space:]]*}"}
			words+=('')
		fi
		((i == COMP_CWORD)) && word=${word:0:${#line}}
		words[${#words[@]} - 1]+=$word
		line=${line#"$word"}
	done
	words=("${words[@]//[\'\"\\]/}")
	current=${words[${#words[@]} - 1]}
	# readline replaces only what stands behind the last break
	for i in = : @; do [[ $COMP_WORDBREAKS == *"$i"* ]] && breaks+=$i; done
	[[ -n $breaks ]] && head=${current%"${current##*["$breaks"]}"}
	program=${program/#\~\//$HOME/}
	type -P -- "$program" >/dev/null || program=fops
	COMPREPLY=()
	while IFS= read -r reply; do
		reply=${reply%%$'\t'*}
		case $reply in
		:files | :folders)
			i=-f
			[[ $reply == :folders ]] && i=-d
			path=$current
			[[ $path == --*=* ]] && path=${path#*=}
			compopt -o filenames 2>/dev/null
			while IFS= read -r word; do word=${current%"$path"}$word && COMPREPLY+=("${word#"$head"}"); done < <(compgen "$i" -- "$path")
			;;
		*)
			COMPREPLY+=("${reply#"$head"}")
			[[ $reply == *= ]] && compopt -o nospace 2>/dev/null
			;;
		esac
	done < <("$program" __complete -- "${words[@]:1}" 2>/dev/null)
}
complete -F _fops fops fractalops
