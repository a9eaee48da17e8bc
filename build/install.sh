#!/bin/sh
# Installs nuget-plugin-codeartifact from a release archive or from build/build.sh. Does not need root and can be run again.
#   install.sh [--from ARCHIVE|FOLDER|URL] [OPTION…]
# --from is an archive with SHA256SUMS next to it, a folder or URL that contains both (the script picks the archive for this machine), or
# an unpacked archive. The default is the unpacked archive that contains this script, or else the release that the script belongs to.
# Other options are passed to `nuget-plugin-codeartifact install`: --bin FOLDER, --home FOLDER, --native, --netcore, --netfx.
# A POSIX shell script, because small container images have no bash.
set -eu

# The URL of the release that this script belongs to. The release workflow sets it.
release_url=''

fail() {
  printf 'error: %s\n' "$(without_user_info "$1")" >&2
  exit 1
}

# Removes user names and passwords from the URLs in a text. Without sed, which may be missing.
without_user_info() { # TEXT
  text=$1
  while :; do
    case $text in *://*) ;; *) break ;; esac
    printf '%s://' "${text%%://*}"
    text=${text#*://}
    word=${text%%[[:space:]]*}
    text=${text#"$word"}
    case $word in *@*) word="***@${word##*@}" ;; esac
    printf '%s' "$word"
  done
  printf '%s' "$text"
}

# The platform whose native executable this machine can load, or `any`, whose archive needs .NET.
runtime_identifier() {
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) [ ! -e /lib64/ld-linux-x86-64.so.2 ] || { echo linux-x64; return; } ;;
    Linux-aarch64 | Linux-arm64) [ ! -e /lib/ld-linux-aarch64.so.1 ] || { echo linux-arm64; return; } ;;
    Darwin-arm64) echo osx-arm64; return ;;
    Darwin-x86_64) echo osx-x64; return ;;
  esac
  echo any
}

is_url() { # SOURCE
  case $1 in *://*) ;; *) return 1 ;; esac
}

get() { # FROM TO
  if ! is_url "$1"; then
    cp -- "$1" "$2"
  elif ! command -v curl >/dev/null; then
    # wget would follow a redirect from https to http.
    echo 'curl is not installed'
    return 1
  else
    curl -fsSL --proto =https --proto-redir =https -o "$2" -- "$1"
  fi
}

# Downloads or copies a file into the temporary folder.
fetch() { # FOLDER NAME
  why=$(get "$1/$2" "$work/$2" 2>&1) || fail "cannot get $1/$2: ${why:-not found}; nothing was changed"
}

# Looks up the archive of a platform in SHA256SUMS.
archive_for() { # RID
  while read -r _ name; do
    case $name in nuget-plugin-codeartifact-*-"$1".tar.gz) echo "$name" ;; esac
  done <"$work/SHA256SUMS"
}

# Looks up the checksum of an archive in SHA256SUMS.
sum_of() { # ARCHIVE
  while read -r sum name; do
    [ "$name" != "$1" ] || echo "$sum"
  done <"$work/SHA256SUMS"
}

is_unpacked() { # SOURCE
  # A URL is not a path: a folder named "https:" may lie in the current directory.
  ! is_url "$1" && [ -d "$1/plugins/netcore/CredentialProvider.CodeArtifact" ]
}

# Fetches an archive, verifies its checksum and unpacks it. Sets $root to the unpacked folder.
unpack() { # SOURCE
  command -v tar >/dev/null || fail 'cannot unpack an archive: tar is not installed'
  if command -v sha256sum >/dev/null; then
    sha256=sha256sum
  elif command -v shasum >/dev/null; then
    sha256='shasum -a 256'
  else
    fail 'cannot verify an archive: neither sha256sum nor shasum is installed'
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
    [ -n "$archive" ] || fail "$place/SHA256SUMS lists no archive for this machine; nothing was changed"
  fi
  sum=$(sum_of "$archive")
  [ -n "$sum" ] || fail "$archive cannot be verified: it is not in $place/SHA256SUMS; nothing was changed"
  fetch "$place" "$archive"
  # $sha256 may contain an option.
  # shellcheck disable=SC2086
  [ "$($sha256 <"$work/$archive" | cut -d ' ' -f 1)" = "$sum" ] \
    || fail "$archive is damaged: its SHA-256 does not match $place/SHA256SUMS; nothing was changed"
  tar -xzf "$work/$archive" -C "$work" || fail "$archive cannot be unpacked; nothing was changed"
  root=$work/${archive%.tar.gz}
}

# A function, so that a partial download piped into sh does nothing.
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

  # In a pipe, $0 is the name of the shell, and a file of that name may lie in the current directory.
  if [ -z "$from" ] && [ "${0##*/}" = install.sh ] && [ -f "$0" ] && is_unpacked "$(dirname -- "$0")"; then
    from=$(dirname -- "$0")
  fi
  from=${from:-$release_url}
  [ -n "$from" ] || fail 'no archive found next to this script; pass --from ARCHIVE, FOLDER or URL'
  case $from in
    https://*) ;;
    *://*) fail "$from is not an https URL; nothing was changed" ;;
    # So that tar and others do not take it for an option.
    -*) from=./$from ;;
  esac

  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' INT TERM
  root=$from
  is_unpacked "$from" || unpack "$from"

  native=$root/native/nuget-plugin-codeartifact
  why="there is no native executable for this machine ($(uname -s) $(uname -m))"
  if [ -f "$native" ]; then
    if why=$("$native" --version 2>&1); then
      "$native" install "$@"
      return
    fi
    why="the native executable does not run on this machine ($(printf '%s\n' "$why" | head -n 1))"
  fi
  command -v dotnet >/dev/null || fail "$why, and dotnet is not on PATH; install .NET 8 or later"
  printf 'note: %s; installing the build that needs .NET instead\n' "$why" >&2
  case " $* " in
    *' --native '* | *' --netcore '* | *' --netfx '*) ;;
    *) set -- --netcore "$@" ;;
  esac
  dotnet "$root/plugins/netcore/CredentialProvider.CodeArtifact/CredentialProvider.CodeArtifact.dll" install "$@"
}

main "$@"
