#!/bin/sh
# Compares the documentation with the programs: commands and options of `ecmon help`, keys of the
# configuration and of profiles, the shipped profiles, views of the store, options of ecmond,
# examples of the READMEs. And: no path of the machine this was written on, no file of 600 lines or
# more.
#   sh tests/check_docs.sh BUILD
set -eu
build=$(cd "${1:?usage: check_docs.sh BUILD}" && pwd)
cd "$(dirname "$0")/.."
ECMON_SHARE_DIR=$PWD/config
LC_ALL=C.UTF-8
export ECMON_SHARE_DIR LC_ALL
ecmon=$build/bin/ecmon
ecmond=$build/bin/ecmond
reference=$build/bin/ecmon_reference
for program in "$ecmon" "$ecmond" "$reference"; do
    [ -x "$program" ] || { echo "check_docs: build ecmon, ecmond and ecmon_reference in $build first" >&2; exit 1; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
complain() {
    echo "$*"
    bad=1
}
# What stands in one of two sorted lists only. compare WHERE_A A WHERE_B B
compare() {
    comm -23 "$2" "$4" | while read -r word; do echo "$word: in $1, not in $3"; done >"$work/difference"
    comm -13 "$2" "$4" | while read -r word; do echo "$word: in $3, not in $1"; done >>"$work/difference"
    [ ! -s "$work/difference" ] || { cat "$work/difference"; bad=1; }
}
options_of() { grep -oE -- '--[a-z][a-z-]*' | sort -u; }

# --- ecmon(1): every command with its options, both ways ---

"$ecmon" help | sed -n 's/^  \([a-z]*\)  .*/\1/p' | grep -vx ecmon | sort >"$work/commands"
for page in docs/man/ecmon.1.scd docs/man/zh_CN/ecmon.1.scd; do
    sed -n 's/^## //p' "$page" | sort >"$work/headings"
    compare "ecmon help" "$work/commands" "$page" "$work/headings"
    while read -r command; do
        "$ecmon" help "$command" | sed -n '/^$/,$p' | options_of >"$work/helped"
        awk -v want="## $command" '/^#/ { on = ($0 == want) } on' "$page" | options_of >"$work/written"
        compare "ecmon help $command" "$work/helped" "$page" "$work/written"
        cat "$work/helped" >>"$work/every"
    done <"$work/commands"
    sort -u "$work/every" >"$work/helped"
    awk '/^# / { on = ($0 == "# OPTIONS" || $0 == "# 选项") } on && /^\*-/' "$page" | options_of >"$work/written"
    compare "ecmon help" "$work/helped" "the options of $page" "$work/written"
done

# --- ecmond(8) ---

"$ecmond" --help | options_of >"$work/helped"
for page in docs/man/ecmond.8.scd docs/man/zh_CN/ecmond.8.scd; do
    awk '/^# / { on = ($0 == "# OPTIONS" || $0 == "# 选项") } on && /^\*-/' "$page" | options_of >"$work/written"
    compare "ecmond --help" "$work/helped" "$page" "$work/written"
done

# --- ecmond.yaml(5): every key with type, limits and default, both ways ---

"$reference" | awk '/^[a-z]/ { key = $0; getline; sub(/^ */, ""); print "*" key "* (" $0 ")" }' | sort >"$work/helped"
awk '/^# / { on = ($0 == "# OPTIONS") } on' docs/man/ecmond.yaml.5.scd | grep -E '^\*[a-z.0-9_]+\* \(' | sort >"$work/written"
compare "the program" "$work/helped" docs/man/ecmond.yaml.5.scd "$work/written"

# --- docs/profiles.md: every key of a profile with type, limits and default; every shipped profile ---

"$reference" profiles | awk '/^[a-z][a-z0-9_.]*$/ { key = $0; getline; sub(/^ */, ""); print "`" key "` (" $0 ")" }' | sort >"$work/helped"
sed -n 's/^- \(`[a-z0-9_.]*` (.*)\)  $/\1/p' docs/profiles.md | sort >"$work/written"
compare "the program" "$work/helped" docs/profiles.md "$work/written"
for file in config/profiles/*.yaml; do basename "$file" .yaml; done | sort >"$work/shipped"
sed -n 's/^| `\([a-z0-9]*-[a-z0-9-]*\)` |.*/\1/p' docs/profiles.md | sort >"$work/listed"
compare config/profiles "$work/shipped" docs/profiles.md "$work/listed"

# --- ecmon-sql(7): every view ---

sed -n 's/^CREATE VIEW \(v_[a-z_]*\).*/\1/p' daemon/store/sql/views.sql | sort >"$work/helped"
awk '/^# / { on = ($0 == "# VIEWS") } on && /^\*v_/' docs/man/ecmon-sql.7.scd | grep -oE 'v_[a-z_]+' | sort -u >"$work/written"
compare daemon/store/sql/views.sql "$work/helped" docs/man/ecmon-sql.7.scd "$work/written"

# --- the examples of both READMEs pass `ecmon check`: blocks that follow "<!-- file: NAME -->" ---

for readme in README.md README.zh-CN.md; do
    rm -rf "$work/site"
    mkdir "$work/site"
    awk -v folder="$work/site" '
        /^<!-- file: / { name = $3; next }
        name != "" && /^```/ { if (open) { open = 0; name = "" } else open = 1; next }
        open { print > (folder "/" name) }' "$readme"
    for file in ecmond.yaml enterprises.csv meters.csv; do
        [ -s "$work/site/$file" ] || complain "$readme: no example of $file"
    done
    "$ecmon" check --strict -c "$work/site/ecmond.yaml" >"$work/log" 2>&1 || complain "$readme: $(cat "$work/log")"
    # a command that is shown must exist
    awk '/^```/ { on = !on } on' "$readme" | grep -oE '^(\$ )?ecmon [a-z]+' | sed 's/^\$ //' | cut -d' ' -f2 | sort -u >"$work/shown"
    for command in $(comm -23 "$work/shown" "$work/commands"); do
        complain "$readme: there is no command $command"
    done
    # a path that is named must exist
    for path in $(grep -oE '`(daemon|drivers|config|tests|systemd|docs|include|cmake)/[A-Za-z0-9_./-]*`' "$readme" | tr -d '`'); do
        [ -e "$path" ] || complain "$readme: there is no $path"
    done
done

# --- the repository ---

git ls-files --cached --others --exclude-standard | while read -r file; do
    [ -f "$file" ] || continue
    case $file in
    *.csv | LICENSE | tests/data/* | tests/fuzz/corpus/*) ;;
    *) [ "$(wc -l <"$file")" -lt 600 ] || echo "$file: $(wc -l <"$file") lines, 600 or more" ;;
    esac
done >"$work/long"
[ ! -s "$work/long" ] || { cat "$work/long"; bad=1; }
# the patterns are written so that they do not find themselves
if git grep --untracked -nIE '(^|[^[:alnum:]_.])/(work|home|root)/[[:alnum:]]|/tmp/[b]-[a-z]' -- . ':!tests/data' ':!tests/fuzz/corpus'; then
    complain "paths of one machine in the files above"
fi

[ "$bad" -eq 0 ] && echo "documentation agrees with the programs"
exit "$bad"
