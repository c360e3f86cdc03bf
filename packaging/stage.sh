# shellcheck shell=sh disable=SC2154,SC2034
# Shell functions that the Debian package and the tarball share: checks the inputs and lays out the installed files.

fail() { echo "error: $*" >&2; exit 1; }

# Reads BINARY VERSION OUTDIR, sets $binary, $version, $out, $epoch and $machine, and complains about whatever is missing.
stage_open() {
	[ $# -eq 3 ] || { echo "usage: $(basename "$0") BINARY VERSION OUTDIR" >&2; exit 2; }
	binary=$1
	version=$2
	"$packaging/static/check-binary" "$binary" || exit 1
	printf '%s\n' "$version" | grep -Eqx '[0-9][A-Za-z0-9.+~-]*' || fail "'$version' is no version: it starts with a digit and holds letters, digits and .+~-"
	mkdir -p "$3" || exit 1
	out=$(CDPATH='' cd -- "$3" && pwd)
	epoch=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct 2>/dev/null || :)}
	[ -n "$epoch" ] || fail "no commit to take the time from; set SOURCE_DATE_EPOCH"
	SOURCE_DATE_EPOCH=$epoch
	LC_ALL=C
	export SOURCE_DATE_EPOCH LC_ALL
	case $(readelf -h "$binary" | sed -n 's/^ *Machine: *//p') in
	*X86-64) machine=x86_64 ;;
	AArch64) machine=aarch64 ;;
	*) fail "$binary is for a machine that no package is made for" ;;
	esac

	absent=
	for need in LICENSE CHANGELOG.md packaging/static/THIRD-PARTY-NOTICES completions/fops.bash completions/fops.fish; do
		[ -s "$root/$need" ] || absent="$absent $need"
	done
	zsh_completion=
	for need in completions/_fops completions/fops.zsh; do
		[ ! -s "$root/$need" ] || zsh_completion=$root/$need
	done
	[ -n "$zsh_completion" ] || absent="$absent completions/_fops"
	[ -s "$root/man/fops.1" ] || absent="$absent man/fops.1"
	[ -z "$absent" ] || fail "files that belong into the package are missing:$absent (make codegen writes the generated ones)"
}

stage_gzip() { gzip -n -9 <"$1" >"$2"; }

# Lays out everything below folder $1 (…/usr for the package, the top folder for the tarball).
stage_files() {
	share=$1/share
	doc=$share/doc/fops
	mkdir -p "$1/bin" "$doc" "$share/man/man1" "$share/man/man7" "$share/bash-completion/completions" \
		"$share/zsh/vendor-completions" "$share/fish/vendor_completions.d"
	cp "$binary" "$1/bin/fops"
	ln -s fops "$1/bin/fractalops"

	for page in "$root"/man/*.[17]; do
		[ -f "$page" ] || continue
		stage_gzip "$page" "$share/man/man${page##*.}/$(basename "$page").gz"
	done
	ln -s fops.1.gz "$share/man/man1/fractalops.1.gz"
	rmdir "$share/man/man7" 2>/dev/null || :

	cp "$root/completions/fops.bash" "$share/bash-completion/completions/fops"
	ln -s fops "$share/bash-completion/completions/fractalops"
	cp "$zsh_completion" "$share/zsh/vendor-completions/_fops"
	cp "$root/completions/fops.fish" "$share/fish/vendor_completions.d/fops.fish"
	ln -s fops.fish "$share/fish/vendor_completions.d/fractalops.fish"

	stage_gzip "$root/CHANGELOG.md" "$doc/changelog.gz"
	stage_gzip "$packaging/static/THIRD-PARTY-NOTICES" "$doc/THIRD-PARTY-NOTICES.gz"
	"$packaging/sbom" "$binary" "$version" >"$doc/sbom.spdx.json"
	{
		echo 'fops is licensed under the Apache License, Version 2.0; the text follows. On Debian it is also in'
		echo '/usr/share/common-licenses/Apache-2.0. The parts of others in the binary: THIRD-PARTY-NOTICES.gz.'
		echo
		cat "$root/LICENSE"
	} >"$doc/copyright"
}

# Gives every file below $1 the same time and plain modes, whatever the umask.
stage_close() {
	find "$1" -type d -exec chmod 755 {} +
	find "$1" -type f -exec chmod 644 {} +
	find "$1" -path '*/bin/fops' -exec chmod 755 {} +
	find "$1" -exec touch --no-dereference --date="@$epoch" {} +
}
