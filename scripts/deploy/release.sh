#!/usr/bin/env bash
# Builds what is released, into DIR: static binaries for four systems on two architectures,
# packed, with SHA256SUMS and a list of the modules in each (SBOM, as go version -m has it).
#
#   scripts/deploy/release.sh DIR [GOOS/GOARCH…]
#   scripts/deploy/release.sh --verify DIR [GOOS/GOARCH…]     # builds again, and compares every byte
#
# The same commit with the same toolchain gives the same bytes on any machine: no paths, no
# names, no times but the commit's get in.
set -euo pipefail

verify=
if [[ ${1-} == --verify ]]; then
	verify=1
	shift
fi
if [[ $# -lt 1 || $1 == -* ]]; then
	sed -n '2,9p' "$0" >&2
	exit 2
fi
out=$1
shift
targets=("$@")
if [[ ${#targets[@]} == 0 ]]; then
	targets=({linux,darwin,windows,freebsd}/{amd64,arm64})
fi

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# From a clone, so that what lies around is not in it, and the version is the commit's.
commit=$(git -C "$root" rev-parse HEAD)
git clone --quiet --no-checkout "$root" "$work/src"
git -C "$work/src" checkout --quiet --detach "$commit"
SOURCE_DATE_EPOCH=$(git -C "$root" show -s --format=%ct "$commit")
version=$(git -C "$root" describe --tags --always "$commit")

export CGO_ENABLED=0 GOFLAGS=-mod=readonly GOWORK=off GOTOOLCHAIN=local GOAMD64=v1 GOARM64=v8.0
pack() { # the binary of a target, with the license, in an archive that has the commit's time
	local dir=$1 name=$2 goos=$3
	cp "$work/src/LICENSE" "$dir/"
	find "$dir" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
	if [[ $goos == windows ]] && command -v zip >/dev/null; then
		(cd "$dir" && TZ=UTC zip -q -X -9 "$name.zip" LICENSE perilune.exe && mv "$name.zip" "$work/out/")
	else
		tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" --format=ustar -C "$dir" -cf - . |
			gzip -n -9 >"$work/out/$name.tar.gz"
	fi
}

mkdir "$work/out"
for target in "${targets[@]}"; do
	goos=${target%/*} goarch=${target#*/}
	dir=$work/$goos-$goarch
	name=perilune-$version-$goos-$goarch
	binary=$dir/perilune
	[[ $goos == windows ]] && binary+=.exe
	mkdir "$dir"
	(cd "$work/src" && GOOS=$goos GOARCH=$goarch go build -trimpath -buildvcs=true -ldflags="-s -w -buildid=" -o "$binary" .)
	(cd "$dir" && go version -m "$(basename "$binary")") >"$work/out/$name.sbom.txt"
	printf '%-16s %s MB\n' "$target" "$(($(wc -c <"$binary") / 1000000))"
	pack "$dir" "$name" "$goos"
done
(cd "$work/out" && sha256sum -- * >SHA256SUMS)

if [[ $verify ]]; then
	for f in "$work"/out/*; do
		[[ $(basename "$f") == SHA256SUMS && $# -gt 0 ]] || cmp "$f" "$out/$(basename "$f")"
	done
	echo "the same, byte for byte: $(ls "$work/out" | wc -l) files"
else
	mv "$work"/out/* "$out/"
	(cd "$out" && sha256sum --quiet -c SHA256SUMS)
	echo "version $version in $out"
fi
