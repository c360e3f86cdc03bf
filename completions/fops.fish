# fish completion of fops and fractalops: the program itself answers.
function __fops_complete
	set -l words (commandline -opc)
	set -l current (commandline -ct)
	set -l program $words[1]
	set -e words[1]
	type -q -- $program; or set program fops
	for line in (command $program __complete -- $words "$current" 2>/dev/null)
		switch $line
			case :files :folders
				set -l head (string match -r -- '^--[a-z-]+=' "$current")
				set -l rest (string replace -r -- '^--[a-z-]+=' '' "$current")
				if test $line = :folders
					printf '%s\n' "$head"(__fish_complete_directories "$rest" '')
				else
					printf '%s\n' "$head"(__fish_complete_path "$rest")
				end
			case '*'
				printf '%s\n' $line
		end
	end
end
complete -c fops -f -k -a '(__fops_complete)'
complete -c fractalops -f -k -a '(__fops_complete)'
