"""Settings that a user gives a local stack: by environment, or in the file ``env`` that it writes.

The environment comes first, then what was changed in the file, then the stack's defaults. How the
servers and the API are reached is the stack's own to say.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.local.errors import LocalStackError
from infra.local.private_files import write_private

# What shells and clients read: in an environment they may be of another service.
CLIENT = ("HFER_URL", "HFER_API_KEY")
_PROCESS = re.compile(r"HFER_(ENVIRONMENT|[A-Z]+__\w+)")


@dataclass(frozen=True, slots=True)
class Choice:
    """The settings that hold.

    Attributes:
        settings: by name of the environment variable.
        edits: those of the file that stay in it.
        ignored: a sentence for each value of the user that does not hold; it shows no value.
    """

    settings: Mapping[str, str]
    edits: Mapping[str, str]
    ignored: Sequence[str]


def choose(
    *,
    own: Mapping[str, str],
    defaults: Mapping[str, str],
    edits: Mapping[str, str],
    environment: Mapping[str, str],
) -> Choice:
    """Put the settings of a stack together.

    Args:
        own: what only the stack can know; nothing comes before it.
        defaults: what holds where nobody says anything.
        edits: of the file ``env``.
        environment: of the launcher; only ``HFER_*`` of processes counts.
    """
    given = {name: value for name, value in environment.items() if _PROCESS.fullmatch(name)}
    kept = {name: value for name, value in edits.items() if name not in own and name not in CLIENT}
    ignored = [
        f"{name} of {place} does not hold: the local stack sets it itself."
        for place, values in (("the file env", edits), ("the environment", given))
        for name, value in values.items()
        if name in CLIENT or own.get(name, value) != value
    ]
    ignored += [
        f"{name} of the file env does not hold: the environment says otherwise."
        for name, value in kept.items()
        if given.get(name, value) != value
    ]
    return Choice({**defaults, **kept, **given, **own}, kept, ignored)


class SettingsFile:
    """The file ``env`` for shells, ``set -a; . .local/env``, and what a user changed in it.

    A second file keeps what the stack wrote: the difference is the user's.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "env"
        self._written = folder / ".env.written"

    def edits(self) -> dict[str, str]:
        """Return the lines that were changed or added since the stack wrote the file.

        Raises:
            LocalStackError: a line is no ``NAME=value`` of a shell.
        """
        if not (self.path.exists() and self._written.exists()):
            return {}
        written = dict(_lines(self._written))
        return {name: value for name, value in _lines(self.path) if written.get(name) != value}

    def write(self, settings: Mapping[str, str], *, edits: Mapping[str, str]) -> None:
        """Write the settings, with edits that stay in the place of their values."""
        unedited = {name: value for name, value in settings.items() if name not in edits}
        write_private(self.path, _text({**settings, **edits}))
        write_private(self._written, _text(unedited))


def _text(settings: Mapping[str, str]) -> str:
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in settings.items())


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        try:
            words = shlex.split(line, comments=True)
        except ValueError:  # a quote without its end
            words = [""]
        if words[:1] == ["export"]:
            del words[0]
        if not words:
            continue
        name, equals, value = words[0].partition("=")
        if len(words) > 1 or not (name and equals):
            raise LocalStackError(
                f"line {number} of {path} is no NAME=value; put a value with spaces in quotes"
            )
        yield name, value
