"""audit.html: what ``audit`` found, as a page without any image."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from services.common.files import write_atomically
from services.trainer.data.survey import Finding
from services.trainer.reports import sections
from services.trainer.reports.page import page, paragraph, section, table


def write_audit_page(path: Path, *, manifest: dict[str, Any], findings: Sequence[Finding]) -> Path:
    """Write the page to ``path``, replacing one that is there, and return it."""
    hashes = {key: manifest[key] for key in ("source_sha256", "splits_sha256", "images_sha256")}
    parts = [
        _findings(findings, counts=manifest["audit"]),
        sections.class_counts(manifest["counts"]),
        _examples(findings),
        sections.provenance({**hashes, "config": manifest["config"]}),
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, page(f"Audit of {manifest['facts']['name']}", parts).encode())
    return path


def _findings(findings: Sequence[Finding], *, counts: dict[str, int]) -> str:
    rows = [
        [
            str(finding.kind),
            ", ".join(f"{number:,} {split}" for split, number in finding.images.items()),
            f"{finding.groups:,}",
            f"{finding.largest:,}",
            f"{finding.dropped:,}" if finding.dropped else "",
        ]
        for finding in findings
    ]
    head = ["", "images", "groups", "largest group", "left out of training"]
    return section(
        f"{counts['images']:,} images",
        table(head, rows) if rows else paragraph("Nothing to complain of."),
        paragraph(
            f"{counts['train_dropped']:,} are left out of training in all, as some have several "
            f"faults, and {counts['train_kept']:,} remain. Images of evaluation are never left "
            "out. Near copies: 24x24 thumbnails, mirrored too, that correlate.",
            kind="soft",
        ),
    )


def _examples(findings: Sequence[Finding]) -> str:
    parts = []
    for finding in findings:
        groups = (
            ", ".join(f"<code>{escape(path)}</code>" for path in group)
            for group in finding.examples
        )
        title = f"{finding.kind} ({', '.join(finding.images)})"
        items = "".join(f"<li>{group}</li>" for group in groups)
        parts.append(f"<h3>{escape(title)}</h3><ul>{items}</ul>")
    return section("Where to look", *parts) if parts else ""
