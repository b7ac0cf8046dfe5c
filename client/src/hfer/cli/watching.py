"""``hfer watch``: the progress of a job, whoever submitted it."""

import dataclasses
import json

import typer

from hfer.cli.delivery import coming_back, jsonable, leave, watch, write_stdout
from hfer.cli.options import DEFAULT_URL, ApiKey, AsJson, JobId, Quiet, Url, session
from hfer.models import JobState


def watch_job(
    context: typer.Context,
    job_id: JobId,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Show a job's progress until it is final; exits as the job ended.

    --json prints a line of JSON whenever the job changed. Ctrl-C leaves the job running.
    """
    with session(context, url, api_key) as (wiring, client):
        job = client.jobs.get(job_id)
        with coming_back(job, wiring.stderr):
            if as_json:
                state: JobState = job.wait(on_progress=_Lines().show)
            else:
                state = watch(job, wiring.stderr, quiet=quiet)
        leave(state, wiring.stderr)


class _Lines:
    """Prints each state that differs from the one before; polls of an idle job say nothing."""

    def __init__(self) -> None:
        self._before: JobState | None = None

    def show(self, state: JobState) -> None:
        if self._before != state:
            self._before = state
            line = json.dumps(dataclasses.asdict(state), default=jsonable)
            write_stdout([f"{line}\n".encode()])
