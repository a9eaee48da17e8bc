# Sourced by the scripts beside it.
# shellcheck shell=bash

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
# Servers of the SDK outlive a build and hold its folders.
export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 UseSharedCompilation=false

has_linker() {
  # Of Visual Studio the SDK knows by itself.
  [ "${OSTYPE:-}" = msys ] || command -v clang >/dev/null || command -v gcc >/dev/null
}

has_cross_linker() {
  command -v clang >/dev/null && command -v ld.lld >/dev/null && command -v aarch64-linux-gnu-gcc >/dev/null && [ -e /usr/aarch64-linux-gnu/lib/crt1.o ]
}

runtime_identifier() {
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) echo linux-x64 ;;
    Linux-aarch64) echo linux-arm64 ;;
    Darwin-arm64) echo osx-arm64 ;;
    Darwin-x86_64) echo osx-x64 ;;
    MINGW*-ARM64-* | MINGW*-aarch64) echo win-arm64 ;;
    MINGW*-x86_64) echo win-x64 ;;
    *) echo "$(uname -s)-$(uname -m) is not a machine that the native program is built on" >&2; return 1 ;;
  esac
}

# Debian packages for what is missing, where this user may install them.
#   install_missing COMMAND=PACKAGE|FILE=PACKAGE …
install_missing() {
  local entry packages=()
  for entry in "$@"; do
    [ -e "${entry%%=*}" ] || command -v "${entry%%=*}" >/dev/null || packages+=("${entry#*=}")
  done
  [ ${#packages[@]} -gt 0 ] || return 0
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    printf 'Installing %s\n' "${packages[*]}"
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${packages[@]}"; } >/dev/null 2>&1 \
      || printf 'could not install %s\n' "${packages[*]}" >&2
  else
    printf 'Missing here, install to use all of it: %s\n' "${packages[*]}" >&2
  fi
}

# A part that this machine cannot do: said by name, and in CI an error.
fail_in_ci() {
  printf '%s\n' "$1" >&2
  [ "${CI:-}" != true ] || exit 1
}
