#!/bin/sh
# Installs what is missing, builds, runs every test.
#   sh tests/run.sh               what every commit must pass
#   sh tests/run.sh long [NAME]   what takes longer: coverage valgrind tidy fuzz virtual kills cuts
set -u
cd "$(dirname "$0")/.."
root=$PWD
. config/packages.sh

passed=0
failed=0
failures=
jobs=$(nproc)
export CTEST_OUTPUT_ON_FAILURE=1

note() { printf '%s  %s\n' "$(date +%T)" "$*"; }

# step NAME COMMAND...: one check; its output is shown when it fails
step() {
    name=$1
    shift
    log=$(mktemp)
    if "$@" >"$log" 2>&1; then
        passed=$((passed + 1))
        note "ok      $name"
    else
        failed=$((failed + 1))
        failures="$failures $name"
        note "FAILED  $name"
        tail -n 60 "$log"
    fi
    rm -f "$log"
}

# tests NAME BUILD [CTEST ARGUMENTS]: every test counts
tests() {
    name=$1
    build=$2
    shift 2
    log=$(mktemp)
    note "running $name"
    ctest --test-dir "$build" -j "$jobs" --no-tests=error "$@" >"$log" 2>&1
    grep -E '^ *[0-9]+/[0-9]+ Test' "$log" | grep -v Passed
    total=$(sed -n 's/.*tests failed out of \([0-9]*\).*/\1/p' "$log")
    bad=$(sed -n 's/.*tests passed, \([0-9]*\) tests failed.*/\1/p' "$log")
    if [ -z "$total" ]; then
        total=1
        bad=1
    fi
    passed=$((passed + total - bad))
    failed=$((failed + bad))
    if [ "$bad" -gt 0 ]; then
        failures="$failures $name"
        grep -vE 'Passed|Start ' "$log" | tail -n 150
    fi
    note "$name: $((total - bad)) of $total passed"
    rm -f "$log"
}

build() { # build PRESET
    cmake --preset "$1" >/dev/null && cmake --build --preset "$1" -j "$jobs"
}

sources() { git ls-files '*.c' '*.h'; }

formatted() { sources | xargs clang-format --dry-run -Werror; }

# C files that the newest commit or the working tree changed; all of them in a first commit
changed() {
    {
        git diff --name-only --diff-filter=d HEAD~1 -- '*.c' 2>/dev/null || git ls-files '*.c'
        git diff --name-only --diff-filter=d HEAD -- '*.c'
    } | sort -u
}

tidy() { # files on standard input
    xargs -r -P "$jobs" -n 4 clang-tidy -p build/tidy --quiet
}

check() { # cppcheck, files on standard input
    list=$(mktemp)
    cat >"$list"
    [ ! -s "$list" ] || cppcheck --quiet --enable=warning,style,performance,portability \
        --std=c11 --inline-suppr --suppressions-list=tests/cppcheck.txt --error-exitcode=1 \
        -D_POSIX_C_SOURCE=200809L -I. -Iinclude --file-list="$list" -j "$jobs"
    code=$?
    rm -f "$list"
    return $code
}

changed_tidy() { cmake --preset tidy >/dev/null && changed | tidy; }
changed_check() { changed | check; }
whole_tidy() { cmake --preset tidy >/dev/null && git ls-files '*.c' | tidy; }
whole_check() { git ls-files '*.c' | check; }

small_files() {
    git ls-files '*.c' '*.h' '*.sh' | while read -r file; do
        lines=$(wc -l <"$file")
        [ "$lines" -le 600 ] || { echo "$file has $lines lines"; exit 1; }
    done
}

commit_tier() {
    step "floors" sh tests/check_floors.sh
    step "files below 600 lines" small_files
    step "clang-format" formatted
    note "building with gcc, optimised, hardened, -Werror"
    step "gcc release build" build release
    step "documentation agrees with the program" sh tests/check_docs.sh build/release
    tests "system tests (release)" build/release -L system
    note "building with clang, address and undefined sanitizers"
    step "clang sanitizer build" build asan
    tests "every test (address, undefined)" build/asan -LE system
    note "building with clang, thread sanitizer"
    step "clang thread sanitizer build" build tsan
    tests "flow and publisher tests (thread)" build/tsan -L 'flow|publisher'
    step "clang-tidy on what changed" changed_tidy
    step "cppcheck on what changed" changed_check
}

coverage() {
    cmake -S . -B build/coverage -G Ninja -DCMAKE_BUILD_TYPE=Debug \
        -DCMAKE_C_FLAGS=--coverage -DCMAKE_EXE_LINKER_FLAGS=--coverage >/dev/null &&
        cmake --build build/coverage -j "$jobs" &&
        ctest --test-dir build/coverage -j "$jobs" -LE system >/dev/null
    for folder in daemon drivers; do
        find "build/coverage/$folder" -name '*.gcda' | while read -r data; do
            gcov -n -o "$(dirname "$data")" "$data" 2>/dev/null
        done
    done | awk '/^File .*\/(daemon|drivers)\// { file = $2; next }
        /^Lines executed/ && file { split($2, part, ":"); sub("%", "", part[2]); n = $4
            hit += part[2] * n / 100; all += n; file = "" }
        END { printf "line coverage %.1f %% of %d lines\n", 100 * hit / all, all }'
}

under_valgrind() {
    build dev && ctest --test-dir build/dev -L unit -j "$jobs" -T memcheck \
        --overwrite MemoryCheckCommandOptions="--leak-check=full --error-exitcode=99 -q"
}

fuzzing() {
    build fuzz || return 1
    for target in build/fuzz/bin/fuzz_*; do
        name=$(basename "$target")
        work=$(mktemp -d)
        "$target" -max_total_time="${FUZZ_SECONDS:-60}" -rss_limit_mb=2048 "$work" \
            "tests/fuzz/corpus/$name" >"$work.log" 2>&1 || { tail -n 40 "$work.log"; return 1; }
        echo "$name: $(grep -o 'stat::number_of_executed_units: *[0-9]*\|DONE.*' "$work.log" | tail -n 1)"
        rm -rf "$work" "$work.log"
    done
}

virtual() { build release && build/release/bin/test_virtual_run --long; }

# ecmond and its broker killed KILLS times under load; the checker of tests/system/proof judges
kills() {
    build release && ECMON_BIN_DIR=build/release/bin ECMON_SHARE_DIR="$root/config" \
        PYTHONDONTWRITEBYTECODE=1 python3 tests/system/proof/kill_loop.py "${KILLS:-2000}"
}

# what CUTS power cuts may leave of a store; failures at every operation of disk and memory
cuts() {
    build release && build/release/bin/test_power_cut "${CUTS:-20000}" &&
        build/release/bin/test_store_faults all
}

long_tier() {
    case ${1:-all} in
    coverage) coverage && exit 0 ;;
    valgrind) step "valgrind" under_valgrind ;;
    tidy) step "clang-tidy, whole tree" whole_tidy && step "cppcheck, whole tree" whole_check ;;
    fuzz) fuzzing && exit 0 ;;
    virtual) virtual && exit 0 ;;
    kills) kills && exit 0 ;;
    cuts) cuts && exit 0 ;;
    all)
        step "clang-tidy, whole tree" whole_tidy
        step "cppcheck, whole tree" whole_check
        step "valgrind" under_valgrind
        step "fuzzing" fuzzing
        step "virtual runs" virtual
        step "kills" kills
        step "power cuts" cuts
        coverage
        ;;
    *)
        echo "there is no long test $1; allowed: coverage valgrind tidy fuzz virtual kills cuts" >&2
        exit 64
        ;;
    esac
}

mkdir -p build
note "installing what is missing"
install_packages config/packages.txt tests/packages.txt || exit 69
if ! command -v npm >/dev/null 2>&1; then # Node.js from elsewhere brings its own
    printf 'nodejs\nnpm\n' >build/npm.txt
    install_packages build/npm.txt || note "no npm: tests with its Modbus server will be skipped"
fi
if [ "${1:-}" = long ]; then
    long_tier "${2:-all}"
else
    commit_tier
fi
[ -z "$failures" ] || echo "failed:$failures"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
