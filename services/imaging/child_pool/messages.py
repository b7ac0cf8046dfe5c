"""What is sent to a child and back: a fixed head and two files in memory, then a short JSON.

A request is 16 bytes on a Unix socket and two descriptors of memory files. The first file holds
the task as JSON and then the photo; into the second the child writes what it made. So no pixel
goes through a pipe, and nothing that a child says is unpickled. The answer is JSON with its
length before it.
"""

import array
import json
import os
import socket
import struct
from collections.abc import Iterable, Mapping
from typing import Any

_REQUEST = struct.Struct("<QQ")  # bytes of the task, bytes of the photo
_LENGTH = struct.Struct("<I")
# A child's word is not trusted; answers are some 200 bytes.
_LONGEST_ANSWER = 65_536


class ClosedError(Exception):
    """The other side is gone, or says what is no answer."""


def memory_file(name: str) -> int:
    """Return the descriptor of an empty file in memory; the caller closes it."""
    return os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)


def write_all(descriptor: int, data: bytes | memoryview) -> int:
    """Write bytes whole and return their number: one write takes at most 2 GiB."""
    rest = memoryview(data).cast("B")
    count = len(rest)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    return count


def send_request(
    sock: socket.socket,
    task: Mapping[str, Any],
    photo: Iterable[bytes | memoryview],
    target: int,
) -> None:
    """Send a task, the parts of its photo and the memory file to write to.

    Raises:
        ClosedError: the child is gone.
    """
    source = memory_file("photo")
    try:
        task_bytes = write_all(source, json.dumps(task).encode())
        photo_bytes = sum(write_all(source, part) for part in photo)
        rights = array.array("i", (source, target))
        head = _REQUEST.pack(task_bytes, photo_bytes)
        try:
            sock.sendmsg([head], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
        except OSError as error:
            raise ClosedError from error
    finally:
        os.close(source)


def receive_request(sock: socket.socket) -> tuple[Mapping[str, Any], bytes, int] | None:
    """Return a task, its photo and the descriptor to write to; None when the parent is gone."""
    head, descriptors, _, _ = socket.recv_fds(sock, _REQUEST.size, 2)
    if len(head) < _REQUEST.size:
        return None
    source, target = descriptors
    task_bytes, photo_bytes = _REQUEST.unpack(head)
    task = json.loads(os.pread(source, task_bytes, 0))
    photo = os.pread(source, photo_bytes, task_bytes)
    os.close(source)
    return task, photo, target


def send_answer(sock: socket.socket, answer: Mapping[str, Any]) -> None:
    """Send what became of a task."""
    body = json.dumps(answer).encode()
    write_all(sock.fileno(), _LENGTH.pack(len(body)) + body)


def receive_answer(sock: socket.socket) -> dict[str, Any]:
    """Wait for an answer, each part of it for as long as the socket's timeout.

    Raises:
        ClosedError: the child is gone, or what came is no answer.
        TimeoutError: it took too long.
    """
    (length,) = _LENGTH.unpack(_exactly(sock, _LENGTH.size))
    if length > _LONGEST_ANSWER:
        raise ClosedError
    try:
        answer = json.loads(_exactly(sock, length))
    except (ValueError, RecursionError) as error:
        raise ClosedError from error
    if not isinstance(answer, dict):
        raise ClosedError
    return answer


def _exactly(sock: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        try:
            part = sock.recv(count - len(data))
        except TimeoutError:
            raise
        except OSError as error:
            raise ClosedError from error
        if not part:
            raise ClosedError
        data += part
    return bytes(data)
