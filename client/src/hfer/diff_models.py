"""What two jobs over the same photos answer differently."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FaceAnswer:
    """A face of one job and its first answer; ``p`` is 0..1."""

    face_index: int = 0
    expression: str = ""
    p: float = 0.0


@dataclass(frozen=True, slots=True)
class FaceDiff:
    """A face whose first answer is another, or that only one of the jobs found.

    Attributes:
        index: the photo's number in this job.
        item_id: the photo in this job.
        with_item_id: the photo in the other one.
        filename: of the photo.
        iou: how far the two boxes overlap, 0..1; None of a lone face.
        this: None where only the other job found the face.
        other: None where only this job found it.
    """

    index: int = 0
    item_id: str = ""
    with_item_id: str = ""
    filename: str = ""
    iou: float | None = None
    this: FaceAnswer | None = None
    other: FaceAnswer | None = None


@dataclass(frozen=True, slots=True)
class DiffTotals:
    """Sums over the photos that both jobs have.

    Attributes:
        photos: of the same bytes in both.
        unanswered: of them, those without a result on one side.
        faces: that both found.
        changed: of them, those of another first answer.
        lost: faces that only this job found.
        gained: faces that only the other job found.
        mean_shift: how far the seven probabilities are apart, mean of the faces: total variation,
            0..1; None without faces.
        emotions: the order of rows and columns.
        confusion: faces of both: rows are this job's first answers, columns the other's.
    """

    photos: int = 0
    unanswered: int = 0
    faces: int = 0
    changed: int = 0
    lost: int = 0
    gained: int = 0
    mean_shift: float | None = None
    emotions: tuple[str, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class JobDiff:
    """This job beside another over the same photos; ``changed`` are in the order of the photos."""

    job_id: str = ""
    with_job_id: str = ""
    model_version: str | None = None
    with_model_version: str | None = None
    totals: DiffTotals = field(default_factory=DiffTotals)
    changed: tuple[FaceDiff, ...] = ()
