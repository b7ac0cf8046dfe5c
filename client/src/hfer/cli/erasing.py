"""``hfer erase``: chosen photos of a job, out of it for good."""

import sys
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from hfer.cli.delivery import note, write_json
from hfer.cli.options import DEFAULT_URL, ApiKey, AsJson, JobId, Url, session
from hfer.errors import SettingsError
from hfer.job import Job

_ITEM = "itm_"
# More are not named one by one.
_NAMED = 5


def erase(
    context: typer.Context,
    job_id: JobId,
    *,
    photos: Annotated[
        list[str],
        typer.Option("--photo", metavar="NAME|ITEM", help="Name or id of a photo; repeat it."),
    ],
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    reason: Annotated[
        str | None, typer.Option(help="Why, for the receipt; no names, it is kept.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase photos of a final job and all that is known of them, for good; the job stays."""
    with session(context, url, api_key) as (wiring, client):
        job = client.jobs.attach(job_id)
        items = list(dict.fromkeys(_items(job, photos)))
        if not yes and sys.stdin.isatty():
            question = f"Erase {len(items):,} photos of {job_id}, their results and reviews?"
            typer.confirm(question, abort=True, err=True)
        erased = job.erase_photos(items, reason=reason)
        before = f", {erased.erased_before:,} before" if erased.erased_before else ""
        receipts = f"; receipt {', '.join(erased.erasures)}" if erased.erasures else ""
        note(wiring.stderr, f"Erased {erased.erased:,} photos{before}{receipts}")
    if as_json:
        write_json(erased)


def _items(job: Job, photos: Sequence[str]) -> Iterator[str]:
    """Return the ids of these photos.

    Raises:
        SettingsError: a name is that of no photo of the job, or of several.
    """
    names = [photo for photo in photos if not photo.startswith(_ITEM)]
    found: dict[str, list[str]] = {name: [] for name in names}
    for name in found:
        found[name] += [item.item_id for item in job.items(q=name) if item.filename == name]
    for photo in photos:
        ids = found.get(photo, [photo])
        if not ids:
            raise SettingsError(f"The job has no photo of the name {photo!r}.")
        if len(ids) > 1:
            some = ", ".join(ids[:_NAMED])
            raise SettingsError(f"{len(ids)} photos have the name {photo!r}: say which: {some}")
        yield ids[0]
