#!/bin/sh
# ecmon in one command: builds, simulates a park of meters over Modbus TCP, starts a local MQTT
# broker and the daemon, imports a history, and shows what comes out of it.
#   sh config/quickstart.sh [--seconds N]
# Ctrl-C, or the seconds, end everything that was started here, and nothing else.
set -eu

seconds=0
while [ $# -gt 0 ]; do
    case $1 in
    --seconds)
        seconds=${2:-}
        case $seconds in '' | *[!0-9]*)
            echo "quickstart: --seconds needs a whole number, found \"$seconds\"" >&2
            exit 64
            ;;
        esac
        shift 2
        ;;
    -h | --help)
        sed -n '2,5s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    *)
        echo "quickstart: there is no option $1; allowed: --seconds N" >&2
        exit 64
        ;;
    esac
done

cd "$(dirname "$0")/.."
root=$PWD
. config/packages.sh

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
[ -t 1 ] && [ -z "${NO_COLOR:-}" ] || say() { printf '\n== %s\n' "$*"; }

# --- what is missing, and the build ---

install_packages config/packages.txt
build=$root/build/quickstart
mkdir -p build
say "Building (release) in build/quickstart"
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DECMON_HARDEN=ON \
    -DECMON_TESTS=OFF >"$build.log" 2>&1 || { cat "$build.log" >&2; exit 1; }
cmake --build "$build" --target ecmon ecmond >"$build.log" 2>&1 || { cat "$build.log" >&2; exit 1; }
PATH=$build/bin:/usr/sbin:$PATH
started_at=$(date +%s)

# --- what is started, and how it ends ---

run=$(mktemp -d "${TMPDIR:-/tmp}/ecmon-quickstart.XXXXXX")
pids=
starting= # not known yet whether it will stay
ended=
end() {
    [ -z "$ended" ] || return 0
    ended=yes
    trap '' INT TERM
    for pid in $starting $pids; do
        kill "$pid" 2>/dev/null || true
    done
    for pid in $starting $pids; do
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$run"
    echo "Everything that was started here has ended."
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
    echo "quickstart: $1" >&2
    [ ! -s "${2:-/dev/null}" ] || tail -n 15 "$2" >&2
    exit 1
}

# Waits up to N tenths of a second for a command to succeed.
wait_for() {
    tenths=$1
    shift
    while [ "$tenths" -gt 0 ]; do
        "$@" >/dev/null 2>&1 && return 0
        tenths=$((tenths - 1))
        sleep 0.1
    done
    return 1
}

sh "$root/config/quickstart-park.sh" "$run"
first_port=$(sed -n 's/.*127.0.0.1:\([0-9]*\).*/\1/p' "$run/meters.csv" | sort -n | head -n 1)

# The park's ports follow one another: when one of them is busy, all move on.
say "Simulating a park: 24 enterprises, 40 meters, three meter types, over Modbus TCP"
tries=20
while :; do
    ecmon simulate --register "$run/meters.csv" --scenario "$run/scenario.csv" \
        >"$run/simulate.log" 2>&1 &
    simulate=$!
    starting=$simulate
    wait_for 100 grep -qE 'simulating|cannot listen' "$run/simulate.log" || true
    if grep -q simulating "$run/simulate.log"; then
        pids="$simulate $pids"
        starting=
        break
    fi
    kill "$simulate" 2>/dev/null || true
    wait "$simulate" 2>/dev/null || true
    starting=
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] && grep -q 'cannot listen' "$run/simulate.log" ||
        fail "the simulated meters do not start; free the ports from $first_port on" "$run/simulate.log"
    next_port=$((first_port + 100))
    awk -v from="$first_port" -v to="$next_port" '{
        while (match($0, /127\.0\.0\.1:[0-9]+/)) {
            port = substr($0, RSTART + 10, RLENGTH - 10)
            printf "%s127.0.0.1;%d", substr($0, 1, RSTART - 1), port - from + to
            $0 = substr($0, RSTART + RLENGTH)
        }
        print
    }' "$run/meters.csv" | sed 's/127\.0\.0\.1;/127.0.0.1:/g' >"$run/meters.new"
    mv "$run/meters.new" "$run/meters.csv"
    first_port=$next_port
done
echo "meters listen on 127.0.0.1, ports from $first_port on"

say "Starting a local MQTT broker"
broker_port=18830
tries=20
while :; do
    printf 'listener %s 127.0.0.1\nallow_anonymous true\n' "$broker_port" >"$run/mosquitto.conf"
    mosquitto -c "$run/mosquitto.conf" >"$run/mosquitto.log" 2>&1 &
    broker=$!
    starting=$broker
    # a broker that finds its port busy ends at once; whoever holds the port need not answer
    sleep 0.3
    if kill -0 "$broker" 2>/dev/null &&
        wait_for 20 timeout 1 mosquitto_pub -h 127.0.0.1 -p "$broker_port" -t ecmon-quickstart -m hello; then
        pids="$broker $pids"
        starting=
        break
    fi
    kill "$broker" 2>/dev/null || true
    wait "$broker" 2>/dev/null || true
    starting=
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "no MQTT broker starts on the ports up to $broker_port" "$run/mosquitto.log"
    broker_port=$((broker_port + 1))
done
echo "mosquitto listens on 127.0.0.1 port $broker_port"
sed "s/@BROKER_PORT@/$broker_port/" "$run/ecmond.yaml.in" >"$run/ecmond.yaml"

say "Checking the configuration"
ecmon check -c "$run/ecmond.yaml"

say "Starting the daemon"
ecmond -c "$run/ecmond.yaml" >"$run/ecmond.log" 2>&1 &
daemon=$!
pids="$daemon $pids"
wait_for 100 sh -c "ecmon status -c '$run/ecmond.yaml' --output json | grep -q '\"running\":true'" ||
    fail "ecmond does not start" "$run/ecmond.log"

say "Importing a history: energy of every day since last December, output value, gas"
ecmon simulate --register "$run/meters.csv" --scenario "$run/scenario.csv" \
    --history-from "$(cat "$run/history-from")" >"$run/energy.csv"
ecmon import energy "$run/energy.csv" -c "$run/ecmond.yaml"
ecmon import output "$run/output.csv" -c "$run/ecmond.yaml"
ecmon import energy-use "$run/energy-use.csv" -c "$run/ecmond.yaml"

# --- what comes out of it ---

yesterday=$(date -d yesterday +%F)
today=$(date +%F)
period=$(cat "$run/period")
c="-c $run/ecmond.yaml"
LANG=${LANG:-C.UTF-8}

say "Live readings as they are published (topic, payload)"
timeout 20 mosquitto_sub -h 127.0.0.1 -p "$broker_port" -V mqttv5 \
    -t 'ecmon/v1/+/meter/+/reading' -C 6 -F '%t %p' | cut -c 1-200 || true

say "One meter, read now: ecmon read M001"
ecmon read M001 $c || true

say "MQTT topics (mosquitto_sub -h 127.0.0.1 -p $broker_port -v -t 'ecmon/v1/#')"
cat <<TOPICS
ecmon/v1/quickstart/status                          retained, last will
ecmon/v1/quickstart/meter/<id>/reading              one slot of one meter
ecmon/v1/quickstart/meter/<id>/interval             a quarter-hour
ecmon/v1/quickstart/rate/<group_kind>/<group_id>    retained
ecmon/v1/quickstart/carbon/<enterprise>/<kind>      retained
ecmon/v1/quickstart/watermark                       delivered up to here
TOPICS

say "Rates of yesterday ($yesterday) by size class: ecmon rates --by size_class"
ecmon rates $c --day "$yesterday" --by size_class --output table
say "Rates of yesterday by industry: ecmon rates --by industry"
ecmon rates $c --day "$yesterday" --by industry --output table
say "Today ($today) so far is preliminary (初报): its day is not over, most firms count as missing"
ecmon rates $c --day "$today" --by size_class --output table

say "Carbon efficiency (碳效) of $period: ecmon carbon --period $period"
ecmon carbon $c --period "$period" --output table

say "How it is doing: ecmon status (one meter is dead, one answers exceptions: on purpose)"
ecmon status $c || true

say "Ask more (in another terminal)"
cat <<MORE
export PATH=$build/bin:\$PATH
ecmon explain rate $yesterday --by industry --group C31 -c $run/ecmond.yaml
ecmon resumption --day $yesterday -c $run/ecmond.yaml
ecmon energy --enterprise E01 --from $yesterday --to $today -c $run/ecmond.yaml
ecmon explain carbon E01 $period -c $run/ecmond.yaml
ecmon plan -c $run/ecmond.yaml
sqlite3 -readonly $run/ecmon.db "SELECT meter, datetime(slot_ts_ms/1000,'unixepoch'), status, power_w FROM v_reading WHERE meter = 'M001' LIMIT 5"
mosquitto_sub -h 127.0.0.1 -p $broker_port -v -t 'ecmon/v1/quickstart/rate/#'
MORE
echo
echo "All of this $(($(date +%s) - started_at)) s after the build."
if [ "$seconds" -gt 0 ]; then
    left=$((seconds - ($(date +%s) - started_at)))
    echo "Running for another $((left > 0 ? left : 0)) s."
    [ "$left" -le 0 ] || sleep "$left" &
    wait $! || true
else
    echo "Running. Ctrl-C ends it."
    wait "$daemon" || fail "ecmond has ended" "$run/ecmond.log"
fi
