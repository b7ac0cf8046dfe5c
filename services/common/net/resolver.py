"""Names to addresses, in bounded time."""

import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError

import httpcore

# Name and port to addresses in the order to try. Raises httpcore.ConnectError when there is none,
# or nobody said so within the seconds given: users are not to tell the two apart.
Resolver = Callable[[str, int, float | None], list[str]]


def system_resolver(host: str, port: int, timeout_s: float | None) -> list[str]:
    """Ask the system's resolver once.

    Raises:
        httpcore.ConnectError: the name has no address, or the answer is late.
    """
    answer: Future[list[str]] = Future()
    # getaddrinfo cannot be interrupted and may take 10 s a name server: it runs beside us, in a
    # thread of its own. In a pool, names whose servers never answer would keep all others
    # waiting. There are few: nobody begins a second one before the time of the first is over.
    # As a daemon it holds up no end of the process.
    threading.Thread(
        target=_look_up_into, args=(answer, host, port), name="resolve", daemon=True
    ).start()
    try:
        return answer.result(timeout_s)
    except FutureTimeoutError:
        raise httpcore.ConnectError("the name server is too slow") from None
    except (OSError, UnicodeError):
        raise httpcore.ConnectError("the host name is not known") from None


def _lookup(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _look_up_into(answer: Future[list[str]], host: str, port: int) -> None:
    try:
        answer.set_result(_lookup(host, port))
    except Exception as error:  # noqa: BLE001 - handed to the one who waits
        answer.set_exception(error)
