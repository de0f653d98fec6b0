#!/usr/bin/env bash
# Puts ferry where the other steps of the job find it: one static binary of the version that this action is pinned to, proven
# by a checksum that lies beside this file; or a binary that is there already; or one built from this very source.
#
#   FERRY_INSTALL  auto (from source when the action is used by path, else the release), release, source, or none
#   FERRY_BINARY   a binary that is there already
#   FERRY_MIRROR   where the release's files are, instead of GitHub
#   FERRY_CA_BUNDLE certificates that are trusted besides the system's; proxies come from HTTPS_PROXY and NO_PROXY
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
how=${FERRY_INSTALL:-auto}

die() {
	printf 'ferry: %s\n' "$*" >&2
	exit 1
}

exe=
case ${RUNNER_OS:-$(uname -s)} in
Linux) os=linux ;;
macOS | Darwin) os=darwin ;;
Windows | MINGW* | MSYS*) os=windows exe=.exe ;;
*) die "there is no binary for ${RUNNER_OS:-$(uname -s)}" ;;
esac
case ${RUNNER_ARCH:-$(uname -m)} in
X64 | x86_64 | amd64) arch=amd64 ;;
ARM64 | aarch64 | arm64) arch=arm64 ;;
*) die "there is no binary for ${RUNNER_ARCH:-$(uname -m)}" ;;
esac

folder=${RUNNER_TEMP:-${TMPDIR:-/tmp}}/ferry-bin
mkdir -p "$folder"
binary=$folder/ferry$exe

sum() {
	if command -v sha256sum >/dev/null; then
		sha256sum "$1"
	else
		shasum -a 256 "$1"
	fi | cut -d ' ' -f 1 | tr -d '\\'
}

fetch() {
	local version name want have from
	version=$(tr -d '[:space:]' <"$here/version")
	name=ferry_${version}_${os}_${arch}$exe
	want=$(awk -v name="$name" '$2 == name { print $1 }' "$here/checksums.txt")
	[ -n "$want" ] || die "this action has no checksum of $name; use a released version of it, or install: source"
	from=${FERRY_MIRROR:-https://github.com/ferry-cd/ferry/releases/download/v$version}/$name
	local -a how=(--fail --location --silent --show-error --retry 3 --max-time 300 --output "$binary.new")
	[ -n "${FERRY_MIRROR:-}" ] || how+=(--proto '=https')
	[ -z "${FERRY_CA_BUNDLE:-}" ] || how+=(--cacert "$FERRY_CA_BUNDLE")
	curl "${how[@]}" "$from" || die "cannot fetch $name"
	have=$(sum "$binary.new")
	if [ "$have" != "$want" ]; then
		rm -f "$binary.new"
		die "$name has the checksum $have, not $want: it is not what was released"
	fi
	chmod +x "$binary.new"
	mv "$binary.new" "$binary"
}

build() {
	command -v go >/dev/null || die "building from source needs Go: actions/setup-go before this step"
	(cd "$here/.." && CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w' -o "$binary" ./cmd/ferry)
}

if [ "$how" = auto ]; then
	how=release
	[ -n "${FERRY_ACTION_REF:-}" ] || how=source
fi
if [ -n "${FERRY_BINARY:-}" ]; then
	[ -x "$FERRY_BINARY" ] || die "binary: $FERRY_BINARY is no program"
	binary=$FERRY_BINARY folder=
else
	case $how in
	release) fetch ;;
	source) build ;;
	none) binary=$(command -v ferry) || die "install: none, but there is no ferry on this machine" ;;
	*) die "install: $how: it is auto, release, source or none" ;;
	esac
fi
if [ -n "$folder" ] && [ "$how" != none ]; then
	printf '%s\n' "$folder" >>"${GITHUB_PATH:-/dev/null}"
fi
printf 'binary=%s\n' "$binary" >>"${GITHUB_OUTPUT:-/dev/null}"
