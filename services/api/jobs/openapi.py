"""What FastAPI cannot see by itself: the body parsed by hand and the response streamed."""

from typing import Any, Literal

from pydantic import BaseModel

from services.api.jobs.examples import JOB_EXAMPLE, PHOTO_EXAMPLE
from services.api.jobs.results.formats import ResultFormat, write_results
from services.api.jobs.results.schemas import PhotoResult
from services.api.jobs.schemas import JobConfig, JobObject


class Results(BaseModel):
    """The results of a job as one JSON document, streamed."""

    object: Literal["results"] = "results"
    job: JobObject
    data: list[PhotoResult]


_PHOTOS = [PhotoResult.model_validate(PHOTO_EXAMPLE)]
_JOB = JobObject.model_validate(JOB_EXAMPLE)
JSONL_EXAMPLE = b"".join(write_results(ResultFormat.JSONL, _JOB, [_PHOTOS])).decode()
CSV_EXAMPLE = b"".join(write_results(ResultFormat.CSV, _JOB, [_PHOTOS])).decode()

SUBMISSION_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": 2000,
                            "items": {"type": "string", "format": "binary"},
                            "description": "photos, formats of `/v1/limits`, 40 MB each by default;"
                            " zip, tar, tar.gz, tar.bz2 or tar.xz archives of them",
                        },
                        "config": {"$ref": f"#/components/schemas/{JobConfig.__name__}"},
                    },
                },
                "encoding": {"config": {"contentType": "application/json"}},
                "example": {"files": ["(the bytes of a photo)"], "config": {"top_n": 3}},
            },
        },
    }
}
