"""What a user writes with the client of openapi-generator."""

import json
import os
import sys
import time
from pathlib import Path

import hfer_api
from hfer_api.models.job_config import JobConfig


def main(photos: list[Path]) -> None:
    """Submit, poll, read, follow the events; say what was found."""
    configuration = hfer_api.Configuration(
        host=os.environ["HFER_URL"], access_token=os.environ["HFER_API_KEY"]
    )
    with hfer_api.ApiClient(configuration) as client:
        jobs = hfer_api.JobsApi(client)
        submitted = jobs.submit_job(
            [(photo.name, photo.read_bytes()) for photo in photos],
            config=JobConfig(top_n=3, labels={"from": "generated"}),
        )
        while (job := jobs.get_job(submitted.id)).status in {"queued", "running"}:
            time.sleep(0.5)
        results = hfer_api.ResultsApi(client).get_results(job.id)
        events = hfer_api.EventsApi(client).get_events_without_preload_content(job.id)
        kinds = [
            line.removeprefix(b"event: ").strip().decode()
            for line in events
            if line.startswith(b"event: ")
        ]
        found = {
            "status": job.status,
            "labels": job.labels,
            "filenames": [photo.filename for photo in results.data],
            "top": [len(face.top) for photo in results.data for face in photo.faces],
            "events": kinds,
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
