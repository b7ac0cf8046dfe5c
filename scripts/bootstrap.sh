#!/bin/sh
# Make the virtual environment $1, also on a bare Debian whose Python came without ensurepip.
set -eu

venv=$1
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# tensorflow 2.21 has wheels for 3.10 to 3.13, our code needs 3.11.
fits='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
python=
for candidate in ${PYTHON:-} python3 python3.11 python3.12 python3.13; do
    if "$candidate" -c "$fits" 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "error: Python 3.11, 3.12 or 3.13 is needed and none was found; install one (Debian:" >&2
    echo "       apt-get install python3 python3-venv) or name it: make PYTHON=/path/to/python" >&2
    exit 1
fi

make_venv() {
    rm -rf "$venv"
    "$python" -m venv "$venv" >"$log" 2>&1
}

echo "Making $venv with $("$python" --version) ..."
make_venv && exit 0

# `python3 -m venv` without ensurepip: Debian packs it apart.
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "Installing python3-venv with apt-get ..."
    if { apt-get update -qq && apt-get install -y -qq python3-venv; } >"$log" 2>&1; then
        make_venv && exit 0
    fi
fi

rm -rf "$venv"
"$python" -m virtualenv -q "$venv" 2>/dev/null && exit 0

cat "$log" >&2
echo "error: no virtual environment could be made. Install python3-venv as root (Debian:" >&2
echo "       apt-get install python3-venv) or virtualenv, then call make again." >&2
exit 1
