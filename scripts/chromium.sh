#!/bin/sh
# Make sure that there is a Chromium for the tests of the page; without one they are left out.
set -eu

for browser in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$browser" >/dev/null && exit 0
done

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    echo "Installing Chromium with apt-get ..."
    if { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } \
        >"$log" 2>&1; then
        exit 0
    fi
    tail -n 5 "$log" >&2
fi

echo "note: no Chromium, so the tests of the page will be left out. Install it as root" >&2
echo "      (Debian: apt-get install chromium) and run make test again." >&2
