"""Options that several commands share, and what they are made into."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from time import sleep
from typing import Annotated

import httpx
import typer
from rich.console import Console

from hfer._transport import service_url
from hfer.client import Client
from hfer.errors import SettingsError

DEFAULT_URL = "http://127.0.0.1:8000"


class ResultsFormat(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


class StateFormat(StrEnum):
    """How jobs are printed."""

    TABLE = "table"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a test puts in place of the world: the network, the clock, stderr."""

    http_transport: httpx.BaseTransport | None = None
    sleep: Callable[[float], None] = sleep
    stderr: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))

    def connect(self, url: str, api_key: str) -> Client:
        """Build the client of one command."""
        return Client(url, api_key, http_transport=self.http_transport, sleep=self.sleep)


@contextmanager
def session(context: typer.Context, url: str, api_key: str) -> Iterator[tuple[Wiring, Client]]:
    """Connect for the length of one command."""
    wiring = context.ensure_object(Wiring)
    with wiring.connect(url, api_key) as client:
        yield wiring, client


def parse_label(text: str) -> tuple[str, str]:
    """Read ``key=value``."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise typer.BadParameter(f"{text!r} is not of the form key=value")
    return key, value


def _http_url(url: str) -> str:
    try:
        service_url(url)
    except SettingsError as error:
        raise typer.BadParameter(str(error)) from error
    return url


Url = Annotated[
    str,
    typer.Option("--url", envvar="HFER_URL", callback=_http_url, help="Where the service answers."),
]
ApiKey = Annotated[
    str,
    typer.Option(
        "--api-key",
        envvar="HFER_API_KEY",
        show_default=False,
        help="API key. Prefer the variable: options are seen by other users of the machine.",
    ),
]
JobId = Annotated[str, typer.Argument(metavar="JOB", help="Id of the job: job_…")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
TopN = Annotated[int | None, typer.Option(min=1, max=7, help="Expressions listed per face.")]
MinFacePx = Annotated[
    int | None, typer.Option(help="Leave out faces shorter than this many pixels.")
]
Threshold = Annotated[
    float | None, typer.Option(help="Leave out faces detected with less confidence, 0.5 to 1.")
]
Detector = Annotated[
    str | None, typer.Option(metavar="NAME", help="Detector to use; refused if none has it.")
]
Model = Annotated[
    str | None,
    typer.Option(metavar="VERSION", help="Published model to answer with, not the active one."),
]
KeepPhotos = Annotated[
    int | None,
    typer.Option(
        metavar="HOURS",
        min=0,
        help="How long the service keeps the photos after the job's end, as far as it allows.",
    ),
]
IdempotencyKey = Annotated[
    str | None, typer.Option(help="Same key and same photos give the same job again.")
]
JobAgainKey = Annotated[
    str | None,
    typer.Option("--idempotency-key", help="Same key and same job give the same new job again."),
]
Wait = Annotated[bool, typer.Option("--wait", help="Stay until the new job is final.")]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        file_okay=False,
        help="Write annotated photos, results.json and results.csv here.",
    ),
]
ResultsFormatOption = Annotated[
    ResultsFormat, typer.Option("--format", "-f", help="How results are printed on stdout.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
StateFormatOption = Annotated[
    StateFormat, typer.Option("--format", "-f", help="How it is printed on stdout.")
]


_MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
Since = Annotated[
    datetime | None,
    typer.Option("--from", formats=_MOMENTS, help="In UTC, as 2026-11-23; included."),
]
Until = Annotated[
    datetime | None, typer.Option("--to", formats=_MOMENTS, help="In UTC; not included.")
]


def seconds_of(hours: int | None) -> int | None:
    """Turn hours of the command line into seconds."""
    return None if hours is None else 3_600 * hours


def in_utc(moment: datetime | None) -> datetime | None:
    """Read a moment of the command line, which is in UTC."""
    return None if moment is None else moment.replace(tzinfo=UTC)


def json_if(as_json: bool, otherwise: ResultsFormat) -> ResultsFormat:
    """Choose JSON when ``--json`` is given."""
    return ResultsFormat.JSON if as_json else otherwise
