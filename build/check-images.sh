#!/usr/bin/env bash
# Compares the digests of the container images that this repository uses with the registries' current ones.
# Prints each image with the current digest if it differs. Exits with 1 if a registry does not have a pinned image.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Prints the digest that a registry has for a tag or digest; nothing if it has none.
digest() { # REGISTRY REPOSITORY REFERENCE
  local token='' media=application/vnd.oci.image.index.v1+json,application/vnd.docker.distribution.manifest.list.v2+json
  if [ "$1" = registry-1.docker.io ]; then
    token=$(curl -fsS --proto =https "https://auth.docker.io/token?service=registry.docker.io&scope=repository:$2:pull" | sed 's/.*"token":"\([^"]*\)".*/\1/')
  fi
  # On its standard input, because others can read a command line.
  curl -fsSI --proto =https -H "Accept: $media" --config - "https://$1/v2/$2/manifests/$3" <<<"${token:+header = \"Authorization: Bearer $token\"}" \
    | tr -d '\r' | sed -n 's/^docker-content-digest: //Ip'
}

missing=0
# IMAGE:TAG@sha256:… of workflows and templates; the Dockerfiles' tags stand in an ARG.
for image in $({ grep -rhoE '[a-z0-9./-]+:[0-9][0-9.]*@sha256:[0-9a-f]{64}' .github build/ci;
  sed -nE 's|^ARG (SDK)=(.*@sha256:.*)|mcr.microsoft.com/dotnet/sdk:\2|p; s|^ARG (RUNTIME)=(.*@sha256:.*)|mcr.microsoft.com/dotnet/runtime:\2|p' build/images/*.Dockerfile; } | sort -u); do
  name=${image%%:*} pinned=${image#*@}
  tag=${image#*:} tag=${tag%%@*}
  case $name in
    */*) registry=${name%%/*} repository=${name#*/} ;;
    *) registry=registry-1.docker.io repository=library/$name ;;
  esac
  if [ "$(digest "$registry" "$repository" "$pinned" || true)" != "$pinned" ]; then
    printf '%s: the registry does not have it\n' "$image"
    missing=1
  fi
  current=$(digest "$registry" "$repository" "$tag" || true)
  [ "$current" = "$pinned" ] || printf '%s:%s is now %s\n' "$name" "$tag" "${current:-unknown}"
done
exit "$missing"
