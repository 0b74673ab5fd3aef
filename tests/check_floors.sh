#!/bin/sh
# Compares every #include and every ecmon_room(NEEDS) with tests/floors.txt.
set -eu
cd "$(dirname "$0")/.."

allowed=$(mktemp)
found=$(mktemp)
trap 'rm -f "$allowed" "$found"' EXIT
grep -v '^#' tests/floors.txt | awk '{ for (i = 3; i <= NF; i++) print $1, $i; print $1, $1 }' | sort -u >"$allowed"

room_of() { # the room a folder belongs to
    case $1 in
    drivers/*/* | daemon/*/*) echo "$1" | cut -d/ -f2 ;;
    daemon/*) echo daemon ;;
    esac
}

git ls-files --cached --others --exclude-standard 'drivers/*.[ch]' 'daemon/*.[ch]' | while read -r file; do
    room=$(room_of "$file")
    sed -n 's/^#include [<"]\([^>"]*\)[>"].*/\1/p' "$file" | while read -r header; do
        case $header in
        ecmon/*) echo "$room words $file" ;;
        drivers/* | daemon/*) echo "$room $(room_of "$header") $file" ;;
        esac
    done
done >"$found"
git ls-files --cached --others --exclude-standard 'drivers/*CMakeLists.txt' 'daemon/*CMakeLists.txt' | while read -r file; do
    tr '\n' ' ' <"$file" | sed 's/ecmon_room(/\n&/g' | sed -n 's/.*ecmon_room(\([a-z0-9_]*\).*NEEDS \([a-z0-9_ ]*\).*/\1 \2/p' |
        while read -r room needs; do
            for need in $needs; do
                echo "$room $need $file"
            done
        done
done >>"$found"

awk 'NR == FNR { ok[$1 " " $2] = 1; next }
     !(($1 " " $2) in ok) { print $3 ": room " $1 " may not use room " $2; bad = 1 }
     END { exit bad }' "$allowed" "$found"
