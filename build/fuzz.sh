#!/usr/bin/env bash
# Feeds what reads the bytes of others with inputs that afl-fuzz makes, guided by the code that they reach.
#   build/fuzz.sh [TARGET=EXECUTIONS …]      e.g. url=10000000; all five for 20,000 each by default
# Ends with 1 if an input crashes a target or takes more than a second (the inputs are in artifacts/fuzzing/TARGET/default), and with 77
# where afl-fuzz is not to be had.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source build/common.sh

[ $# -gt 0 ] || set -- url=20000 protocol=20000 configuration=20000 cache=20000 aws=20000
install_missing afl-fuzz=afl++
command -v afl-fuzz >/dev/null || { fail_in_ci "no fuzzing: afl-fuzz is not here; install it: apt-get install afl++"; exit 77; }

dotnet build tests/CredentialProvider.Fuzzing --nologo -v quiet -c Release >/dev/null
rm -rf artifacts/fuzzing
mkdir -p artifacts/fuzzing
cp -r artifacts/bin/CredentialProvider.Fuzzing/release artifacts/fuzzing/program
dotnet tool restore >/dev/null
dotnet sharpfuzz artifacts/fuzzing/program/nuget-plugin-codeartifact.dll >/dev/null

# Of the machine's settings, and of what afl-fuzz finds in a program that is no native one.
export AFL_SKIP_BIN_CHECK=1 AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1
# Memory has a bound: 256 MB.
export DOTNET_GCHeapHardLimit=0x10000000
found=0
for entry in "$@"; do
  target=${entry%%=*} executions=${entry#*=}
  afl-fuzz -i "tests/CredentialProvider.Fuzzing/Corpora/$target" -o "artifacts/fuzzing/$target" -E "$executions" -t 1000 -m none \
    -- dotnet artifacts/fuzzing/program/CredentialProvider.Fuzzing.dll "$target" > "artifacts/fuzzing/$target.txt" 2>&1 \
    || { tail -n 20 "artifacts/fuzzing/$target.txt"; exit 1; }
  figure() { sed -n "s/^$1 *: //p" "artifacts/fuzzing/$target/default/fuzzer_stats"; }
  printf '%-14s %10s executions in %5s s, %3s inputs reach new code, %s crashes, %s hangs\n' "$target" "$(figure execs_done)" \
    "$(figure run_time)" "$(figure corpus_count)" "$(figure saved_crashes)" "$(figure saved_hangs)"
  [ "$(figure saved_crashes)$(figure saved_hangs)" = 00 ] || found=1
done
exit $found
