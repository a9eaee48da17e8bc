#!/usr/bin/env bash
# Fuzzes the parsers of untrusted input with afl-fuzz.
#   build/fuzz.sh [TARGET=EXECUTIONS …]     for example url=10000000; by default all targets, 20000 executions each
# Exits with 1 if an input crashes a target or takes more than a second (artifacts/fuzzing/TARGET/default has the inputs), and with 77 if
# afl-fuzz is not available.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source build/common.sh

[ $# -gt 0 ] || set -- url=20000 protocol=20000 configuration=20000 cache=20000 aws=20000 agent=20000
install_missing afl-fuzz=afl++
command -v afl-fuzz >/dev/null || { fail_in_ci "skipping fuzzing: afl-fuzz is missing; install it: apt-get install afl++"; exit 77; }

dotnet build tests/CredentialProvider.Fuzzing --nologo -v quiet -c Release >/dev/null
rm -rf artifacts/fuzzing
mkdir -p artifacts/fuzzing
cp -r artifacts/bin/CredentialProvider.Fuzzing/release artifacts/fuzzing/program
dotnet tool restore >/dev/null
dotnet sharpfuzz artifacts/fuzzing/program/nuget-plugin-codeartifact.dll >/dev/null

# Turn off afl-fuzz's checks of the machine's settings, and those that a .NET program fails.
export AFL_SKIP_BIN_CHECK=1 AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1
# An input that makes a target allocate without limit is a crash.
export DOTNET_GCHeapHardLimit=0x10000000
found=0
for entry in "$@"; do
  target=${entry%%=*} executions=${entry#*=}
  afl-fuzz -i "tests/CredentialProvider.Fuzzing/Corpora/$target" -o "artifacts/fuzzing/$target" -E "$executions" -t 1000 -m none \
    -- dotnet artifacts/fuzzing/program/CredentialProvider.Fuzzing.dll "$target" > "artifacts/fuzzing/$target.txt" 2>&1 \
    || { tail -n 20 "artifacts/fuzzing/$target.txt"; exit 1; }
  figure() { sed -n "s/^$1 *: //p" "artifacts/fuzzing/$target/default/fuzzer_stats"; }
  printf '%-14s %10s executions in %5s s, %3s inputs in the corpus, %s crashes, %s hangs\n' "$target" "$(figure execs_done)" \
    "$(figure run_time)" "$(figure corpus_count)" "$(figure saved_crashes)" "$(figure saved_hangs)"
  [ "$(figure saved_crashes)$(figure saved_hangs)" = 00 ] || found=1
done
exit $found
