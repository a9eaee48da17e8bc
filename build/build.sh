#!/usr/bin/env bash
# Builds every artifact for this machine into artifacts/ (DESIGN.md lists them).
#   build/build.sh             without a C linker the native executable is skipped; with CI=true that is an error
#   build/build.sh --quick     only this machine's native executable and the managed plugins: no linux-arm64, archives or packages
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source build/common.sh

share_compiler
mode=${1:-}
project=src/CredentialProvider/CredentialProvider.csproj
rid=$(runtime_identifier)

# MSBuild compiles only what changed; the output folder is replaced so that it never holds files of an earlier build.
publish() { # FRAMEWORK OUTPUT [OPTION…]
  local framework=$1 output=$2
  shift 2
  rm -rf "$output"
  dotnet publish "$project" --nologo -v quiet -c Release -f "$framework" -o "$output" "$@"
}

# Analyzers take three quarters of a compilation. They run for net472 here, and for net10.0 in the build of the solution.
publish_native() { # RID OUTPUT [OPTION…]
  publish net10.0 "$2" -r "$1" -p:RunAnalyzers=false "${@:3}"
  # Debug symbols are kept, but not shipped.
  rm -rf "artifacts/symbols/$1"
  mkdir -p "artifacts/symbols/$1"
  cp -r artifacts/bin/*/"release_net10.0_$1"/native/nuget-plugin-codeartifact.{dbg,dSYM,pdb} "artifacts/symbols/$1" 2>/dev/null || true
}

# linux-arm64 restores different packages than linux-x64, so it gets its own obj and bin folders.
publish_arm64() {
  publish_native linux-arm64 artifacts/cross/linux-arm64 -p:ArtifactsProjectName=CredentialProvider-linux-arm64 \
    -p:SysRoot=/ -p:ObjCopyName=aarch64-linux-gnu-objcopy -p:LinkerFlavor=lld
}

# Remove everything that this script makes, so that what it skips is missing rather than out of date.
rm -rf artifacts/plugins artifacts/cross/linux-arm64 artifacts/archives artifacts/packages

arm64=
if [ "$mode" != --quick ] && [ "$rid" = linux-x64 ]; then
  if has_cross_linker; then
    publish_arm64 &
    arm64=$!
  else
    fail_in_ci "skipping the linux-arm64 executable: the cross-linker is missing; install it:" \
      "apt-get install clang lld gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
  fi
fi

publish net8.0 artifacts/plugins/netcore/CredentialProvider.CodeArtifact
publish net472 artifacts/plugins/netfx/CredentialProvider.CodeArtifact
if has_linker; then
  publish_native "$rid" artifacts/native
else
  rm -rf artifacts/native
  fail_in_ci "skipping the native executable: Native AOT needs clang or gcc, and zlib's headers; install them:" \
    "apt-get install clang zlib1g-dev"
fi
[ -z "$arm64" ] || wait "$arm64"

[ "$mode" = --quick ] || build/pack.sh

printf '%s\n' 'Built:'
for artifact in artifacts/native/* artifacts/cross/*/* artifacts/plugins/net*/* artifacts/archives/*.gz artifacts/packages/*; do
  [ ! -e "$artifact" ] || printf '  %-72s %s\n' "$artifact" "$(du -sh "$artifact" | cut -f1)"
done
