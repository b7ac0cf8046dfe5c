"""A handle on one job, for asyncio, with what people do with its results."""

import os
import uuid
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hfer._codec import decode
from hfer._pages import entries
from hfer._plots import PlotKind, draw, require_matplotlib, sights
from hfer._tables import face_frame, require_pandas
from hfer._text_files import read_text
from hfer._transport import Call, json_call
from hfer.aio.job_core import AsyncJobCore, job_state
from hfer.comparison.compared import DEFAULT_IOU, Comparison, compare
from hfer.comparison.photos import checksums
from hfer.comparison.saved import read_saved
from hfer.diff_models import FaceDiff, JobDiff
from hfer.errors import UnexpectedAnswerError, UnmatchedReviewsError
from hfer.exports import Exporter, ExportFormat, Per, exporting, require_writer
from hfer.models import PhotoResult
from hfer.review_models import AddedReviews, ImportedReviews, Review
from hfer.reviewing.reading import find_reviews

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

# What the service takes at once.
REVIEWS_A_REQUEST = 1_000
# Photos that a thread writes at a time, so that the event loop is not held up by each.
_EXPORTED_TOGETHER = 200


class AsyncJob(AsyncJobCore):
    """A handle on one job, for asyncio; see `hfer.Job`."""

    async def to_pandas(self, *, partial: bool = False) -> "pd.DataFrame":
        """Return the results as a table; see `hfer.Job.to_pandas`."""
        require_pandas()
        async with aclosing(self.results(partial=partial)) as results:
            return face_frame([photo async for photo in results])

    async def plot(
        self,
        kind: str = PlotKind.DISTRIBUTION,
        *,
        ax: "Axes | None" = None,
        partial: bool = False,
    ) -> "Axes":
        """Draw the faces' expressions; see `hfer.Job.plot`."""
        wanted = PlotKind(kind)
        require_matplotlib()
        async with aclosing(self.results(partial=partial)) as results:
            found = [sight async for photo in results for sight in sights(photo)]
        return draw(found, wanted, axes=ax)

    async def compare(
        self,
        saved: str | os.PathLike[str],
        *,
        photos: str | os.PathLike[str] | None = None,
        iou: float = DEFAULT_IOU,
    ) -> Comparison:
        """Set saved predictions of another service beside the job; see `hfer.Job.compare`."""
        file = await self.transport.wire.call(read_saved, Path(saved))
        known = await self.transport.wire.call(checksums, Path(photos)) if photos else {}
        async with aclosing(self.results()) as results:
            found = [photo async for photo in results]
        return compare(file, found, iou=iou, sha256_of_md5=known)

    async def reviews(self) -> AsyncGenerator[Review, None]:
        """Iterate over what people say of the job's faces; see `hfer.Job.reviews`."""
        async with aclosing(entries(self.transport, f"{self.path}/reviews")) as found:
            async for entry in found:
                yield decode(Review, entry)

    async def add_reviews(self, reviews: Iterable[Review]) -> AddedReviews:
        """Say what people say of faces; see `hfer.Job.add_reviews`."""
        said = list(reviews)
        added = unchanged = 0
        for start in range(0, len(said), REVIEWS_A_REQUEST):
            body = [_said(review) for review in said[start : start + REVIEWS_A_REQUEST]]
            call = json_call("POST", f"{self.path}/reviews", {"reviews": body})
            answer = decode(AddedReviews, await self.transport.send_json(call))
            added, unchanged = added + answer.added, unchanged + answer.unchanged
        return AddedReviews(added, unchanged)

    async def import_reviews(
        self,
        file: str | os.PathLike[str],
        *,
        reviewer: str | None = None,
        blind: bool = False,
        strict: bool = False,
    ) -> ImportedReviews:
        """Take in reviews that people gave elsewhere; see `hfer.Job.import_reviews`."""
        text = await self.transport.wire.call(read_text, Path(file))
        async with aclosing(self.results()) as results:
            photos = [photo async for photo in results]
        found = find_reviews(Path(file), text, photos, reviewer=reviewer, blind=blind)
        if strict and found.unmatched:
            raise UnmatchedReviewsError(tuple(found.unmatched))
        told = await self.add_reviews(found.reviews.values())
        return ImportedReviews(
            told.added, told.unchanged, found.passed_over, tuple(found.unmatched)
        )

    async def export(
        self,
        path: str | os.PathLike[str],
        form: ExportFormat | str,
        *,
        partial: bool = False,
        per: Per | str = Per.PHOTO,
        image_prefix: str = "",
    ) -> None:
        """Write the results as a file of another tool; see `hfer.Job.export`."""
        exporter = Exporter(ExportFormat(form), Per(per), image_prefix)
        require_writer(exporter.form)
        state = await self.refresh()
        with exporting(path, exporter, state) as add:
            async with aclosing(self.results(partial=partial)) as results:
                held: list[PhotoResult] = []
                async for photo in results:
                    held.append(photo)
                    if len(held) == _EXPORTED_TOGETHER:
                        await self.transport.wire.call(add, held)
                        held = []
            await self.transport.wire.call(add, held)

    async def retry(self, *, idempotency_key: str | None = None) -> "AsyncJob":
        """Analyse the failed photos anew, as a new job; see `hfer.Job.retry`."""
        key = idempotency_key or str(uuid.uuid4())
        call = Call("POST", f"{self.path}/retry", headers={"Idempotency-Key": key})
        state = job_state(await self.transport.send_json(call))
        return AsyncJob(self.transport, state.id, state=state)

    async def rerun(
        self,
        *,
        model: str | None = None,
        detector: str | None = None,
        top_n: int | None = None,
        min_face_px: int | None = None,
        detection_threshold: float | None = None,
        annotated: bool | None = None,
        faces: str | None = None,
        keep_photos_s: int | None = None,
        idempotency_key: str | None = None,
    ) -> "AsyncJob":
        """Analyse all photos anew, as a new job; see `hfer.Job.rerun`."""
        options = {
            "top_n": top_n,
            "min_face_px": min_face_px,
            "detection_threshold": detection_threshold,
            "annotated": annotated,
            "faces": faces,
        }
        asked = {"model": model, "detector": detector, "keep_photos_s": keep_photos_s}
        body = {**_given(asked), "options": _given(options)}
        call = json_call("POST", f"{self.path}/rerun", body)
        key = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        call = replace(call, headers={**call.headers, **key})
        state = job_state(await self.transport.send_json(call))
        return AsyncJob(self.transport, state.id, state=state)

    async def diff(self, other: "AsyncJob | str | None" = None) -> JobDiff:
        """Set another job over the same photos beside this one; see `hfer.Job.diff`."""
        query = {"limit": "200"}
        if other is not None:
            query["with"] = other if isinstance(other, str) else other.id
        first: JobDiff | None = None
        changed: list[FaceDiff] = []
        while True:
            page = await self.transport.send_json(Call("GET", f"{self.path}/diff", query=query))
            if not isinstance(page, dict) or not isinstance(page.get("data"), list):
                raise UnexpectedAnswerError("The comparison of the jobs has an unknown shape.")
            first = first or decode(JobDiff, page)
            changed += [decode(FaceDiff, entry) for entry in page["data"]]
            if not page.get("next_cursor"):
                return replace(first, changed=tuple(changed))
            query["cursor"] = str(page["next_cursor"])


def _given(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _said(review: Review) -> dict[str, object]:
    names = ("item_id", "face_index", "reviewer", "answer", "blind")
    noted = {} if review.note is None else {"note": review.note}
    return {name: getattr(review, name) for name in names} | noted
