#!/usr/bin/env bash
# The long tests that docs/internals/reliability.md reports: many processes sharing a cache, one process serving many requests, and
# fuzzing. Takes about half an hour.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source build/common.sh

build/build.sh
dotnet build tests/CredentialProvider.EndToEndTests --nologo -v quiet -c Release
SOAK=1 artifacts/bin/CredentialProvider.EndToEndTests/release/CredentialProvider.EndToEndTests --no-ansi --progress off --output Detailed \
  --filter-class '*.Soak'
build/fuzz.sh url=10000000 protocol=1000000 configuration=1000000 cache=1000000 aws=1000000 agent=1000000
