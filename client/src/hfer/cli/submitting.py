"""``hfer submit``: photos from disk, from archives or by URL, as one job."""

from enum import StrEnum
from typing import Annotated

import typer

from hfer._shrink import SHORTEST_SIDE
from hfer.cli.delivery import coming_back, deliver, leave, note, resuming, watch, write_json
from hfer.cli.exits import ExitCode
from hfer.cli.options import (
    DEFAULT_URL,
    ApiKey,
    AsJson,
    Detector,
    IdempotencyKey,
    KeepPhotos,
    MinFacePx,
    Model,
    Out,
    Quiet,
    ResultsFormat,
    ResultsFormatOption,
    Threshold,
    TopN,
    Url,
    json_if,
    parse_label,
    seconds_of,
    session,
)
from hfer.cli.progress import upload_bar
from hfer.cli.url_list import read_urls
from hfer.models import JobState
from hfer.skipped import Skipped, describe_skipped


class Faces(StrEnum):
    """Where the faces of a photo are."""

    DETECT = "detect"
    WHOLE = "whole"


def submit(
    context: typer.Context,
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATH|URL",
            help="Photos, folders, quoted patterns and archives; or URLs and s3://bucket/folder.",
        ),
    ] = None,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    urls: Annotated[
        typer.FileBinaryRead | None,
        typer.Option(
            "--urls", metavar="FILE", help="Take URLs from a list, one per line; - is stdin."
        ),
    ] = None,
    s3_expiry: Annotated[
        int,
        typer.Option(
            metavar="HOURS", min=1, max=168, help="How long the service may read s3:// photos."
        ),
    ] = 24,
    wait: Annotated[bool, typer.Option("--wait", help="Stay, and print the results.")] = False,
    out: Out = None,
    results_format: ResultsFormatOption = ResultsFormat.TABLE,
    top_n: TopN = None,
    min_face_px: MinFacePx = None,
    threshold: Threshold = None,
    faces: Annotated[
        Faces | None,
        typer.Option(help="Look for faces, or take each picture for one face, cut out already."),
    ] = None,
    keep_for_training: Annotated[
        bool,
        typer.Option(
            "--keep-for-training",
            help="Let reviewed faces outlive the photos, for data sets; with consent alone.",
        ),
    ] = False,
    detector: Detector = None,
    model: Model = None,
    keep_photos: KeepPhotos = None,
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Words to find the job by."),
    ] = None,
    client_ref: Annotated[str | None, typer.Option(help="Your own id of the job.")] = None,
    idempotency_key: IdempotencyKey = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Do not go on with an interrupted submit of these.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Send nothing if a file would be left out.")
    ] = False,
    shrink: Annotated[
        int | None,
        typer.Option(
            metavar="PIXELS",
            min=SHORTEST_SIDE,
            help="Send larger photos at this longest side; results tell pixels of the originals"
            " (needs hfer\\[images]).",
        ),
    ] = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    r"""Send photos as one job. --out implies --wait; without either, print the job's id.

    Photos by URL are fetched by the service. s3:// is listed here, with the credentials of the
    AWS_… variables, and the service gets presigned URLs (needs hfer\[s3]).

    In folders the content of a file says what it is. What is left out is said on stderr; exit code
    3 if a photo may be among it.

    A submit that was interrupted or killed goes on where it stopped when it is run again.
    """
    results_format = json_if(as_json, results_format)
    given = [*(sources or []), *(read_urls(urls) if urls else [])]
    labels = dict(parse_label(text) for text in label or [])
    skipped: list[Skipped] = []
    shrunk: list[int] = []
    with session(context, url, api_key) as (wiring, client):
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
        with resuming(wiring.stderr), upload_bar(wiring.stderr, quiet=quiet) as on_upload:
            job = client.submit(
                *given,
                top_n=top_n,
                min_face_px=min_face_px,
                detection_threshold=threshold,
                faces=faces,
                detector=detector,
                model=model,
                keep_photos_s=seconds_of(keep_photos),
                keep_for_training=keep_for_training or None,
                annotated=True if out is not None else None,
                labels=labels,
                client_ref=client_ref,
                idempotency_key=idempotency_key,
                resume=not fresh,
                s3_expiry_s=s3_expiry * 3_600,
                on_upload=on_upload,
                strict=strict,
                on_skip=skipped.append,
                shrink=shrink,
                on_shrink=shrunk.append,
            )
        for sentence in describe_skipped(skipped):
            note(wiring.stderr, sentence)
        for count in shrunk:
            note(wiring.stderr, f"Shrank {count:,} photo{'' if count == 1 else 's'}.")
        left_out = any(file.may_be_photo for file in skipped)
        if not wait and out is None:
            _print_submitted(job.state, results_format)
            raise typer.Exit(ExitCode.SOME_FAILED if left_out else ExitCode.OK)
        with coming_back(job, wiring.stderr):
            note(wiring.stderr, f"Submitted {job.id}")
            state = watch(job, wiring.stderr, quiet=quiet)
            deliver(
                job,
                wiring.stderr,
                results_format=results_format,
                out=out,
                partial=False,
                quiet=quiet,
            )
        leave(state, wiring.stderr, left_out=left_out)


def _print_submitted(state: JobState, results_format: ResultsFormat) -> None:
    """Print the bare id, so that ``JOB=$(hfer submit …)`` works; JSON if JSON was asked for."""
    if results_format in {ResultsFormat.JSON, ResultsFormat.JSONL}:
        write_json(state)
    else:
        typer.echo(state.id)
