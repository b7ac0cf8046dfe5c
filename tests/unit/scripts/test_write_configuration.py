"""docs/configuration.md: complete, up to date, and silent about secrets."""

import pytest
from pydantic import BaseModel

from scripts.configuration_readers import PROCESSES, READERS, readers
from scripts.write_configuration import PAGE, configuration
from services.common.config import Settings
from services.web.settings import WebSettings


@pytest.fixture(scope="module")
def text() -> str:
    return configuration()


def names() -> set[str]:
    """Every setting as ``group.name``."""
    found = {f"web.{name}" for name in WebSettings.model_fields}
    for name, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= {f"{name}.{one}" for one in kind.model_fields}
        else:
            found.add(name)
    return found


def test_is_up_to_date(text: str) -> None:
    assert PAGE.read_text() == text, "docs/configuration.md is old: run `make docs`"


def test_names_every_setting(text: str) -> None:
    for name in names():
        assert f"| `HFER_{name.replace('.', '__').upper()}` |" in text


def test_marks_what_is_required_and_secret(text: str) -> None:
    assert "| `HFER_DATABASE__URL` | *secret* | **required** |" in text
    assert "| `HFER_API__ADMIN_KEY` | *secret* | unset |" in text


def test_says_unit_and_range(text: str) -> None:
    assert "| `HFER_QUEUE__LEASE_S` | number of seconds, > 0 | `120.0` |" in text


def test_tells_the_variables_of_the_client(text: str) -> None:
    assert "| `HFER_URL` | `--url` |" in text


def test_readers_are_processes_and_of_settings_that_exist() -> None:
    groups = {name.partition(".")[0] for name in names()}
    assert set(READERS) <= names() | groups
    assert {process for told in READERS.values() for process in told} <= set(PROCESSES)


def test_a_setting_that_nothing_is_told_of_is_read_by_all() -> None:
    assert readers("tomorrow", "thing") == PROCESSES
