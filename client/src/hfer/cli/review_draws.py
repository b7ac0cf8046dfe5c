"""``hfer reviews draw`` and ``summary``: faces to review blind, and what their votes tell."""

from typing import Annotated

import typer

from hfer.cli.delivery import note, write_json
from hfer.cli.options import DEFAULT_URL, ApiKey, AsJson, JobId, Url, session
from hfer.cli.tables import NOTHING, add, shown_time, stdout_console, titled_table
from hfer.review_summaries import Draw, Figure, ReviewSummary


def draw(
    context: typer.Context,
    job_id: JobId,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    count: Annotated[
        int | None, typer.Option(min=1, max=10_000, help="Draw so many faces anew.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="With --count: the same draws the same.")
    ] = None,
    by_expression: Annotated[
        bool, typer.Option("--by-expression", help="With --count: as many of each answer.")
    ] = False,
    draw_id: Annotated[
        str | None, typer.Option("--draw", metavar="DRAW", help="Show this one, drw_….")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Draw faces at random, to be reviewed blind in this order; without --count list the draws.

    Drawing needs the scope review, reading jobs:read.
    """
    if count is None and (seed is not None or by_expression):
        raise typer.BadParameter("--seed and --by-expression say how to draw: add --count.")
    if count is not None and draw_id is not None:
        raise typer.BadParameter("--draw shows a draw that there is: leave --count out.")
    with session(context, url, api_key) as (wiring, client):
        if count is None and draw_id is None:
            _print_draws(client.reviews.draws(job_id), as_json=as_json)
            return
        found = (
            client.reviews.draw(job_id, count, seed=seed, by_expression=by_expression)
            if count is not None
            else client.reviews.get_draw(job_id, draw_id or "")
        )
    if as_json:
        write_json(found)
        return
    table = titled_table("photo", "index", "face", "votes")
    for item, index, face, votes in zip(
        found.item_id, found.index, found.face_index, found.votes, strict=True
    ):
        add(table, item, str(index), str(face), str(votes))
    stdout_console().print(table)
    note(
        wiring.stderr,
        f"{found.draw_id}: {found.faces:,} of {found.population:,} faces, seed {found.seed}",
    )


def review_summary(
    context: typer.Context,
    job_id: JobId,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Tell how far the reviews are, how much people agree, and how right the model is."""
    with session(context, url, api_key) as (wiring, client):
        found = client.reviews.summary(job_id)
    if as_json:
        write_json(found)
        return
    table = titled_table("figure", "value", "95 % interval", "faces")
    for name, figure in _figures(found).items():
        add(table, name, *_shown(figure))
    stdout_console().print(table)
    note(wiring.stderr, f"{found.reviewed:,} of {found.faces:,} faces have a vote.")
    for one in found.reviewers:
        note(wiring.stderr, f"{one.reviewer}: {one.votes:,} votes, {one.blind:,} of them blind")
    if found.model.enough:
        note(wiring.stderr, found.model.enough)


def _print_draws(draws: tuple[Draw, ...], *, as_json: bool) -> None:
    if as_json:
        write_json(draws)
        return
    table = titled_table("draw", "faces", "reviewed", "of", "seed", "by expression", "when")
    for one in draws:
        add(
            table,
            one.draw_id,
            f"{one.faces:,}",
            f"{one.reviewed:,}",
            f"{one.population:,}",
            str(one.seed),
            "yes" if one.by_expression else "no",
            shown_time(one.drawn_at),
        )
    stdout_console().print(table)


def _figures(found: ReviewSummary) -> dict[str, Figure]:
    agreement = found.agreement
    kappa = {} if agreement.kappa is None else {"Cohen's kappa": agreement.kappa}
    return {
        "accuracy of the model": found.model.accuracy,
        "raw agreement": agreement.raw,
        **kappa,
        "Krippendorff's alpha": agreement.alpha,
        **{f"agreement on {name}": figure for name, figure in agreement.per_class.items()},
    }


def _shown(figure: Figure) -> tuple[str, str, str]:
    known = figure.low is not None and figure.high is not None
    return (
        NOTHING if figure.value is None else f"{figure.value:.3f}",
        f"{figure.low:.3f} to {figure.high:.3f}" if known else NOTHING,
        f"{figure.n:,}",
    )
