#!/bin/sh
# Installs the Debian packages that are not there yet: debian.sh PACKAGE...
# As root directly, else with sudo; says what to do where neither is possible, or where it fails.
set -eu

missing=""
for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
        missing="$missing $package"
done
[ -n "$missing" ] || exit 0

by_hand() {
    echo "$1 Have root run: apt-get install$missing" >&2
    exit 2
}

if ! command -v apt-get >/dev/null 2>&1; then
    echo "These Debian packages are missing, and this system has no apt-get to install them:$missing" >&2
    exit 2
elif [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1; then
    as_root="sudo"
else
    by_hand "Debian packages are missing:$missing. This user is not root and there is no sudo."
fi
echo "Installing Debian packages:$missing"
$as_root apt-get update -qq || by_hand "The list of packages could not be brought up to date."
# shellcheck disable=SC2086 # the names are words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null ||
    by_hand "Debian packages could not be installed."
