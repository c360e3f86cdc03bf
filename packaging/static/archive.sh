# shellcheck shell=sh
# Shell functions over a private apt directory that knows the source packages of the stable Debian release;
# the lists and settings of the machine stay untouched.

archive_release=trixie

# Prints "TYPE URI SUITE COMPONENT..." for each enabled entry of the machine's own apt sources, both file forms.
archive_list_entries() {
	for archive_file in "${FOPS_APT_ETC:-/etc/apt}"/sources.list "${FOPS_APT_ETC:-/etc/apt}"/sources.list.d/*.list; do
		[ ! -f "$archive_file" ] || sed -n -E 's/^[[:space:]]*(deb|deb-src)[[:space:]]+(\[[^]]*\][[:space:]]+)?/\1 /p' "$archive_file"
	done
	for archive_file in "${FOPS_APT_ETC:-/etc/apt}"/sources.list.d/*.sources; do
		[ -f "$archive_file" ] || continue
		awk '
			function flush(   u, s, i, j) {
				if (tolower(field["enabled"]) != "no") {
					u = split(field["uris"], uri, /[ \t]+/)
					s = split(field["suites"], suite, /[ \t]+/)
					for (i = 1; i <= u; i++)
						for (j = 1; j <= s; j++)
							if (uri[i] != "" && suite[j] != "") print "deb", uri[i], suite[j], field["components"]
				}
				delete field
			}
			/^#/ { next }
			/^[ \t]*$/ { flush(); next }
			/^[ \t]/ { field[name] = field[name] " " $0; next }
			{
				name = tolower($0); sub(/:.*/, "", name)
				value = $0; sub(/^[^:]*:[ \t]*/, "", value)
				field[name] = value
			}
			END { flush() }' "$archive_file"
	done
}

# Prints the URI of Debian's own archive (`main`) or of its security archive (`security`); nothing when there is none.
# Other vendors are told apart by the folder name, the component and the suite; a wrong guess fails the signature check.
archive_find_uri() {
	archive_list_entries | awk -v want="$1" '
		{
			path = $2; sub(/\/+$/, "", path); sub(/^.*\//, "", path)
			main = 0
			for (i = 4; i <= NF; i++) if ($i == "main" || $i == "updates/main") main = 1
			if (!main) next
			security = $3 ~ /(-security|\/updates)$/
			if (want == "security" && security && path ~ /^debian(-security)?$/) { print $2; exit }
			if (want == "main" && !security && path == "debian" && $3 ~ /^[a-z]+(-updates)?$/) { print $2; exit }
		}'
}

# Runs an apt program with the private directory $archive_folder.
archive_apt() {
	archive_program=$1
	shift
	"$archive_program" \
		-o Dir::Etc::sourcelist="$archive_folder/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
		-o Dir::State::lists="$archive_folder/lists" -o Dir::State::status="$archive_folder/status" \
		-o Dir::Cache="$archive_folder/cache" -o APT::Sandbox::User=root "$@"
}

# Makes the private apt directory $1 and fetches the signed lists of source packages into it.
archive_open() {
	archive_folder=$1
	mkdir -p "$archive_folder/lists/partial" "$archive_folder/cache/archives/partial"
	: >"$archive_folder/status"
	archive_main=$(archive_find_uri main)
	archive_security=$(archive_find_uri security)
	[ -n "$archive_main" ] || {
		echo "error: no Debian archive among the apt sources of this machine; add one to /etc/apt/sources.list.d" >&2
		return 1
	}
	archive_option=
	[ ! -r /usr/share/keyrings/debian-archive-keyring.gpg ] || archive_option='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] '
	{
		echo "deb-src $archive_option$archive_main $archive_release main"
		[ -z "$archive_security" ] || echo "deb-src $archive_option$archive_security $archive_release-security main"
	} >"$archive_folder/sources.list"
	archive_apt apt-get -q update >"$archive_folder/update.log" 2>&1 || {
		sed 's/^/apt-get update: /' "$archive_folder/update.log" >&2
		echo "error: the lists of $archive_release source packages cannot be fetched" >&2
		return 1
	}
}

# Downloads all files of source package $1 in version $2 into the current folder, as far as the archive serves them.
# The exit code of apt-get is left aside on purpose: callers check each file that they need by its SHA-256.
archive_download() {
	archive_apt apt-get -q source --download-only --only-source "$1=$2" >"$archive_folder/download.log" 2>&1 || :
}
