#!/usr/bin/env bash
# Builds and packs the managed plugins of the last commit in two fresh clones in different folders, and compares every file.
# Prints SHA-256 sums. Exits with 1 if a file differs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source build/common.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for folder in first second/nested; do
  git clone -q . "$work/$folder"
  (
    cd "$work/$folder"
    export CI=true
    for plugin in net8.0=netcore net472=netfx; do
      dotnet publish src/CredentialProvider --nologo -v quiet -c Release -f "${plugin%%=*}" -o "artifacts/plugins/${plugin#*=}/CredentialProvider.CodeArtifact" >/dev/null
    done
    build/pack.sh
    cd artifacts
    find plugins packages archives -type f | LC_ALL=C sort | xargs sha256sum
  ) > "$work/${folder%%/*}.sums"
done
if ! diff "$work/first.sums" "$work/second.sums"; then
  printf 'the two builds differ\n' >&2
  exit 1
fi
grep -E 'CodeArtifact\.(dll|exe)|archives|packages' "$work/first.sums"
printf '%s files are identical in both builds\n' "$(wc -l < "$work/first.sums")"
