#!/usr/bin/env bash
# Builds every artifact for this machine into artifacts/ (DESIGN.md names the paths).
#   build/build.sh          a missing C linker leaves out the native program and says so; with CI=true it is an error
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source build/common.sh

project=src/CredentialProvider/CredentialProvider.csproj

publish() { # FRAMEWORK OUTPUT [MORE…]
  local framework=$1 output=$2
  shift 2
  rm -rf "$output"
  dotnet publish "$project" --nologo -v quiet -c Release -f "$framework" -o "$output" "$@"
}

publish net8.0 artifacts/plugins/netcore/CredentialProvider.CodeArtifact
publish net472 artifacts/plugins/netfx/CredentialProvider.CodeArtifact

if has_linker; then
  publish net10.0 artifacts/native -r "$(runtime_identifier)"
else
  rm -rf artifacts/native
  fail_in_ci "no native program: Native AOT needs clang or gcc, and zlib's headers; install them: apt-get install clang zlib1g-dev"
fi

printf '%s\n' 'Built:'
for artifact in artifacts/native/nuget-plugin-codeartifact artifacts/plugins/net*/*; do
  [ ! -e "$artifact" ] || printf '  %-62s %s\n' "$artifact" "$(du -sh "$artifact" | cut -f1)"
done
