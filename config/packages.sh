# Sourced: install_packages FILE... installs what is missing of the Debian packages listed.
# Says what to do when it cannot.
install_packages() {
    missing=
    for package in $(cat "$@" | grep -v '^#'); do
        if ! dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then
            missing="$missing $package"
        fi
    done
    [ -n "$missing" ] || return 0
    as_root=
    if [ "$(id -u)" != 0 ]; then
        if ! command -v sudo >/dev/null 2>&1; then
            echo "These Debian packages are missing and need root to install:$missing" >&2
            echo "Run as root: apt-get update && apt-get install -y$missing" >&2
            return 1
        fi
        as_root=sudo
    fi
    echo "Installing:$missing"
    $as_root apt-get update -qq || echo "apt-get update failed; trying with the lists at hand" >&2
    # no service is started by an installation: what we need we start ourselves, on a free port
    log=$(mktemp)
    if ! $as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y --no-install-recommends $missing >"$log" 2>&1; then
        tail -n 15 "$log" >&2
        rm -f "$log"
        echo "Installing failed. Check the network and: apt-get install -y$missing" >&2
        return 1
    fi
    rm -f "$log"
}
