# fish completion of fops and fractalops: the program itself answers.
function __fops_complete
	set -l words (commandline -opc)
	set -l current (commandline -ct)
	set -l plain (string unescape -- "$current"); or set plain "$current"
	set -l program $words[1]
	set -e words[1]
	type -q -- $program; or set program fops
	for line in (command $program __complete -- $words "$plain" 2>/dev/null)
		switch $line
			case :files :folders
				set -l head (string match -r -- '^--[a-z-]+=' "$current")
				set -l rest (string replace -r -- '^--[a-z-]+=' '' "$current")
				for path in (complete -C "'' $rest")
					test $line = :files; or string match -q -- '*/' $path; and printf '%s\n' "$head$path"
				end
			case '*'
				printf '%s\n' $line
		end
	end
end
complete -c fops -f -k -a '(__fops_complete)'
complete -c fractalops -f -k -a '(__fops_complete)'
