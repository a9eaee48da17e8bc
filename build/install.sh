#!/bin/sh
# Installs nuget-plugin-codeartifact from an archive of build/build.sh or of a release. Needs no root; may be repeated.
#   install.sh [--from ARCHIVE|FOLDER|URL] [OPTION…]
# --from is an archive with SHA256SUMS beside it, a folder or a URL that has both (the archive for this machine is chosen), or an unpacked
# archive. Without it: the unpacked archive that this script lies in, else the release that it was attached to. The options are those
# of `nuget-plugin-codeartifact install`: --bin FOLDER, --home FOLDER, --native, --netcore, --netfx. sh, since small images have no bash.
set -eu

# The release that this copy belongs to; the release workflow writes the address of its files here.
release_url=''

fail() {
  printf 'error: %s\n' "$1" >&2
  exit 1
}

# Of the native programs, the one that this machine's loader can start; `any` has none and runs on .NET.
runtime_identifier() {
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) [ ! -e /lib64/ld-linux-x86-64.so.2 ] || { echo linux-x64; return; } ;;
    Linux-aarch64 | Linux-arm64) [ ! -e /lib/ld-linux-aarch64.so.1 ] || { echo linux-arm64; return; } ;;
    Darwin-arm64) echo osx-arm64; return ;;
    Darwin-x86_64) echo osx-x64; return ;;
  esac
  echo any
}

get() { # FROM TO
  case $1 in
    http://* | https://*)
      if command -v curl >/dev/null; then
        curl -fsSL -o "$2" "$1"
      elif command -v wget >/dev/null; then
        wget -q -O "$2" "$1"
      else
        echo 'neither curl nor wget is here'
        return 1
      fi
      ;;
    *) cp "$1" "$2" ;;
  esac
}

# Into the temporary folder.
fetch() { # PLACE NAME
  why=$(get "$1/$2" "$work/$2" 2>&1) || fail "cannot get $1/$2: ${why:-it is not there}; nothing was changed"
}

# What SHA256SUMS has: the archive of a runtime identifier; the sum of an archive.
archive_for() {
  while read -r _ name; do
    case $name in nuget-plugin-codeartifact-*-"$1".tar.gz) echo "$name" ;; esac
  done <"$work/SHA256SUMS"
}
sum_of() {
  while read -r sum name; do
    [ "$name" != "$1" ] || echo "$sum"
  done <"$work/SHA256SUMS"
}

is_unpacked() {
  [ -d "$1/plugins/netcore/CredentialProvider.CodeArtifact" ]
}

# Verified, into $root.
unpack() { # SOURCE
  command -v tar >/dev/null || fail 'cannot unpack an archive: tar is not here; install it'
  if command -v sha256sum >/dev/null; then
    sha256=sha256sum
  elif command -v shasum >/dev/null; then
    sha256='shasum -a 256'
  else
    fail 'cannot verify an archive: neither sha256sum nor shasum is here; install one of them'
  fi
  case $1 in
    *.tar.gz)
      archive=${1##*/} place=${1%"${1##*/}"}
      place=${place:-.}
      place=${place%/}
      ;;
    *) archive='' place=${1%/} ;;
  esac
  fetch "$place" SHA256SUMS
  if [ -z "$archive" ]; then
    archive=$(archive_for "$(runtime_identifier)")
    archive=${archive:-$(archive_for any)}
    [ -n "$archive" ] || fail "$place/SHA256SUMS names no archive for this machine; nothing was changed"
  fi
  sum=$(sum_of "$archive")
  [ -n "$sum" ] || fail "$archive cannot be verified: it is not in $place/SHA256SUMS; nothing was changed"
  fetch "$place" "$archive"
  # Split into words: a command and its option.
  # shellcheck disable=SC2086
  [ "$($sha256 <"$work/$archive" | cut -d ' ' -f 1)" = "$sum" ] \
    || fail "$archive is damaged: its SHA-256 is not the one in $place/SHA256SUMS; nothing was changed"
  tar -xzf "$work/$archive" -C "$work" || fail "$archive cannot be unpacked; nothing was changed"
  root=$work/${archive%.tar.gz}
}

# As a function, so that a script that is read from a pipe and ends half-way does nothing.
main() {
  from='' left=$#
  while [ "$left" -gt 0 ]; do
    case $1 in
      --from)
        [ "$left" -gt 1 ] || fail '--from needs an archive, a folder or a URL'
        from=$2 left=$((left - 1))
        shift
        ;;
      --from=*) from=${1#*=} ;;
      *) set -- "$@" "$1" ;;
    esac
    shift
    left=$((left - 1))
  done
  from=${from#file://}

  if [ -z "$from" ] && [ -f "$0" ] && is_unpacked "$(dirname "$0")"; then
    from=$(dirname "$0")
  fi
  from=${from:-$release_url}
  [ -n "$from" ] || fail 'there is no unpacked archive beside this script; say where one is: --from ARCHIVE, FOLDER or URL'

  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' INT TERM
  root=$from
  is_unpacked "$from" || unpack "$from"

  native=$root/native/nuget-plugin-codeartifact
  if [ -f "$native" ] && "$native" --version >/dev/null 2>&1; then
    "$native" install "$@"
    return
  fi
  command -v dotnet >/dev/null \
    || fail "no native program runs on this machine ($(uname -s) $(uname -m)), and dotnet is not on PATH; install .NET 8 or later"
  case " $* " in
    *' --native '* | *' --netcore '* | *' --netfx '*) ;;
    *) set -- --netcore "$@" ;;
  esac
  dotnet "$root/plugins/netcore/CredentialProvider.CodeArtifact/CredentialProvider.CodeArtifact.dll" install "$@"
}

main "$@"
