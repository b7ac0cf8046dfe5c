"""The pages of --help, one by one."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from typer.core import TyperGroup, TyperOption
from typer.main import get_command

from hfer.cli.app import app

# They print what the service wrote, which is JSON, or need no service.
# Receipts are JSON, votes are the table that the trainer reads.
NO_JSON = frozenset({"receipts get", "receipts keys", "receipts verify", "reviews votes"})


def commands(group: TyperGroup, path: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        whole = f"{path} {name}".strip()
        if isinstance(command, TyperGroup):
            yield from commands(command, whole)
        else:
            yield whole, command


def all_commands() -> dict[str, Any]:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    return dict(commands(group))


COMMANDS = all_commands()


@pytest.fixture(scope="module", params=sorted(COMMANDS))
def page(request: pytest.FixtureRequest) -> tuple[str, Any]:
    return request.param, COMMANDS[request.param]


def test_each_page_and_each_option_says_what_it_does(page: tuple[str, Any]) -> None:
    _, command = page
    assert command.help
    for option in command.params:
        if isinstance(option, TyperOption):
            assert option.help, option.name


def test_nothing_is_lost_as_markup(page: tuple[str, Any]) -> None:
    _, command = page
    texts = [command.help, *(getattr(option, "help", "") for option in command.params)]
    for text in texts:
        assert not re.search(r"(?<!\\)\[[a-z]", text or ""), text


def test_whatever_asks_the_service_tells_it_as_json(page: tuple[str, Any]) -> None:
    name, command = page
    options = {option for parameter in command.params for option in parameter.opts}
    assert "--api-key" not in options or "--json" in options or name in NO_JSON
