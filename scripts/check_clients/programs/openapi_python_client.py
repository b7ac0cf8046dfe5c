"""What a user writes with the client of openapi-python-client."""

import json
import os
import sys
import time
from pathlib import Path

from openapi_python_client_hfer import AuthenticatedClient
from openapi_python_client_hfer.api.events import get_events
from openapi_python_client_hfer.api.jobs import get_job, submit_job
from openapi_python_client_hfer.api.results import get_results
from openapi_python_client_hfer.models import (
    JobConfig,
    JobConfigLabels,
    JobObject,
    Results,
    SubmitJobBody,
    SubmittedJob,
)
from openapi_python_client_hfer.types import File


def main(photos: list[Path]) -> None:
    """Submit, poll, read, follow the events; say what was found."""
    client = AuthenticatedClient(os.environ["HFER_URL"], token=os.environ["HFER_API_KEY"])
    labels = JobConfigLabels.from_dict({"from": "generated"})
    body = SubmitJobBody(
        files=[File(payload=photo.open("rb"), file_name=photo.name) for photo in photos],
        config=JobConfig(top_n=3, labels=labels),
    )
    submitted = submit_job.sync(client=client, body=body)
    assert isinstance(submitted, SubmittedJob), submitted
    while True:
        job = get_job.sync(submitted.id, client=client)
        assert isinstance(job, JobObject), job
        if job.status not in {"queued", "running"}:
            break
        time.sleep(0.5)
    results = get_results.sync(job.id, client=client)
    assert isinstance(results, Results), results
    events = get_events.sync(job.id, client=client)
    assert isinstance(events, str), events
    found = {
        "status": job.status,
        "labels": job.labels.to_dict(),
        "filenames": [photo.filename for photo in results.data],
        "top": [len(face.top) for photo in results.data for face in photo.faces],
        "events": [
            line.removeprefix("event: ")
            for line in events.splitlines()
            if line.startswith("event: ")
        ],
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
