#!/usr/bin/env bash
# Builds everything and runs every test. The last line counts them; any failure, and with CI=true any skipped test, is exit code 1.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
source build/common.sh

install_missing clang=clang mono=mono-devel cert-sync=ca-certificates-mono strace=strace valgrind=valgrind debootstrap=debootstrap shellcheck=shellcheck \
  npm=npm zip=zip
if [ "$(runtime_identifier)" = linux-x64 ]; then
  install_missing ld.lld=lld aarch64-linux-gnu-gcc=gcc-aarch64-linux-gnu /usr/aarch64-linux-gnu/lib/crt1.o=libc6-dev-arm64-cross \
    qemu-aarch64-static=qemu-user-static /usr/lib/wine/wine64=wine64
  # What the emulated program loads. Where the system's sources have no packages for arm64, its tests are skipped.
  [ -e /usr/lib/aarch64-linux-gnu/libssl.so.3 ] || [ "$(id -u)" -ne 0 ] || dpkg --add-architecture arm64 || true
  install_missing /usr/lib/aarch64-linux-gnu/libssl.so.3=libssl3:arm64
fi
[ -e artifacts/dockerfilelint ] || npm install --silent --no-audit --no-fund --ignore-scripts --prefix artifacts/dockerfilelint dockerfilelint@1.8.0 \
  || printf 'no dockerfilelint\n' >&2
build/build.sh || exit 1

step() {
  printf '%s\n' "$1"
  shift
  "$@" || exit 1
}

for version in 6.7.0 7.9.0 8.0.0; do
  step "Building a client on NuGet.Protocol $version" dotnet build tests/NuGetProtocolClient --nologo -v quiet -c Release \
    -p:NuGetProtocolVersion=$version -p:ArtifactsProjectName=NuGetProtocolClient-$version
done

if [ -e /usr/lib/wine/wine64 ]; then
  rm -rf artifacts/windows artifacts/wine
  step 'Building the program for Windows' dotnet publish src/CredentialProvider --nologo -v quiet -c Release -f net10.0 -r win-x64 --self-contained \
    -p:PublishAot=false -p:TargetFrameworks=net10.0 -p:ArtifactsProjectName=CredentialProvider-win-x64 -o artifacts/windows
fi

step 'Building a host for the MSBuild of .NET Framework' dotnet build tests/FrameworkMSBuild --nologo -v quiet -c Release

passed=0 failed=0 skipped=0
for suite in CredentialProvider.Tests CredentialProvider.EndToEndTests; do
  step "Building $suite" dotnet build "tests/$suite" --nologo -v quiet -c Release
  report=artifacts/$suite.txt
  artifacts/bin/$suite/release/$suite --progress off --no-ansi --output Detailed > "$report" 2>&1
  code=$?
  grep -E '^(failed|skipped) ' -A 12 "$report"
  tail -n 6 "$report"
  count() { sed -n "s/^  $1: \([0-9]*\)$/\1/p" "$report" | tail -n 1; }
  passed=$((passed + $(count succeeded || echo 0)))
  skipped=$((skipped + $(count skipped || echo 0)))
  suite_failed=$(count failed)
  # A suite that ends badly without a count has failed, whatever it printed.
  [ "$code" -eq 0 ] || [ "${suite_failed:-0}" -gt 0 ] || suite_failed=1
  failed=$((failed + ${suite_failed:-1}))
done

# The page of clients says what these results show: one more test.
if dotnet run build/clients.cs -- --check; then passed=$((passed + 1)); else failed=$((failed + 1)); fi

# Counts as one test. A short form; build/soak.sh has the long one.
printf 'Fuzzing\n'
build/fuzz.sh
case $? in
  0) passed=$((passed + 1)) ;;
  77) skipped=$((skipped + 1)) ;;
  *) failed=$((failed + 1)) ;;
esac

printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ] && { [ "$skipped" -eq 0 ] || [ "${CI:-}" != true ]; }
