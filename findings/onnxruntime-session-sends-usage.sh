#!/usr/bin/env bash
# onnxruntime 1.32.0, the wheel for Linux, CPython 3.11
#
# Expected: no telemetry, as Linux wheels had none for years; DO_NOT_TRACK=1 silences it if it has.
# Seen:     importing it writes a device id and a queue of events below ~/.cache/Microsoft, and
#           some ten seconds after a session was made C++ threads ask for
#           mobile.events.data.microsoft.com. DO_NOT_TRACK=1 changes nothing.
#           ORT_DISABLE_TELEMETRY=1, set before the import, stops both.
# The wheel's own Privacy.md says so. A matter of privacy, no security hole.
#
# Nothing is sent here: it runs in a network namespace without a way out. It takes a minute.
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
    numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 || exit 2

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

# A session on a graph of one operator; it lives until a name was asked for, for 40 s at most.
cat > "$here/session.py" <<'PYTHON'
import os
import sys
import time

import onnx
import onnxruntime
from onnx import TensorProto, helper

ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "one", ends[:1], ends[1:])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
session = onnxruntime.InferenceSession(model.SerializeToString())
until = time.monotonic() + 40
while not os.path.getsize(sys.argv[1]) and time.monotonic() < until:
    time.sleep(0.1)
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

observe() { # description, settings
    rm -rf "$HERE/home" "$HERE/names"
    mkdir "$HERE/home"
    touch "$HERE/names"
    # shellcheck disable=SC2086 # settings are a list of words
    env -i PATH="$PATH" HOME="$HERE/home" $2 "$HERE/venv/bin/python" "$HERE/session.py" "$HERE/names"
    echo "$1: names: $(sort -u "$HERE/names" | xargs);" \
        "in the home folder: $(cd "$HERE/home" && find . -name deviceid | xargs)"
}

observe "a session" ""
observe "DO_NOT_TRACK=1" "DO_NOT_TRACK=1"
observe "ORT_DISABLE_TELEMETRY=1" "ORT_DISABLE_TELEMETRY=1"
BASH

HERE=$here "${closed[@]}" bash "$here/observe.sh" | tee "$here/seen"
sent="names: mobile.events.data.microsoft.com; in the home folder: ./.cache/Microsoft/DeveloperTools/.onnxruntime/deviceid"
diff - "$here/seen" <<EXPECTED
a session: $sent
DO_NOT_TRACK=1: $sent
ORT_DISABLE_TELEMETRY=1: names: ; in the home folder: 
EXPECTED
