#!/usr/bin/env bash
# Measures the plugin against other credential providers, prints the results and writes docs/benchmarks.md and its charts. Takes up to
# 15 minutes after the build; run nothing else on the machine.
#   build/bench.sh --quick     fewer runs, in about three minutes; writes to artifacts/benchmarks instead
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source build/common.sh

folder=docs
[ "${1:-}" != --quick ] || folder=artifacts/benchmarks
install_missing clang=clang /usr/bin/mono=mono-devel /usr/bin/aws=awscli
build/build.sh
dotnet publish tests/FloorPlugin --nologo -v quiet -c Release -r "$(runtime_identifier)" -o artifacts/floor
dotnet build tests/CredentialProvider.Benchmarks --nologo -v quiet -c Release
mkdir -p "$folder"
artifacts/bin/CredentialProvider.Benchmarks/release/CredentialProvider.Benchmarks --output "$folder" "$@"
