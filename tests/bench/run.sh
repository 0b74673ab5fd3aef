#!/bin/sh
# Interleaved rounds of all measurements, and medians of their ratios beside the goals. Never
# passes or fails: machines differ and drift, only ratios of one run say something.
#   sh tests/bench/run.sh FOLDER_OF_PROGRAMS [ROUNDS] [SECONDS_OF_A_CHAIN]
set -eu
bin=$1
rounds=${2:-5}
chain_s=${3:-60}
here=$(cd "$(dirname "$0")" && pwd)
run=$(mktemp -d /tmp/ecmon-bench-run-XXXXXX)
server=
trap 'rm -rf "$run"; [ -z "$server" ] || kill "$server" 2>/dev/null || true' EXIT
trap 'exit 130' INT TERM

measure() { "$@" | tee -a "$run/lines"; }

round=1
while [ "$round" -le "$rounds" ]; do
    echo "# round $round, load $(cut -d' ' -f1-3 /proc/loadavg)"
    "$bin/bench_meter_server" >"$run/server" &
    server=$!
    sleep 1
    port=$(sed -n 's/^port=//p' "$run/server")
    for interval_ms in 5 0; do
        for program in bench_raw bench_poll; do
            measure "$bin/$program" --port "$port" --connections 100 --seconds 5 \
                --interval-ms $interval_ms
        done
    done
    kill "$server"
    wait "$server" || true
    server=
    measure sh "$here/chain.sh" "$bin" "$chain_s"
    "$bin/bench_store_rows" | tr '\n' ' ' | sed 's/^/bench=store_rows /; s/ \([0-9]\)/=\1/g; s/ $//' >"$run/rows"
    echo >>"$run/rows"
    measure cat "$run/rows"
    round=$((round + 1))
done

awk '
function value(key,    i, pair) {
    for (i = 1; i <= NF; i++) {
        split($i, pair, "=")
        if (pair[1] == key) return pair[2]
    }
    return ""
}
function add(name, v) { n[name]++; all[name, n[name]] = v }
function median(name,    i, j, t, k, v) {
    k = n[name]
    for (i = 1; i <= k; i++) v[i] = all[name, i] + 0
    for (i = 2; i <= k; i++)
        for (j = i; j > 1 && v[j - 1] > v[j]; j--) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
    return k == 0 ? 0 : k % 2 ? v[(k + 1) / 2] : (v[k / 2] + v[k / 2 + 1]) / 2
}
function say(name, format, goal) { printf "%-46s " format "   (goal <= %s)\n", name, median(name), goal }
/^bench=raw/ { raw[value("interval_ms")] = value("cpu_us_per_request") }
/^bench=poll/ {
    add("poll/raw " (value("interval_ms") == 0 ? "flat out" : "paced"),
        value("cpu_us_per_request") / raw[value("interval_ms")])
}
/^bench=chain/ {
    chain = value("cpu_us_per_reading")
    add("chain us/reading", chain)
    add("chain private MiB", value("private_kib") / 1024)
    if (value("commits_per_s") != "unknown") add("chain commits/s", value("commits_per_s"))
}
/^bench=floor/ { add("chain/floor per reading", chain / value("cpu_us_per_reading")) }
/^bench=store_rows/ {
    add("store us/row", value("store_us_per_row"))
    add("store bytes/value", value("store_bytes_per_value"))
}
END {
    print "# medians"
    say("poll/raw paced", "%6.2f", "2.0")
    say("poll/raw flat out", "%6.2f", "2.0")
    say("chain/floor per reading", "%6.2f", "2.0")
    say("chain us/reading", "%6.3f", "2 x the floor")
    say("chain private MiB", "%6.2f", "10")
    say("chain commits/s", "%6.2f", "1")
    say("store us/row", "%6.2f", "1.5")
    say("store bytes/value", "%6.2f", "5")
}' "$run/lines"
