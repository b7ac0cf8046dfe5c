"""A comparison as one HTML file: it loads nothing, runs nothing, and shows every text as text.

Written here and not by the service, whose page knows nothing of files on your side: what another
service said of your photos stays with you.
"""

from collections.abc import Iterable, Sequence
from html import escape

from hfer.comparison.compared import Comparison, FacePair

# A browser lays out so many rows without pause; all are in the CSV.
MOST_ROWS = 2_000
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;"
    "color-scheme:light dark}table{border-collapse:collapse;margin:1rem 0}"
    "th,td{padding:.25rem .75rem;text-align:left;border-bottom:1px solid #8886;"
    "overflow-wrap:anywhere}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}"
    "caption{text-align:left;font-weight:600}"
)
_HEAD = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    '<meta http-equiv="Content-Security-Policy"'
    " content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    '<meta name="viewport" content="width=device-width">'
    f"<title>Comparison</title><style>{_STYLE}</style></head><body>\n"
)
_NAMES = {"hume": "Hume", "rekognition": "Amazon Rekognition"}


def comparison_page(comparison: Comparison, *, job: str, file: str) -> str:
    """Write the page.

    Args:
        comparison: of `compare`.
        job: its id.
        file: name of the saved file.
    """
    service = _NAMES[comparison.service]
    parts = [
        _HEAD,
        f"<h1>{escape(service)} beside HFER</h1>\n",
        _introduction(comparison, service, job, file),
        _table("In short", ("", ""), summary(comparison).items()),
        _table(
            f"First answers: {service} down, HFER across (faces)",
            ("", *comparison.expressions),
            (
                (theirs, *(comparison.confusion[theirs, ours] for ours in comparison.expressions))
                for theirs in comparison.expressions
            ),
        ),
        _table(
            "One expression over all faces",
            ("expression", "Spearman's ρ"),
            ((name, comparison.across_faces(name)) for name in comparison.expressions),
        ),
        _pairs(comparison),
        _table(
            f"Faces of one side ({_counted(len(comparison.lone_faces))})",
            ("only in", "photo", "face", "first answer"),
            ((f.side, f.filename, f.face, f.top) for f in comparison.lone_faces[:MOST_ROWS]),
        ),
        _table(
            f"Photos of one side ({_counted(len(comparison.lone_photos))})",
            ("only in", "photo", "why"),
            ((p.side, p.filename, p.reason) for p in comparison.lone_photos[:MOST_ROWS]),
        ),
        "</body></html>\n",
    ]
    return "".join(parts)


def _introduction(comparison: Comparison, service: str, job: str, file: str) -> str:
    return (
        f"<p>{escape(file)} beside {escape(job)}. Faces are paired where their boxes overlap by an"
        f" IoU of at least {comparison.iou:g}. The numbers of {escape(service)} and of HFER do not"
        " mean the same: only their order is compared, over the expressions that both know. Both"
        " tell apparent expression, not what people feel.</p>\n"
    )


def summary(comparison: Comparison) -> dict[str, str]:
    """Say in a few lines what came of it."""
    sides = [face.side for face in comparison.lone_faces]
    photos = [photo.side for photo in comparison.lone_photos]
    share = comparison.agreement
    return {
        "photos of both": f"{comparison.photos:,}",
        "photos only in the file": f"{photos.count('file'):,}",
        "photos only in the job": f"{photos.count('job'):,}",
        "faces of both": f"{len(comparison.pairs):,}",
        "faces only in the file": f"{sides.count('file'):,}",
        "faces only in the job": f"{sides.count('job'):,}",
        "same first answer": "–"
        if share is None
        else f"{comparison.agreed:,} of {comparison.ranked:,} ({share:.1%})",
        "mean Spearman's ρ of a face": shown(comparison.mean_spearman),
        "mean Kendall's τ-b of a face": shown(comparison.mean_kendall),
    }


def shown(value: float | None) -> str:
    """Write a figure of -1..1 with three decimals."""
    return "–" if value is None else f"{value:.3f}"


def _pairs(comparison: Comparison) -> str:
    """List faces, those that disagree first and the farthest apart before the others."""

    def far(pair: FacePair) -> tuple[bool, float]:
        return pair.agrees is not False, 2.0 if pair.spearman is None else pair.spearman

    listed = sorted(comparison.pairs, key=far)[:MOST_ROWS]
    return _table(
        f"Faces of both, those that disagree first ({_counted(len(comparison.pairs))})",
        ("photo", "face", "theirs", "among the shared", "ours", "among the shared", "ρ", "IoU"),
        (
            (
                p.filename,
                p.face_index,
                p.their_top,
                p.their_first,
                p.top,
                p.first,
                p.spearman,
                p.iou,
            )
            for p in listed
        ),
    )


def _counted(rows: int) -> str:
    """Say how many there are, and how many of them are not listed."""
    left_out = rows - MOST_ROWS
    return f"{rows:,}; {left_out:,} more are in the CSV" if left_out > 0 else f"{rows:,}"


def _table(caption: str, names: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>\n" for row in rows)
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>\n{body}</tbody></table>\n"
    )


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f'<td class="n">{value:.3f}</td>'
    if isinstance(value, int):
        return f'<td class="n">{value:,}</td>'
    return f"<td>{escape('–' if value is None else str(value))}</td>"
