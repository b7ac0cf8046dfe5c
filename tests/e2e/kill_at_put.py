"""``python kill_at_put.py N hfer-arguments…``: the command line, killed by SIGKILL at its N-th PUT.

The count, not the clock, says where: N-1 photos are in the bucket or on their way.
"""

import os
import signal
import sys
from threading import Lock

import httpx

from hfer.cli.app import main
from hfer.cli.options import Wiring


class KillAtPut(httpx.HTTPTransport):
    """The network, until the N-th PUT."""

    def __init__(self, last: int) -> None:
        super().__init__()
        self._left = last
        self._lock = Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PUT":
            with self._lock:
                self._left -= 1
                if self._left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
        return super().handle_request(request)


main(sys.argv[2:], wiring=Wiring(http_transport=KillAtPut(int(sys.argv[1]))))
