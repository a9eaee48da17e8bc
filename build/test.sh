#!/usr/bin/env bash
# Builds everything and runs every test.
#   build/test.sh             every test, including fuzzing, other NuGet clients, linux-arm64 and Windows under emulation
#   build/test.sh --quick     the fast tests only, against this machine's native executable and the managed plugins
# Failed and skipped tests are printed; artifacts/SUITE.txt has the complete output. The last line is "N passed, N failed, N skipped".
# Exits with 1 if the build or a test fails and, with CI=true, if a test is skipped.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
source build/common.sh

share_compiler
passed=0 failed=0 skipped=0

main() {
  case "${1:-}" in
    '') run_all ;;
    --quick) run_quick ;;
    *) printf 'usage: build/test.sh [--quick]\n' >&2; exit 2 ;;
  esac
  summarize
}

run_quick() {
  install_missing clang=clang
  step 'Building the plugin' build/build.sh --quick
  # Fast tests have no trait; the others have Category=Slow.
  for suite in CredentialProvider.Tests CredentialProvider.EndToEndTests; do
    step "Building $suite" dotnet build "tests/$suite" --nologo -v quiet -c Release
    run_suite "$suite" "artifacts/$suite-quick.txt" --filter-not-trait Category=Slow
  done
}

run_all() {
  install_tools
  step 'Building the plugin' build/build.sh
  step 'Building the solution' dotnet build CredentialProvider.sln --nologo -v quiet -c Release
  build_clients
  for suite in CredentialProvider.Tests CredentialProvider.EndToEndTests; do
    run_suite "$suite" "artifacts/$suite.txt"
  done
  # docs/reference/clients.md has to agree with the results of the end-to-end tests.
  count_one dotnet run build/clients.cs -- --check
  say Fuzzing
  count_one build/fuzz.sh
}

install_tools() {
  local tools=(clang=clang mono=mono-devel cert-sync=ca-certificates-mono strace=strace valgrind=valgrind debootstrap=debootstrap
    shellcheck=shellcheck zsh=zsh fish=fish npm=npm zip=zip afl-fuzz=afl++
    /usr/lib/python3/dist-packages/botocore/credentials.py=python3-botocore /usr/lib/python3/dist-packages/pip=python3-pip)
  if [ "$(runtime_identifier)" = linux-x64 ]; then
    tools+=(ld.lld=lld aarch64-linux-gnu-gcc=gcc-aarch64-linux-gnu /usr/aarch64-linux-gnu/lib/crt1.o=libc6-dev-arm64-cross
      qemu-aarch64-static=qemu-user-static /usr/lib/wine/wine64=wine64)
    # The emulated arm64 executable loads OpenSSL. If apt has no arm64 packages, the arm64 tests are skipped.
    if [ ! -e /usr/lib/aarch64-linux-gnu/libssl.so.3 ] && [ "$(id -u)" -eq 0 ] && command -v dpkg >/dev/null; then
      dpkg --add-architecture arm64 || true
    fi
    tools+=(/usr/lib/aarch64-linux-gnu/libssl.so.3=libssl3:arm64)
  fi
  install_missing "${tools[@]}"
  # Exactly the packages of the lock file.
  mkdir -p artifacts/dockerfilelint
  cp tests/dockerfilelint/package*.json artifacts/dockerfilelint
  npm ci --silent --no-audit --no-fund --ignore-scripts --prefix artifacts/dockerfilelint \
    || printf 'could not install dockerfilelint\n' >&2
}

# Clients of other NuGet versions and the plugin as a Windows program. Each has its own obj and bin folders, so they build in parallel.
build_clients() {
  local version job jobs=()
  say 'Building clients on other versions of NuGet.Protocol, and the plugin for Windows'
  for version in 6.7.0 7.9.0 8.0.0; do
    dotnet build tests/NuGetProtocolClient --nologo -v quiet -c Release -p:RunAnalyzers=false \
      -p:NuGetProtocolVersion="$version" -p:ArtifactsProjectName="NuGetProtocolClient-$version" &
    jobs+=($!)
  done
  if [ -e /usr/lib/wine/wine64 ]; then
    rm -rf artifacts/windows artifacts/wine
    # Not compiled ahead of time: Native AOT cannot target Windows from Linux.
    dotnet publish src/CredentialProvider --nologo -v quiet -c Release -f net10.0 -r win-x64 --self-contained \
      -p:PublishAot=false -p:RunAnalyzers=false -p:NuGetLockFilePath="$PWD/artifacts/obj/windows.lock.json" -p:RestoreLockedMode=false \
      -p:ArtifactsProjectName=CredentialProvider-win-x64 -o artifacts/windows &
    jobs+=($!)
  fi
  for job in "${jobs[@]}"; do
    step '' wait "$job"
  done
}

# Prints what begins, and after how many minutes and seconds.
say() { # MESSAGE
  printf '[%02d:%02d] %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$1"
}

# Runs a build step. If it fails there is nothing to test.
step() { # MESSAGE COMMAND …
  [ -z "$1" ] || say "$1"
  shift
  "$@" && return
  printf 'failed: %s\n' "$*" >&2
  failed=$((failed + 1))
  summarize
}

# Runs one test project and adds up its results.
run_suite() { # PROJECT REPORT [OPTION…]
  local suite=$1 report=$2 code counted
  shift 2
  say "Running $suite"
  # Many tests wait for a timeout or for a process that uses one core.
  "artifacts/bin/$suite/release/$suite" --progress off --no-ansi --output Detailed --max-threads 2x "$@" > "$report" 2>&1
  code=$?
  # Each failed or skipped test, with the lines up to the next result.
  awk '/^(passed|failed|skipped|Test run summary)[ :]/ { shown = /^(failed|skipped) / } shown' "$report"
  tail -n 6 "$report"
  passed=$((passed + $(result succeeded "$report")))
  skipped=$((skipped + $(result skipped "$report")))
  counted=$(result failed "$report")
  # A suite that crashes, or runs no test, has no failed test to count: count the suite.
  if [ "$code" -ne 0 ] && [ "$counted" -eq 0 ]; then
    printf '%s exited with %s; see %s\n' "$suite" "$code" "$report"
    counted=1
  fi
  failed=$((failed + counted))
}

# The number that a suite's summary has for "succeeded", "failed" or "skipped"; 0 if there is no summary.
result() { # NAME REPORT
  sed -n "s/^  $1: \([0-9]*\)\$/\1/p" "$2" | tail -n 1 | grep . || echo 0
}

# Runs a command that counts as one test. Exit code 77 means skipped.
count_one() { # COMMAND …
  "$@"
  case $? in
    0) passed=$((passed + 1)) ;;
    77) skipped=$((skipped + 1)) ;;
    *) failed=$((failed + 1)) ;;
  esac
}

summarize() {
  say Finished
  printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ] && { [ "$skipped" -eq 0 ] || [ "${CI:-}" != true ]; }
  exit
}

main "$@"
