"""Which faces of a photo are blurred before somebody sees it."""

from services.api.errors import ApiError
from services.api.problems import ProblemCode
from services.api.state import ApiState
from services.common.db.session import unit_of_work
from services.common.domain.faces import AnalysisOptions
from services.common.jobs.repositories.results import PhotoRecord, ResultRepository
from services.common.keys.service import Principal
from services.imaging.blur import Corners

_DEFAULTS = AnalysisOptions()


def faces_to_blur(state: ApiState, caller: Principal, record: PhotoRecord) -> list[Corners]:
    """Return left, top, right and bottom of all faces of a photo; none for who sees all. Blocks.

    Raises:
        ApiError: OUTPUT_RESTRICTED, the analysis has left faces out: nobody knows where they are.
    """
    if not caller.output.blurs_faces:
        return []
    payload = record.payload or {}
    if payload.get("faces_truncated"):
        raise _unknown("The photo has more faces than its result lists")
    with unit_of_work(state.sessions) as session:
        options = ResultRepository(session).options(record.public_id)
    if (
        options["min_face_px"] > _DEFAULTS.min_face_px
        or options["detection_threshold"] > _DEFAULTS.detection_threshold
    ):
        raise _unknown(
            "The photo's job left out faces, by min_face_px above"
            f" {_DEFAULTS.min_face_px} or detection_threshold above {_DEFAULTS.detection_threshold}"
        )
    corners = []
    for face in payload["faces"]:
        left, top, width, height = face["box"]
        corners.append((left, top, left + width, top + height))
    return corners


def _unknown(why: str) -> ApiError:
    return ApiError(
        ProblemCode.OUTPUT_RESTRICTED,
        f"{why}: they cannot be blurred, as this key needs. The results are there; a key with the"
        " output full sees the picture.",
    )
