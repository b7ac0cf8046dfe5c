#!/usr/bin/env bash
# openvino 2026.4.1 (with openvino-telemetry 2025.2.0, which it depends on), Linux, CPython 3.11
#
# Expected: importing a library tells nobody; DO_NOT_TRACK=1 at the latest keeps it silent.
# Seen:     `import openvino` alone starts a child process that posts an event to
#           www.google-analytics.com, and leaves a client id and a usage count in the home folder.
#           DO_NOT_TRACK=1 changes nothing. CI=true stops it, and so does an openvino_telemetry
#           that cannot be imported: there is a stand-in for that.
#           A recorder of sockets in the importing process sees nothing, as only the child asks.
# A matter of privacy, no security hole. What is sent, by openvino_telemetry/backend/backend_ga4.py:
# client id, session id, version, operating system, container or not, usage count.
#
# Nothing is sent here: the import runs in a network namespace without a way out.
set -euo pipefail

here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
closed=(unshare --user --map-root-user --net --mount)
if ! "${closed[@]}" ip link set lo up; then
    echo "needs util-linux, iproute2 and user namespaces" >&2
    exit 2
fi
python3 -m venv "$here/venv"
"$here/venv/bin/pip" install --quiet --disable-pip-version-check \
    numpy==2.4.6 openvino==2026.4.1 openvino-telemetry==2025.2.0 || exit 2

# A name server that writes down which names are asked for, and knows none.
cat > "$here/names.py" <<'PYTHON'
import socket
import sys

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
print("ready", flush=True)
while True:
    query, client = server.recvfrom(512)
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    with open(sys.argv[1], "a") as names:
        names.write(".".join(labels) + "\n")
    server.sendto(query[:2] + b"\x81\x83" + query[4:], client)
PYTHON

# Imports openvino; each process that looks a name up writes down whether it is the importing one.
cat > "$here/import.py" <<'PYTHON'
import os
import sys

main = os.getpid()


def hook(event, _arguments):
    if event == "socket.getaddrinfo":
        with open(os.environ["ASKED"], "a") as asked:
            asked.write("parent\n" if os.getpid() == main else "child\n")


sys.addaudithook(hook)
if "without" in sys.argv:
    sys.modules["openvino_telemetry"] = None
import openvino
PYTHON

cat > "$here/observe.sh" <<'BASH'
set -euo pipefail
ip link set lo up
echo "nameserver 127.0.0.1" > "$HERE/resolv.conf"
echo "hosts: files dns" > "$HERE/nsswitch.conf"
mount --bind "$HERE/resolv.conf" /etc/resolv.conf
mount --bind "$HERE/nsswitch.conf" /etc/nsswitch.conf
coproc "$HERE/venv/bin/python" "$HERE/names.py" "$HERE/names"
trap 'kill "$COPROC_PID"' EXIT
read -r _ <&"${COPROC[0]}"

observe() { # description, settings, arguments
    rm -rf "$HERE/home" "$HERE/names" "$HERE/asked"
    mkdir "$HERE/home"
    touch "$HERE/names" "$HERE/asked"
    # shellcheck disable=SC2086 # settings and arguments are lists of words
    env -i PATH="$PATH" HOME="$HERE/home" ASKED="$HERE/asked" $2 \
        "$HERE/venv/bin/python" "$HERE/import.py" $3
    echo "$1: names: $(sort -u "$HERE/names" | xargs); asked by: $(sort -u "$HERE/asked" | xargs);" \
        "in the home folder: $(cd "$HERE/home" && find . -type f | sort | xargs)"
}

observe "import openvino" "" ""
observe "DO_NOT_TRACK=1" "DO_NOT_TRACK=1" ""
observe "CI=true" "CI=true" ""
observe "no openvino_telemetry" "" "without"
BASH

HERE=$here "${closed[@]}" bash "$here/observe.sh" | tee "$here/seen"
sent="names: www.google-analytics.com; asked by: child; in the home folder: ./intel/openvino_ga_cid ./intel/stats"
silent="names: ; asked by: ; in the home folder: "
diff - "$here/seen" <<EXPECTED
import openvino: $sent
DO_NOT_TRACK=1: $sent
CI=true: $silent
no openvino_telemetry: $silent
EXPECTED
