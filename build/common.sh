# Sourced by the other scripts in this folder.
# shellcheck shell=bash

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
# The SDK's build servers would outlive the script and keep files in artifacts/ open. share_compiler turns one on, also for the
# scripts that a script calls.
export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 UseSharedCompilation=${UseSharedCompilation:-false}

# Lets all compilations of a script and of the scripts it calls use one server, which then ends with the script: a new compiler spends most of
# its time on starting. No other build uses a server of this name.
share_compiler() {
  command -v pkill >/dev/null && [ -z "${SharedCompilationId:-}" ] || return 0
  # Without the counting for later optimization, it stops working when it has nothing to do.
  export UseSharedCompilation=true SharedCompilationId=codeartifact-$$ DOTNET_TieredPGO=0
  # Collecting garbage takes an eighth of a compilation, and there is memory enough.
  export DOTNET_GCgen0size=4000000 DOTNET_gcConcurrent=0
  trap 'pkill -f "VBCSCompiler.*pipename:$SharedCompilationId" || true' EXIT
}

has_linker() {
  # On Windows the SDK finds Visual Studio's linker itself.
  [ "${OSTYPE:-}" = msys ] || command -v clang >/dev/null || command -v gcc >/dev/null
}

has_cross_linker() {
  command -v clang >/dev/null && command -v ld.lld >/dev/null && command -v aarch64-linux-gnu-gcc >/dev/null \
    && [ -e /usr/aarch64-linux-gnu/lib/crt1.o ]
}

runtime_identifier() {
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) echo linux-x64 ;;
    Linux-aarch64) echo linux-arm64 ;;
    Darwin-arm64) echo osx-arm64 ;;
    Darwin-x86_64) echo osx-x64 ;;
    MINGW*-ARM64-* | MINGW*-aarch64) echo win-arm64 ;;
    MINGW*-x86_64) echo win-x64 ;;
    *) echo "the native executable cannot be built on $(uname -s) $(uname -m)" >&2; return 1 ;;
  esac
}

# Installs Debian packages for missing commands or files if this user may, and names them otherwise.
#   install_missing COMMAND=PACKAGE|FILE=PACKAGE …
install_missing() {
  local entry package packages=()
  for entry in "$@"; do
    [ -e "${entry%%=*}" ] || command -v "${entry%%=*}" >/dev/null || packages+=("${entry#*=}")
  done
  [ ${#packages[@]} -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    printf 'Not installed: %s. What needs them is skipped.\n' "${packages[*]}" >&2
    return 0
  fi
  printf 'Installing %s\n' "${packages[*]}"
  apt-get update -q >/dev/null 2>&1 || true
  # One unknown package fails the whole command, so fall back to one package at a time.
  apt_install "${packages[@]}" || for package in "${packages[@]}"; do
    apt_install "$package" || printf 'could not install %s\n' "$package" >&2
  done
}

apt_install() { # PACKAGE …
  DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@" >/dev/null 2>&1
}

# Reports a part that cannot be built or run on this machine. With CI=true that is an error.
fail_in_ci() { # MESSAGE …
  printf '%s\n' "$*" >&2
  [ "${CI:-}" != true ] || exit 1
}
