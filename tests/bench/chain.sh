#!/bin/sh
# The whole chain once, then the floor under the same load: N simulated meters of 20 values on
# N connections, one poll a second, stored with every commit synced, published in batches of 100
# at QoS 1 to a broker on loopback. Prints one line for each: processor time per reading, private
# memory; for the chain also its rows, and its commits and syncs per second (by strace, when it is
# there).
#   sh tests/bench/chain.sh FOLDER_OF_PROGRAMS [SECONDS] [METERS]
set -eu
bin=$1
seconds=${2:-60}
meters=${3:-1000}
warm_up_s=8
trace_s=20
here=$(cd "$(dirname "$0")" && pwd)
: "${ECMON_SHARE_DIR:=$(cd "$here/../../config" && pwd)}"
export ECMON_SHARE_DIR
run=$(mktemp -d /tmp/ecmon-chain-XXXXXX)
pids=

clean() {
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$run"
}
trap clean EXIT
trap 'exit 130' INT TERM

# The meters: one loopback address each.
"$bin/bench_meter_server" --addresses "$meters" >"$run/server" &
pids="$pids $!"
tries=0
until port=$(sed -n 's/^port=//p' "$run/server") && [ -n "$port" ]; do
    tries=$((tries + 1))
    [ $tries -lt 50 ] || { echo "chain.sh: the meter server does not start" >&2; exit 69; }
    sleep 0.1
done

# The broker.
broker_port=$((20000 + $$ % 20000))
printf 'listener %d 127.0.0.1\nallow_anonymous true\npersistence false\nlog_type error\nmax_queued_messages 0\n' \
    "$broker_port" >"$run/mosquitto.conf"
"$(command -v mosquitto || echo /usr/sbin/mosquitto)" -c "$run/mosquitto.conf" &
pids="$pids $!"
sleep 0.5

# The site. The profile reads 20 values from the registers 0, 2, 4 ... in one request.
mkdir "$run/profiles"
{
    printf 'profile: bench-meter\nname: Bench meter\nversion: "1"\nsource: tests/bench/chain.sh\n'
    printf 'side: primary\nfunction: 4\ntype: f32\norder: big\nmax_registers: 40\n'
    printf 'energy: { digit: 0.001 kWh }\npoints:\n'
    address=0
    for point in voltage_a_mv:V voltage_b_mv:V voltage_c_mv:V current_a_ma:A current_b_ma:A \
        current_c_ma:A power_a_w:W power_b_w:W power_c_w:W power_w:W apparent_va:VA demand_w:W \
        reactive_var:var energy_import_wh:kWh reactive_import_varh:kvarh pf_e3:1 \
        energy_export_wh:kWh reactive_export_varh:kvarh current_n_ma:A frequency_mhz:Hz; do
        printf '  - { quantity: %s, address: %d, unit: "%s", source: bench }\n' \
            "${point%:*}" $address "${point#*:}"
        address=$((address + 2))
    done
} >"$run/profiles/bench-meter.yaml"
awk -v run="$run" -v n="$meters" -v port="$port" 'BEGIN {
    enterprises = run "/enterprises.csv"; meters = run "/meters.csv"
    print "id,name,size_class,industry,region" > enterprises
    print "id,enterprise,endpoint,address,profile,role,interval" > meters
    for (i = 1; i <= n; i++) {
        if (i % 10 == 1) printf "E%04d,Firm %d,above,C3110,330282\n", i, i > enterprises
        printf "M%05d,E%04d,modbus+tcp://127.0.%d.%d:%d,1,bench-meter,supply,1s\n", i,
            i - (i - 1) % 10, int(i / 256), i % 256, port > meters
    }
}'
cat >"$run/ecmond.yaml" <<EOF
site: { id: bench }
store: { path: bench.db, durability: full }
collect: { interval: 1s }
control: { socket: $run/ecmond.sock }
mqtt: { url: "mqtt://127.0.0.1:$broker_port", batch: 100, qos: 1 }
EOF

ticks() { awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"; }
rows() { sqlite3 -readonly "$run/bench.db" "SELECT count(*) FROM reading WHERE status = 0"; }
private_kib() { awk '/^Rss(Anon|Shmem):/ { n += $2 } END { print n }' "/proc/$1/status"; }

"$bin/ecmond" -c "$run/ecmond.yaml" 2>"$run/log" &
daemon=$!
pids="$pids $daemon"
sleep $warm_up_s
kill -0 $daemon 2>/dev/null || { tail -n 5 "$run/log" >&2; exit 1; }
before=$(ticks $daemon)
before_rows=$(rows)
sleep "$seconds"
after=$(ticks $daemon)
after_rows=$(rows)
memory=$(private_kib $daemon)
threads=$(awk '/^Threads:/ { print $2 }' /proc/$daemon/status)
commits=unknown
syncs=unknown
if command -v strace >/dev/null; then # a checkpoint syncs the log twice and the database once
    timeout $trace_s strace -f -y -qq -e trace=fsync,fdatasync -o "$run/syncs" -p $daemon || true
    commits=$(awk -v s=$trace_s '/sync\(.*db-wal>/ { n++ } /sync\(.*\.db>/ { n -= 2 }
        END { printf "%.1f", n / s }' "$run/syncs")
    syncs=$(awk -v s=$trace_s '/sync\(/ { n++ } END { printf "%.1f", n / s }' "$run/syncs")
fi
kill -TERM $daemon
wait $daemon || true
sent=$(sqlite3 -readonly "$run/bench.db" \
    "SELECT (SELECT max(first_seq + n - 1) FROM journal) - acked_seq FROM sink_cursor")
echo "$before $after $before_rows $after_rows" |
    awk -v hz="$(getconf CLK_TCK)" -v n="$meters" -v s="$seconds" -v kib="$memory" -v t="$threads" \
        -v commits="$commits" -v syncs="$syncs" -v behind="$sent" '{
    us = ($2 - $1) * 1e6 / hz
    rows = $4 - $3
    printf "bench=chain meters=%d seconds=%d rows=%d behind=%d cpu_us_per_row=%.3f cpu_us_per_reading=%.4f private_kib=%d threads=%d commits_per_s=%s syncs_per_s=%s\n",
        n, s, rows, behind, us / rows, us / rows / 20, kib, t, commits, syncs }'

"$bin/bench_floor" --port "$port" --connections "$meters" --seconds "$seconds" --interval-ms 1000 \
    --database "$run/floor.db" --broker-port "$broker_port"
