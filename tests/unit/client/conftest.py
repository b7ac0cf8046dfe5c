from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hfer import Client
from tests.fixtures.fake_service import KEY, URL, FakeService


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def client(service: FakeService) -> Iterator[Client]:
    with Client(URL, KEY, http_transport=service.transport, sleep=service.sleep) as client:
        yield client


@pytest.fixture
def make_photo(tmp_path: Path) -> Callable[..., Path]:
    """Write a file that is a photo as far as the client is concerned."""

    def make(name: str = "a.jpg", content: bytes = b"pixels") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return make
