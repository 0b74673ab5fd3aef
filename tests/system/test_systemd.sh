#!/bin/sh
# The unit is valid, hardened, and its users file works. Skipped (77) without systemd-analyze.
#   sh tests/system/test_systemd.sh BUILD
set -eu
build=$(cd "${1:?usage: test_systemd.sh BUILD}" && pwd)
cd "$(dirname "$0")/../.."
if ! command -v systemd-analyze >/dev/null 2>&1; then
    echo "SKIPPED: there is no systemd-analyze; install the package systemd" >&2
    exit 77
fi
ecmond=$(find "$build" -type f -name ecmond -perm -u+x | head -n 1)
[ -n "$ecmond" ] || { echo "build ecmond in $build first" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unit=$work/ecmond.service
bad=0
fail() {
    echo "not ok: $*"
    bad=1
}

# the program is not installed here: the copy names the one that was built
sed "s|/usr/sbin/ecmond|$ecmond|" systemd/ecmond.service >"$unit"
if ! systemd-analyze verify --man=no "$unit" >"$work/log" 2>&1 || [ -s "$work/log" ]; then
    fail "systemd-analyze verify: $(cat "$work/log")"
fi

# threshold = exposure x 10
systemd-analyze security --offline=true --threshold=15 "$unit" >"$work/log" 2>&1 ||
    fail "exposure above 1.5: $(tail -n 1 "$work/log")"

for line in Type=notify WatchdogSec=30 User=ecmon StateDirectory=ecmon RuntimeDirectory=ecmon \
    'ExecReload=/bin/kill -HUP $MAINPID' 'ExecStartPre=/usr/sbin/ecmond --check' NoNewPrivileges=yes \
    CapabilityBoundingSet= ProtectSystem=strict MemoryDenyWriteExecute=yes; do
    grep -qxF "$line" systemd/ecmond.service || fail "the unit does not say $line"
done

# a password is never in the unit, nor on a command line
if grep -iE '^(Environment|SetCredential|ExecStart).*(pass|secret)' systemd/ecmond.service; then
    fail "a secret in the unit"
fi

if command -v systemd-sysusers >/dev/null 2>&1; then
    systemd-sysusers --dry-run "$PWD/systemd/ecmon.sysusers" >"$work/log" 2>&1 ||
        fail "systemd-sysusers: $(cat "$work/log")"
fi

[ "$bad" -eq 0 ] && echo "ok: $(systemd-analyze security --offline=true "$unit" 2>/dev/null | tail -n 1)"
exit "$bad"
