"""Importing this turns off what OpenVINO, NNCF and ONNX Runtime report to their makers.

It must come before the first import of any of them, so `services.vision`, `services.trainer` and
`benchmarks` import it in their ``__init__``, and only there may those three be imported.
"""

import os
import sys

# openvino 2026.4.1 sends an event when it is imported, nncf 3.4.0 for each run, both by this
# package, from a child process. Where it cannot be imported both take a stand-in of their own.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # forbids it
# onnxruntime 1.32.0 sends events some seconds after a session was made, out of C++ threads. Its
# Privacy.md names this variable, which is read while it is imported; child processes get it too.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
