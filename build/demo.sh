#!/usr/bin/env bash
# The main job without an AWS account: a simulated EC2 instance (tests/LocalAws, on loopback) restores a solution from CodeArtifact
# through the plugin, and the services' own log tells what happened. Leaves nothing behind but artifacts/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source build/common.sh

say() { printf '\n\033[1m%s\033[0m\n' "$1"; }
[ -t 1 ] || say() { printf '\n%s\n' "$1"; }

install_missing clang=clang
say '1. Build the plugin and the stand-in for AWS'
build/build.sh
dotnet build tests/LocalAws --nologo -v quiet -c Release > /dev/null

work=$(mktemp -d)
trap 'kill "${aws:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
mkfifo "$work/stop"
artifacts/bin/LocalAws/release/LocalAws --environment-file "$work/environment" --audit "$work/audit" < "$work/stop" &
aws=$!
exec 9> "$work/stop"
until [ -e "$work/environment" ]; do kill -0 "$aws"; sleep 0.1; done

# The instance: an empty home, no AWS keys, no profile, no token. The plugin on PATH is all there is.
plugin=("PATH=$PWD/artifacts/native:$PATH")
[ -x artifacts/native/nuget-plugin-codeartifact ] \
  || plugin=("PATH=$PATH" "NUGET_NETCORE_PLUGIN_PATHS=$PWD/artifacts/plugins/netcore/CredentialProvider.CodeArtifact/CredentialProvider.CodeArtifact.dll")
mkdir "$work/home" "$work/solution"
on_instance() {
  (
    cd "$work/solution"
    set -a
    # shellcheck disable=SC1091
    . "$work/environment"
    env -i HOME="$work/home" "${plugin[@]}" NUGET_PACKAGES="$work/$package_folder" DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 \
      DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1 TMPDIR="$work" \
      HTTPS_PROXY="$HTTPS_PROXY" HTTP_PROXY="$HTTP_PROXY" NO_PROXY="$NO_PROXY" SSL_CERT_FILE="$SSL_CERT_FILE" \
      AWS_EC2_METADATA_SERVICE_ENDPOINT="$AWS_EC2_METADATA_SERVICE_ENDPOINT" "$@"
  )
}

# What the services saw since the last time, as a story.
seen() { sed -n "/\"Service\":\"$1\",\"Operation\":\"$2\".*\"Status\":200/s/.*\"Detail\":\"\([^\"]*\)\".*/  $3\1/p" "$work/audit"; }
calls() { grep -c "\"Service\":\"$1\"" "$work/audit" || true; }
story() {
  seen metadata GetCredentials 'instance metadata gave the keys of role '
  seen codeartifact GetAuthorizationToken 'CodeArtifact made a token for domain '
  seen nuget Download 'NuGet downloaded '
  printf '  calls: %s to instance metadata, %s to the CodeArtifact API, %s to the feed\n' \
    "$(calls metadata)" "$(calls codeartifact)" "$(calls nuget)"
  : > "$work/audit"
}

cat > "$work/solution/nuget.config" <<'CONFIG'
<configuration>
  <packageSources>
    <clear />
    <add key="contoso" value="https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json" />
  </packageSources>
</configuration>
CONFIG
for project in Web Worker; do
  mkdir "$work/solution/$project"
  cat > "$work/solution/$project/$project.csproj" <<'PROJECT'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
  <ItemGroup><PackageReference Include="Contoso.App.Client" Version="1.0.0" /></ItemGroup>
</Project>
PROJECT
done
package_folder=packages
on_instance dotnet new sln --name Contoso --format sln > /dev/null
on_instance dotnet sln add Web/Web.csproj Worker/Worker.csproj > /dev/null

say '2. The instance has an empty home, and nuget.config one source and no credentials'
sed 's/^/  /' "$work/solution/nuget.config"

say '3. dotnet restore, on an agent that has never seen the feed'
on_instance dotnet restore | sed "s|$work/solution/||"
story

say '4. The next build: packages gone, token cached'
package_folder=again
on_instance dotnet restore --force --no-cache | sed "s|$work/solution/||"
story

say '5. What is kept, and who can read it'
find "$work/home/.cache/codeartifact-credentials" -printf '  %M %f\n'
if grep -rqs 'eyJ' "$work/solution" "$work/home/.nuget"; then echo '  a token was left in a file'; exit 1; fi
echo '  no token in nuget.config or anywhere else'

say '6. From launch to credentials, token cached'
if [ -x artifacts/native/nuget-plugin-codeartifact ]; then
  mkfifo "$work/in" "$work/out"
  for _ in 1 2 3 4 5; do
    start=$(date +%s%N)
    on_instance "$PWD/artifacts/native/nuget-plugin-codeartifact" -Plugin < "$work/in" > "$work/out" &
    exec 7> "$work/in" 8< "$work/out"
    read -r _ <&8
    printf '%s\n' '{"RequestId":"1","Type":"Request","Method":"GetAuthenticationCredentials","Payload":{"Uri":"https://contoso-111122223333.d.codeartifact.us-east-1.amazonaws.com/nuget/app/v3/index.json","IsRetry":false,"IsNonInteractive":true,"CanShowDialog":false}}' >&7
    read -r answer <&8
    end=$(date +%s%N)
    exec 7>&- 8<&-
    wait $!
    case $answer in *'"ResponseCode":"Success"'*) printf '  %s.%s ms, with the shell that starts it\n' $(((end - start) / 1000000)) $(((end - start) / 100000 % 10)) ;; *) exit 1 ;; esac
  done
fi
