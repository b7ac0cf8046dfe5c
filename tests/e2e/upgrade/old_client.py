"""What a program does with the client of 50556b5; it is run with that wheel alone."""

import json
import os
import sys
from dataclasses import asdict

import hfer
from hfer import Client, NotFoundError


def main(photo: str, old_job: str) -> None:
    with Client(os.environ["HFER_URL"], os.environ["HFER_API_KEY"]) as client:
        job = client.submit(photo, labels={"from": "old client"})
        state = job.wait()
        events = list(job.events())
        results = list(client.jobs.attach(old_job).results())
        try:
            client.jobs.get("job_" + 32 * "0")
            code = ""
        except NotFoundError as error:
            code = error.code
        found = {
            "client": hfer.__file__,
            "status": state.status,
            "events": [event.photo.filename for event in events if event.photo],
            "old": [[photo.filename, photo.status, len(photo.faces)] for photo in results],
            "jobs": len(list(client.jobs.list())),
            "models": [model.model_version for model in client.models.list()],
            "canary": client.models.canary() is not None,
            "endpoints": len(list(client.webhook_endpoints.list())),
            "limits": len(asdict(client.limits())) > 0,
            "annotated": len(client.jobs.attach(old_job).annotated(results[0].item_id)) > 0,
            "code": code,
        }
    print(json.dumps(found))  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
