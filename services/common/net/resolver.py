"""Names to addresses, in bounded time."""

import socket
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from functools import cache

import httpcore

# Name and port to addresses in the order to try. Raises httpcore.ConnectError when there is none
# and httpcore.ConnectTimeout when nobody said so within the seconds given.
Resolver = Callable[[str, int, float | None], list[str]]

# getaddrinfo cannot be interrupted and may take 10 s a name server: it runs beside us.
_THREADS = 16


def system_resolver(host: str, port: int, timeout_s: float | None) -> list[str]:
    """Ask the system's resolver once.

    Raises:
        httpcore.ConnectError: the name has no address.
        httpcore.ConnectTimeout: the answer is late.
    """
    answer: Future[list[str]] = _threads().submit(_lookup, host, port)
    try:
        return answer.result(timeout_s)
    except FutureTimeoutError:
        answer.cancel()
        raise httpcore.ConnectTimeout("the name server is too slow") from None
    except (OSError, UnicodeError):
        raise httpcore.ConnectError("the host name is not known") from None


def _lookup(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="resolve")
