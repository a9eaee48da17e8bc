#!/usr/bin/env bash
# Builds the managed plugins of the last commit twice, in two fresh clones at different places, packs them, and compares every file.
#   build/reproduce.sh          prints the files' SHA-256 and ends with 1 if one differs
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source build/common.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for place in one another/place; do
  git clone -q . "$work/$place"
  (
    cd "$work/$place"
    export CI=true
    for plugin in net8.0=netcore net472=netfx; do
      dotnet publish src/CredentialProvider --nologo -v quiet -c Release -f "${plugin%%=*}" -o "artifacts/plugins/${plugin#*=}/CredentialProvider.CodeArtifact" >/dev/null
    done
    build/pack.sh
    cd artifacts
    find plugins packages archives -type f | LC_ALL=C sort | xargs sha256sum
  ) > "$work/${place%%/*}.sums"
done
if ! diff "$work/one.sums" "$work/another.sums"; then
  printf 'two builds differ\n' >&2
  exit 1
fi
grep -E 'CodeArtifact\.(dll|exe)|archives|packages' "$work/one.sums"
printf '%s files, the same in both builds\n' "$(wc -l < "$work/one.sums")"
