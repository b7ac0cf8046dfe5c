"""Tables for people. Cells are ``Text``: markup in a file name stays what it is."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hfer.cli.text import safe
from hfer.models import Counts, Face, JobState, PhotoResult

NOTHING = "–"

_COLUMNS = (
    *("photo", "face", "expression", "probability", "uncertain"),
    *("roll", "taken", "warnings"),
)
_ALWAYS = 5

# Piped output has no width of its own; 80 columns would break most file names.
PIPED_WIDTH = 160


def stdout_console() -> Console:
    """Build the console of tables: stdout, wide when it is not a terminal."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PIPED_WIDTH)
    return console


def results_table(results: Iterable[PhotoResult]) -> Table:
    """One row per face; a photo without any face, or without a result, has one row too.

    What no photo has, of the roll, the time taken and the warnings, has no column.
    """
    photos = list(results)
    rows = [row for photo in photos for row in _rows(photo)]
    kept = [
        place for place in range(len(_COLUMNS)) if place < _ALWAYS or any(r[place] for r in rows)
    ]
    table = titled_table(*(_COLUMNS[place] for place in kept))
    for column in table.columns:
        column.justify = "right" if column.header in {"face", "probability", "roll"} else "left"
    for row in rows:
        add(table, *(row[place] or NOTHING for place in kept))
    return table


def state_table(state: JobState) -> Table:
    """Everything worth knowing of one job, a line each."""
    lines = {
        "job": state.id,
        "status": state.status,
        "photos": describe(state.counts),
        "progress": f"{state.progress:.0%}",
        "time left": f"about {state.eta_seconds:.0f} s" if state.eta_seconds else "",
        "turn": f"{state.queue_position} of your own jobs" if state.queue_position else "",
        "model": state.model.version if state.model else "",
        "created": shown_time(state.created_at),
        "created by": state.created_by.name if state.created_by else "",
        "finished": shown_time(state.finished_at),
        "reference": state.client_ref or "",
        "labels": ", ".join(f"{name}={value}" for name, value in state.labels.items()),
        "retry of": state.parent_job_id or "",
    }
    return lines_table(lines)


def jobs_table(states: Iterable[JobState]) -> Table:
    """One row per job. ``turn`` is its place among one's own jobs while it is queued."""
    columns = ("job", "status", "turn", "photos", "created", "created by", "reference")
    table = titled_table(*columns)
    for state in states:
        add(
            table,
            state.id,
            state.status,
            str(state.queue_position or ""),
            describe(state.counts),
            shown_time(state.created_at),
            state.created_by.name if state.created_by else "",
            state.client_ref or "",
        )
    return table


def describe(counts: Counts) -> str:
    """Count the photos of a job by status, leaving out the zeros."""
    parts = {
        "succeeded": counts.succeeded,
        "without a face": counts.no_face,
        "failed": counts.failed,
        "cancelled": counts.cancelled,
        "running": counts.running,
        "queued": counts.queued,
    }
    details = ", ".join(f"{count:,} {name}" for name, count in parts.items() if count)
    return f"{counts.total:,} ({details})" if details else f"{counts.total:,}"


def _rows(photo: PhotoResult) -> list[tuple[str, ...]]:
    about = photo.captured_at or "", " ".join(photo.warnings)
    if not photo.faces:
        return [(photo.filename, "", _outcome(photo), "", "", "", *about)]
    rows = [(photo.filename, *_face_cells(face), *about) for face in photo.faces]
    if photo.faces_truncated:
        rows.append((photo.filename, "", "more faces were found", "", "", "", *about))
    return rows


def _face_cells(face: Face) -> tuple[str, ...]:
    best = face.expression
    return (
        str(face.face_index),
        best.label,
        f"{best.p:.0%}",
        "yes" if face.uncertain else "no",
        "" if face.roll is None else f"{face.roll:.0f}°",
    )


def _outcome(photo: PhotoResult) -> str:
    if photo.error is not None:
        return f"{photo.error.code}: {photo.error.detail}"
    return photo.status.replace("_", " ")


def lines_table(lines: Mapping[str, str]) -> Table:
    """One thing, a line for each thing known of it; empty values are left out."""
    table = Table(box=None, show_header=False)
    for name, value in lines.items():
        if value:
            add(table, name, value)
    return table


def titled_table(*names: str) -> Table:
    """Make a table with a column for each name."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def add(table: Table, *cells: str) -> None:
    """Add a row whose cells are shown as they are, but for what a terminal would interpret."""
    table.add_row(*(Text(safe(cell)) for cell in cells))


def shown_time(moment: datetime | None) -> str:
    """Write a moment in UTC; empty for none."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else ""
