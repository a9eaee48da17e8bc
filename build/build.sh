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

publish_native() { # RID OUTPUT [MORE…]
  publish net10.0 "$2" -r "$1" "${@:3}"
  # For the debugger, kept beside a release.
  mkdir -p "artifacts/symbols/$1"
  cp -r artifacts/bin/*/"release_net10.0_$1"/native/nuget-plugin-codeartifact.{dbg,dSYM,pdb} "artifacts/symbols/$1" 2>/dev/null || true
}

rm -rf artifacts/symbols
publish net8.0 artifacts/plugins/netcore/CredentialProvider.CodeArtifact
publish net472 artifacts/plugins/netfx/CredentialProvider.CodeArtifact

if has_linker; then
  publish_native "$(runtime_identifier)" artifacts/native
else
  rm -rf artifacts/native
  fail_in_ci "no native program: Native AOT needs clang or gcc, and zlib's headers; install them: apt-get install clang zlib1g-dev"
fi

# The other kind of EC2 instance. With folders of its own, as what is restored for it differs.
if [ "$(runtime_identifier)" = linux-x64 ]; then
  if has_cross_linker; then
    publish_native linux-arm64 artifacts/cross/linux-arm64 -p:TargetFrameworks=net10.0 -p:ArtifactsProjectName=CredentialProvider-linux-arm64 \
      -p:SysRoot=/ -p:ObjCopyName=aarch64-linux-gnu-objcopy -p:LinkerFlavor=lld
  else
    rm -rf artifacts/cross/linux-arm64
    fail_in_ci "no native program for linux-arm64: install what links it: apt-get install clang lld gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
  fi
fi

build/pack.sh

printf '%s\n' 'Built:'
for artifact in artifacts/native/* artifacts/cross/*/* artifacts/plugins/net*/* artifacts/archives/*.gz artifacts/packages/*; do
  [ ! -e "$artifact" ] || printf '  %-72s %s\n' "$artifact" "$(du -sh "$artifact" | cut -f1)"
done
