"""Results as JSON, JSON Lines and CSV, read and written batch by batch: no job is held whole."""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from services.api.accept import preferred
from services.api.csv_rows import BOM, csv_rows
from services.api.downloads import StreamCutError
from services.api.jobs.results.schemas import NO_VOTES, FaceObject, PhotoResult, photo_result
from services.api.jobs.schemas import JobObject
from services.common.db.session import SessionFactory, unit_of_work
from services.common.domain.emotions import EMOTIONS
from services.common.domain.errors import JobError
from services.common.domain.faces import LANDMARKS
from services.common.domain.photo_filters import ALL_PHOTOS, PhotoFilter, Selection
from services.common.jobs.repositories.results import ResultRepository, photos_a_page
from services.common.jobs.views import JobView, find_job
from services.common.reviews.vote_repository import VoteRepository

Batches = Iterable[Sequence[PhotoResult]]

# Photos read at a time where few faces are kept of each: 200 kB.
_PAGE = 200

_PHOTO_COLUMNS = (
    "item_id",
    "index",
    "filename",
    "client_ref",
    "content_sha256",
    "status",
    "error_code",
    "error_detail",
    "model_version",
    "width",
    "height",
    "exif_orientation",
    "faces_truncated",
)
_FACE_COLUMNS = (
    "face_index",
    "box_x",
    "box_y",
    "box_w",
    "box_h",
    *(f"{name}_{axis}" for name in LANDMARKS for axis in "xy"),
    "detection_confidence",
    "face_px",
    "blur",
    "top_label",
    "top_p",
    "margin",
    "uncertain",
    *(f"p_{label}" for label in EMOTIONS),
)
# At the end, as readers may go by a column's place. The client writes the same table as Parquet and
# xlsx: hfer._columns has each column's type, unit and meaning, and a test compares the names.
_ADDED_COLUMNS = (
    "precision",
    "detector",
    "captured_at",
    "photo_warnings",
    "roll",
    "face_warnings",
    "reviewed_answer",
    "reviewed_votes",
    "reviewed_differs",
)
# Those from roll on are of a face.
_ADDED_TO_FACES = 5
CSV_COLUMNS = _PHOTO_COLUMNS + _FACE_COLUMNS + _ADDED_COLUMNS


class CsvDialect(StrEnum):
    """Whose habits a CSV follows."""

    EXCEL = "excel"


class ResultFormat(StrEnum):
    """How results are written."""

    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"

    @property
    def media_type(self) -> str:
        """The format's media type."""
        return _MEDIA_TYPES[self]


_MEDIA_TYPES = {
    ResultFormat.JSON: "application/json",
    ResultFormat.JSONL: "application/x-ndjson",
    ResultFormat.CSV: "text/csv",
}


def negotiate(accept: str | None) -> ResultFormat | None:
    """Return the format that ``accept`` likes best, JSON among equals; None if it takes none."""
    chosen = preferred(accept, [fmt.media_type for fmt in ResultFormat])
    return next((fmt for fmt in ResultFormat if fmt.media_type == chosen), None)


def read_batches(
    sessions: SessionFactory,
    view: JobView,
    *,
    faces: int,
    page: int = _PAGE,
    narrow: PhotoFilter = ALL_PHOTOS,
) -> Iterator[list[PhotoResult]]:
    """Yield the photos that are final, in the order sent, each page from its own transaction.

    One transaction for all would stay open as long as the slowest client reads, and keep
    Postgres from cleaning the queue's dead rows (claims slowed from 3 to 180 ms that way).

    Args:
        sessions: makes the transactions.
        view: of the job.
        faces: most faces of a photo; the more they are, the fewer photos a page has.
        page: most photos of a page.
        narrow: which photos.

    Raises:
        StreamCutError: fewer photos were found than a final job had at the start; where only
            some are wanted, the job was gone at the end.
    """
    count = 0
    page = photos_a_page(page, faces=faces)
    top_n, kept = view.job.options["top_n"], view.job.inputs_erased_at is None
    for first in range(0, view.job.total or 0, page):
        with unit_of_work(sessions) as session:
            results = ResultRepository(session)
            records = results.final_window(view.job.id, first_seq=first, size=page, wanted=narrow)
            said = VoteRepository(session).on_photos([record.public_id for record in records])
        count += len(records)
        if records:
            photos = [
                photo_result(
                    record, top_n=top_n, kept=kept, votes=said.get(record.public_id, NO_VOTES)
                )
                for record in records
            ]
            yield photos if narrow.only is None else [_chosen(one, narrow.only) for one in photos]
    if narrow != ALL_PHOTOS:
        _check_there(sessions, view)
    elif view.status.final and count != view.counts.total:
        raise StreamCutError(f"{count} of {view.counts.total} photos were read")


def _chosen(photo: PhotoResult, only: Selection) -> PhotoResult:
    """Leave out the faces of a photo that were not chosen, where some of them were."""
    chosen = only.faces.get(photo.index)
    if chosen is None:
        return photo
    faces = [face for face in photo.faces if face.face_index in chosen]
    return photo.model_copy(update={"faces": faces})


def _check_there(sessions: SessionFactory, view: JobView) -> None:
    """Rows of an erased job are missing without a trace in a count of some of them."""
    try:
        with unit_of_work(sessions) as session:
            find_job(session, view.job.tenant, view.job.public_id)
    except JobError as error:
        raise StreamCutError(error.detail) from None


def write_results(
    fmt: ResultFormat, job: JobObject, batches: Batches, *, bom: bool = False
) -> Iterator[bytes]:
    """Yield the body of a results response in pieces, one or more per batch; ``bom`` is of CSV."""
    if fmt is ResultFormat.JSON:
        return _json(job, batches)
    return _jsonl(batches) if fmt is ResultFormat.JSONL else _csv(batches, bom=bom)


def _json(job: JobObject, batches: Batches) -> Iterator[bytes]:
    yield b'{"object":"results","job":' + job.model_dump_json().encode() + b',"data":['
    comma = b""
    for batch in batches:
        lines = [photo.model_dump_json().encode() for photo in batch]
        if lines:
            yield comma + b",".join(lines)
            comma = b","
    yield b"]}"


def _jsonl(batches: Batches) -> Iterator[bytes]:
    for batch in batches:
        yield b"".join(photo.model_dump_json().encode() + b"\n" for photo in batch)


def _csv(batches: Batches, *, bom: bool) -> Iterator[bytes]:
    """One row per face; a photo without any has one row with the face's columns empty."""
    yield (BOM if bom else b"") + csv_rows([CSV_COLUMNS])
    for batch in batches:
        yield csv_rows(row for photo in batch for row in _photo_rows(photo))


def _photo_rows(photo: PhotoResult) -> Iterator[list[object]]:
    image, error = photo.image, photo.error
    head: list[object] = [
        photo.item_id,
        photo.index,
        photo.filename,
        photo.client_ref,
        photo.content_sha256,
        photo.status.value,
        error.code if error else None,
        error.detail if error else None,
        photo.model_version,
        image.width if image else None,
        image.height if image else None,
        image.exif_orientation if image else None,
        photo.faces_truncated,
    ]
    added: list[object] = [
        photo.precision,
        photo.detector,
        photo.captured_at,
        " ".join(photo.warnings),
    ]
    if not photo.faces:
        yield head + [None] * len(_FACE_COLUMNS) + added + [None] * _ADDED_TO_FACES
    for face in photo.faces:
        yield head + _face_cells(face) + added + _added_to(face)


def _added_to(face: FaceObject) -> list[object]:
    said = face.reviewed
    return [
        face.roll,
        " ".join(face.warnings),
        *((said.answer, said.votes, said.differs) if said else (None, None, None)),
    ]


def _face_cells(face: FaceObject) -> list[object]:
    points = [face.landmarks.get(name) for name in LANDMARKS]
    return [
        face.face_index,
        face.box.x,
        face.box.y,
        face.box.w,
        face.box.h,
        *(value for point in points for value in ((point.x, point.y) if point else (None, None))),
        face.detection_confidence,
        face.quality.face_px,
        face.quality.blur,
        face.top[0].label.value,
        face.top[0].p,
        face.margin,
        face.uncertain,
        *(face.emotions[label] for label in EMOTIONS),
    ]
