#!/usr/bin/env bash
# Measures the built plugin against its peers, prints the figures and writes docs/benchmarks.md. Takes a few minutes; keep the machine quiet.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source build/common.sh

build/build.sh
dotnet publish tests/FloorPlugin --nologo -v quiet -c Release -r "$(runtime_identifier)" -o artifacts/floor
dotnet build tests/CredentialProvider.Benchmarks --nologo -v quiet -c Release
mkdir -p docs
artifacts/bin/CredentialProvider.Benchmarks/release/CredentialProvider.Benchmarks --output docs/benchmarks.md
