import socket
import threading
from typing import Any

import httpcore
import pytest

from services.common.net.resolver import system_resolver

Answer = list[tuple[Any, ...]]


def answer(*addresses: str) -> Answer:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]


def test_gives_every_address_once_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    found = answer("93.184.216.34", "93.184.216.35", "93.184.216.34")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    assert system_resolver("example.com", 443, 5.0) == ["93.184.216.34", "93.184.216.35"]


def test_an_unknown_name_is_a_connection_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> Answer:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(httpcore.ConnectError, match="not known"):
        system_resolver("nowhere.example", 443, 5.0)


def test_a_name_server_that_falls_silent_knows_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def silent(*_: object, **__: object) -> Answer:
        over.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    try:
        with pytest.raises(httpcore.ConnectError):
            system_resolver("slow.example", 443, 0.01)
    finally:
        over.set()


def test_names_whose_servers_are_silent_keep_no_other_name_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = threading.Event()

    def lookup(host: str, *_: object, **__: object) -> Answer:
        if host != "photos.example":
            over.wait()
        return answer("93.184.216.34")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    try:
        for number in range(40):
            with pytest.raises(httpcore.ConnectError):
                system_resolver(f"slow{number}.example", 443, 0.001)
        assert system_resolver("photos.example", 443, 5.0) == ["93.184.216.34"]
    finally:
        over.set()


def test_a_name_that_cannot_be_encoded_is_a_connection_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(host: str, *_: object, **__: object) -> Answer:
        host.encode("idna")
        return []

    monkeypatch.setattr(socket, "getaddrinfo", refuse)

    with pytest.raises(httpcore.ConnectError):
        system_resolver("a" * 64 + ".example", 443, 5.0)
