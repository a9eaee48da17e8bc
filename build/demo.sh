#!/usr/bin/env bash
# Shows what the plugin does, without an AWS account: a simulated EC2 instance restores a solution from a simulated CodeArtifact
# (tests/LocalAws, on loopback). The simulator's audit log shows the requests. Writes to artifacts/ and a temporary folder only.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source build/common.sh

heading() {
  if [ -t 1 ]; then printf '\n\033[1m%s\033[0m\n' "$1"; else printf '\n%s\n' "$1"; fi
}

install_missing clang=clang
heading '1. Build the plugin and the AWS simulator'
build/build.sh --quick
dotnet build tests/LocalAws --nologo -v quiet -c Release > /dev/null

work=$(mktemp -d)
trap 'kill "${aws:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
mkfifo "$work/stop"
artifacts/bin/LocalAws/release/LocalAws --environment-file "$work/environment" --audit "$work/audit" \
  --issued-tokens "$work/tokens" < "$work/stop" &
aws=$!
exec 9> "$work/stop"
until [ -e "$work/environment" ]; do kill -0 "$aws"; sleep 0.1; done

# The instance has an empty home directory and no AWS configuration. Only the plugin is installed.
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

# Prints the successful requests of one operation since the last report.
requests() { # SERVICE OPERATION PREFIX
  sed -n "/\"Service\":\"$1\",\"Operation\":\"$2\".*\"Status\":200/s/.*\"Detail\":\"\([^\"]*\)\".*/  $3\1/p" "$work/audit"
}
count() { grep -c "\"Service\":\"$1\"" "$work/audit" || true; }
report() {
  requests metadata GetCredentials 'instance metadata returned credentials for role '
  requests codeartifact GetAuthorizationToken 'CodeArtifact issued a token for domain '
  requests nuget Download 'NuGet downloaded '
  printf '  requests: %s to instance metadata, %s to the CodeArtifact API, %s to the feed\n' \
    "$(count metadata)" "$(count codeartifact)" "$(count nuget)"
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

heading '2. The instance has an empty home directory; nuget.config has one source and no credentials'
sed 's/^/  /' "$work/solution/nuget.config"

heading '3. dotnet restore for the first time'
on_instance dotnet restore | sed "s|$work/solution/||"
report

heading '4. dotnet restore with the token cached and the packages deleted'
package_folder=packages2
on_instance dotnet restore --force --no-cache | sed "s|$work/solution/||"
report

heading '5. Where the token is stored'
cache=$work/home/.cache/codeartifact-credentials
find "$cache" -printf '  %M %f\n'
# The cache must contain the issued token; otherwise the search below proves nothing.
grep -rqFf "$work/tokens" "$cache" || { echo '  the issued token is not in the cache'; exit 1; }
if grep -rqFf "$work/tokens" --exclude-dir="${cache##*/}" "$work/home" "$work/solution" "$work"/packages*; then
  echo '  a file outside the cache contains a token'
  exit 1
fi
echo '  no other file contains a token'

heading '6. Time from launch to credentials, token cached'
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
    case $answer in *'"ResponseCode":"Success"'*) printf '  %s.%s ms, including the shell that launches it\n' $(((end - start) / 1000000)) $(((end - start) / 100000 % 10)) ;; *) exit 1 ;; esac
  done
fi
