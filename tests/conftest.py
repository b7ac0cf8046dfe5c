"""Fixtures by theme, a marker per tier, and no sockets for unit tests."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_socket import disable_socket, enable_socket

import services.vision.no_telemetry  # noqa: F401 - before a test imports what it is about

TESTS = Path(__file__).parent
# What the detector compiles is compiled once for all processes of all tests, 2 s of CPU in each
# else; its source is in the name, so that no test meets what older source was compiled to.
LOOPS = TESTS.parent / "services" / "vision" / "detectors" / "area.py"
NUMBA = TESTS.parent / "build" / "numba" / hashlib.sha256(LOOPS.read_bytes()).hexdigest()[:16]
os.environ.setdefault("NUMBA_CACHE_DIR", str(NUMBA))
TIERS = frozenset({"unit", "integration", "e2e", "fault", "model", "architecture"})

pytest_plugins = [
    f"tests.fixtures.{path.stem}" for path in sorted(TESTS.glob("fixtures/[a-z]*.py"))
]


def pytest_configure() -> None:
    # A developer's own stack in the environment must not reach into a test's settings.
    for name in [name for name in os.environ if name.startswith("HFER_")]:
        del os.environ[name]
    # Beside four busy processes on two cores a niced worker gets a twentieth of a core and took
    # more than 120 s to load its model. A test that is about niceness sets it.
    os.environ["HFER_WORKER__NICENESS"] = "0"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        tier = item.path.relative_to(TESTS).parts[0]
        if tier in TIERS:
            item.add_marker(tier)


@pytest.fixture(autouse=True)
def _no_sockets_in_unit_tests(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.node.get_closest_marker("unit") is None:
        yield
        return
    # asyncio's own wake-up pipe is a pair of Unix sockets.
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()
