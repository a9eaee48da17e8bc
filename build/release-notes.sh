#!/usr/bin/env bash
# Prints the section of CHANGELOG.md for a release tag. Fails if the tag is not the current version, or if its section is missing or
# marked as unreleased.
#   build/release-notes.sh v0.1.0
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=$(sed -n 's|.*<Version>\(.*\)</Version>.*|\1|p' Directory.Build.props)
if [ "${1:-}" != "v$version" ]; then
  printf 'tag %s is not v%s, the version in Directory.Build.props\n' "${1:-(none)}" "$version" >&2
  exit 1
fi
heading=$(grep -E "^## ${version//./\\.}( |\$)" CHANGELOG.md || true)
case $heading in
  '') printf 'CHANGELOG.md has no section %s\n' "$version" >&2; exit 1 ;;
  *unreleased*) printf 'CHANGELOG.md says: %s; replace that with the release date\n' "$heading" >&2; exit 1 ;;
esac
awk -v heading="$heading" '/^## / { inside = $0 == heading; next } inside' CHANGELOG.md
