#!/bin/sh
# Installs the Debian packages that are not there yet: debian.sh PACKAGE...
# As root directly, else with sudo; says what to do where neither is possible.
set -eu

missing=""
for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
        missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1; then
    as_root="sudo"
else
    echo "Debian packages are missing:$missing" >&2
    echo "This user is not root and there is no sudo. Have root run: apt-get install$missing" >&2
    exit 2
fi
echo "Installing Debian packages:$missing"
$as_root apt-get update -qq
# shellcheck disable=SC2086 # the names are words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
