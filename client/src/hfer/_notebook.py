"""Progress in a notebook: a bar in the cell's output, where IPython runs in a kernel.

Nothing is installed for it: the kernel brings IPython along, and the bar is plain HTML.
"""

import html
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

from hfer.models import JobState

# A bar that is drawn more often costs more than what it shows.
PAUSE_S = 0.2
# An upload that is over by then needs none.
SHORT_S = 0.5


class Display(Protocol):
    """What IPython shows and lets one replace."""

    def update(self, data: dict[str, str], *, raw: bool) -> None:
        """Show something else in its place."""


def in_notebook() -> bool:
    """Whether this code runs in a kernel, which shows HTML; a terminal's IPython does not."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


class NotebookBar:
    """A bar, drawn anew in one place."""

    def __init__(self, what: str, *, after_s: float = 0.0) -> None:
        self._what = what
        self._due = time.monotonic() + after_s
        self._display: Display | None = None

    def show(self, share: float, words: str) -> None:
        """Draw ``share`` (0..1) with words behind it, if it is due; the last is always drawn."""
        now = time.monotonic()
        last = share >= 1.0 and self._display is not None
        if now < self._due and not last:
            return
        self._due = now + PAUSE_S
        drawn = {
            "text/plain": f"{self._what} {share:.0%} {words}",
            "text/html": (
                f'{html.escape(self._what)} <progress value="{share:.4f}" max="1"></progress>'
                f" {html.escape(words)}"
            ),
        }
        if self._display is None:
            self._display = _displayed(drawn)
        else:
            self._display.update(drawn, raw=True)


def job_bar() -> Callable[[JobState], None] | None:
    """Return what shows a job's progress; None where there is no notebook."""
    if not in_notebook():
        return None
    bar = NotebookBar("analysing")

    def show(state: JobState) -> None:
        counts, eta = state.counts, state.eta_seconds
        parts = [
            f"{counts.finished:,} of {counts.total:,} photos",
            f"{counts.failed:,} failed" if counts.failed else "",
            state.status if state.final else "",
            ""
            if eta is None or state.final
            else f"about {int(eta) // 60}:{int(eta) % 60:02d} left",
        ]
        share = 1.0 if state.final else counts.finished / max(1, counts.total)
        bar.show(share, ", ".join(part for part in parts if part))

    return show


def upload_bar() -> Callable[[int, int], None] | None:
    """Return what shows the bytes sent; None where there is no notebook."""
    if not in_notebook():
        return None
    bar = NotebookBar("uploading", after_s=SHORT_S)

    def show(sent: int, total: int) -> None:
        bar.show(sent / max(1, total), f"{sent / 1e6:,.0f} of {total / 1e6:,.0f} MB")

    return show


def _displayed(drawn: dict[str, str]) -> Display:
    from IPython.display import display  # type: ignore[import-not-found] # the kernel has it

    shown: Any = display(drawn, raw=True, display_id=True)
    handle: Display = shown
    return handle
