#!/usr/bin/env bash
# Packs what build/build.sh published: archives with SHA256SUMS into artifacts/archives, the .NET tool and the MSBuild
# package into artifacts/packages. Includes native executables for other platforms from artifacts/cross/RID.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source build/common.sh

version=$(sed -n 's|.*<Version>\(.*\)</Version>.*|\1|p' Directory.Build.props)
tool=CredentialProvider.CodeArtifact
netcore=artifacts/plugins/netcore/$tool
staging=artifacts/obj/packing
rm -rf artifacts/archives artifacts/packages "$staging"
mkdir -p artifacts/archives artifacts/packages

# Reproducible archives and packages: every file has the time of the commit, or the earliest time of the .zip format.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 315619200)}

# RID=FOLDER for each native executable.
natives=()
[ ! -d artifacts/native ] || natives+=("$(runtime_identifier)=artifacts/native")
for folder in artifacts/cross/*/; do
  [ ! -d "$folder" ] || natives+=("$(basename "$folder")=${folder%/}")
done

archive() { # RID [FOLDER OF THE NATIVE EXECUTABLE]
  local name=nuget-plugin-codeartifact-$version-$1
  mkdir -p "$staging/$name"
  cp -r artifacts/plugins LICENSE build/install.sh build/install.ps1 "$staging/$name"
  find "$staging/$name" -type f -exec chmod 644 {} +
  if [ $# -gt 1 ]; then
    cp -r "$2" "$staging/$name/native"
    chmod 755 "$staging/$name"/native/*
  fi
  find "$staging/$name" -type d -exec chmod 755 {} +
  chmod 755 "$staging/$name/install.sh"
  "$tar" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
    -C "$staging" -cf - "$name" | gzip -9n > "artifacts/archives/$name.tar.gz"
}

archive_all() {
  local native
  archive any
  for native in ${natives[@]+"${natives[@]}"}; do
    archive "${native%%=*}" "${native#*=}"
  done
  (cd artifacts/archives && sha256sum -- *.tar.gz > SHA256SUMS)
}

archiving=
if tar=$(command -v gtar || command -v tar) && "$tar" --version | grep -q GNU; then
  archive_all &
  archiving=$!
else
  fail_in_ci "skipping the archives: they need GNU tar; install it: brew install gnu-tar coreutils"
fi

settings() { # VERSION COMMAND-ATTRIBUTES [MORE-XML]
  printf '<?xml version="1.0" encoding="utf-8"?>\n<DotNetCliTool Version="%s">\n  <Commands>\n    <Command Name="nuget-plugin-codeartifact"%s />\n  </Commands>\n%s</DotNetCliTool>\n' \
    "$1" "$2" "${3:-}"
}

# Adds the framework-dependent build, which runs on any platform, to a tool package.
add_netcore() { # PACKAGE
  mkdir -p "$staging/$1/tools/net8.0"
  cp -r "$netcore" "$staging/$1/tools/net8.0/any"
  settings 1 " EntryPoint=\"$tool.dll\" Runner=\"dotnet\"" > "$staging/$1/tools/net8.0/any/DotnetToolSettings.xml"
}

pack() { # PACKAGE TYPE
  dotnet pack build/package --nologo -v quiet -o artifacts/packages -p:PackageId="$1" -p:PackageType="$2" -p:Content="$PWD/$staging/$1"
}

rid_packages=''
list_rid_package() { # RID
  rid_packages+="    <RuntimeIdentifierPackage RuntimeIdentifier=\"$1\" Id=\"$tool.$1\" />"$'\n'
}

for native in ${natives[@]+"${natives[@]}"}; do
  rid=${native%%=*}
  # On Windows, the SDK's shim for a native tool is a .cmd file, which NuGet does not look for. The shim for the `any` package is an .exe.
  [[ $rid != win-* ]] || continue
  mkdir -p "$staging/$tool.$rid/tools/any/$rid"
  cp "${native#*=}/nuget-plugin-codeartifact" "$staging/$tool.$rid/tools/any/$rid"
  settings 2 ' EntryPoint="nuget-plugin-codeartifact" Runner="executable"' > "$staging/$tool.$rid/tools/any/$rid/DotnetToolSettings.xml"
  pack "$tool.$rid" DotnetToolRidPackage
  list_rid_package "$rid"
done
add_netcore "$tool.any"
pack "$tool.any" DotnetToolRidPackage
list_rid_package any

# SDK 10 reads tools/net10.0, which lists the packages above. SDKs 8 and 9 do not understand such a list; they use the program in
# tools/net8.0.
add_netcore "$tool"
mkdir -p "$staging/$tool/tools/net10.0/any"
settings 2 '' "  <RuntimeIdentifierPackages>"$'\n'"$rid_packages  </RuntimeIdentifierPackages>"$'\n' > "$staging/$tool/tools/net10.0/any/DotnetToolSettings.xml"
pack "$tool" DotnetTool

# The MSBuild package contains every build of the plugin.
dotnet pack src/CredentialProvider.MSBuild --nologo -v quiet -c Release -o artifacts/packages
[ -z "$archiving" ] || wait "$archiving"
