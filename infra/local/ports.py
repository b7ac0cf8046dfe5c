"""Free loopback ports that no second launcher on this machine picks at the same time."""

import secrets
import socket
from types import TracebackType
from typing import Self

LOOPBACK = "127.0.0.1"
# Below the kernel's ephemeral range (32768 up), so that no outgoing connection sits on one.
FIRST_PORT = 20_000
LAST_PORT = 29_999
TRIES = 200


class PortBook:
    """Hands out ports and holds a claim on each until closed.

    Between the pick and the server's own bind a second launcher could pick the same port:
    with 12 ports each out of 10,000 that is one start in seventy. So each pick also takes a
    name in the abstract socket namespace, which the kernel frees when the process dies.
    """

    def __init__(self) -> None:
        self._claims: list[socket.socket] = []

    def take(self, wanted: int | None = None) -> int:
        """Return ``wanted`` if it is free, else any free port of the range."""
        if wanted is not None and self._claim(wanted):
            return wanted
        for _ in range(TRIES):
            port = FIRST_PORT + secrets.randbelow(LAST_PORT - FIRST_PORT + 1)
            if self._claim(port):
                return port
        raise OSError(f"no free port found between {FIRST_PORT} and {LAST_PORT}")

    def close(self) -> None:
        """Give all claims back."""
        while self._claims:
            self._claims.pop().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _claim(self, port: int) -> bool:
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            claim.bind(f"\0hfer-port-{port}")
        except OSError:
            claim.close()
            return False
        if not is_free(port):
            claim.close()
            return False
        self._claims.append(claim)
        return True


def is_free(port: int) -> bool:
    """Tell whether a server could listen on 127.0.0.1:``port`` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a connection in TIME_WAIT must not cost us our old port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
