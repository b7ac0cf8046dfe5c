"""Jobs and photos as a notebook shows them: escaped, and nothing is loaded from anywhere."""

from collections.abc import Iterable
from html import escape

from hfer.cli.text import safe
from hfer.models import Face, JobState, PhotoResult

_CELL = 'style="text-align:left"'
_SKETCH_PX = 240


def job_html(state: JobState) -> str:
    """Draw up what is known of a job; its settings stay out of it."""
    counts = state.counts
    parts = {
        "with faces": counts.succeeded,
        "without a face": counts.no_face,
        "failed": counts.failed,
        "cancelled": counts.cancelled,
        "running": counts.running,
        "queued": counts.queued,
    }
    photos = ", ".join(f"{count:,} {name}" for name, count in parts.items() if count)
    done = counts.finished / max(1, counts.total)
    lines = {
        "job": _shown(state.id),
        "status": f'{_shown(state.status)} <progress value="{done:.4f}" max="1"></progress>',
        "photos": f"{counts.total:,}" + (f" ({photos})" if photos else ""),
        "model": _shown(state.model.version) if state.model else "",
        "created": f"{state.created_at:%Y-%m-%d %H:%M:%S} UTC" if state.created_at else "",
        "reference": _shown(state.client_ref or ""),
        "labels": _shown(", ".join(f"{name}={value}" for name, value in state.labels.items())),
        "retry of": _shown(state.parent_job_id or ""),
    }
    rows = (_row("th", name, value) for name, value in lines.items() if value)
    return f"<table>{''.join(rows)}</table>"


def unseen_html(job_id: str) -> str:
    """Name a job that was never looked at: showing it asks nothing of the service."""
    return f"<table>{_row('th', 'job', _shown(job_id))}</table>"


def photo_html(photo: PhotoResult) -> str:
    """Draw up a photo's faces: where they are, and the apparent expression of each."""
    head = f"<b>{_shown(photo.filename)}</b> {_shown(photo.status.replace('_', ' '))}"
    if photo.error is not None:
        head += f": {_shown(photo.error.code)}, {_shown(photo.error.detail)}"
    if not photo.faces:
        return head
    names = ("face", "apparent expression", "", "uncertain", "box: x, y, w, h")
    titles = "".join(f"<th {_CELL}>{name}</th>" for name in names)
    rows = "".join(_face_row(face) for face in photo.faces)
    return f"{head}{_sketch(photo)}<table><tr>{titles}</tr>{rows}</table>"


def _face_row(face: Face) -> str:
    best, box = face.expression, face.box
    cells = (
        str(face.face_index),
        _shown(best.label),
        f'<progress value="{best.p:.4f}" max="1"></progress> {best.p:.0%}',
        "yes" if face.uncertain else "no",
        ", ".join(f"{value:.0f}" for value in (box.x, box.y, box.w, box.h)),
    )
    return _cells(cells)


def _sketch(photo: PhotoResult) -> str:
    """Draw the boxes alone: the photo itself would have to be fetched."""
    image = photo.image
    if image is None or not (image.width and image.height):
        return ""
    longest = max(image.width, image.height)
    width = _SKETCH_PX * image.width / longest
    boxes = "".join(
        f'<rect x="{face.box.x:.1f}" y="{face.box.y:.1f}" width="{face.box.w:.1f}"'
        f' height="{face.box.h:.1f}" fill="none" stroke="currentColor"'
        f' stroke-width="{longest / 120:.1f}"/>'
        f'<text x="{face.box.x:.1f}" y="{face.box.y:.1f}" font-size="{longest / 12:.1f}"'
        f' fill="currentColor">{face.face_index}</text>'
        for face in photo.faces
    )
    return (
        f'<br><svg role="img" width="{width:.0f}" viewBox="0 0 {image.width} {image.height}"'
        f' style="border:1px solid">{boxes}</svg>'
    )


def _row(tag: str, name: str, value: str) -> str:
    return f"<tr><{tag} {_CELL}>{name}</{tag}><td {_CELL}>{value}</td></tr>"


def _cells(cells: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<td {_CELL}>{cell}</td>' for cell in cells)}</tr>"


def _shown(text: str) -> str:
    return escape(safe(text))
