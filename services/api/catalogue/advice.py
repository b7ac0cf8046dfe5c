"""What the catalogue says about each problem; a test asks for the entry of each new code."""

from collections.abc import Mapping
from types import MappingProxyType

from services.api.catalogue.dataset_advice import DATASET_ADVICE
from services.api.catalogue.explained import JOB, MODEL, Advice
from services.api.catalogue.model_advice import MODEL_ADVICE
from services.api.problems import ProblemCode

_UPLOAD = "/v1/uploads/upl_01936fd2c0a27b6e8f3a5b7c9d1e2f30"


ADVICE: Mapping[ProblemCode, Advice] = MappingProxyType(
    {
        **MODEL_ADVICE,
        **DATASET_ADVICE,
        ProblemCode.ARCHIVE_REFUSED: Advice(
            "An archive among the photos is not opened, and nothing of the request was kept.",
            "A path in it is absolute or leads out with `..`, entries overlap or unpack to far more"
            " than they take, it has a password, is damaged, or holds no photo.",
            "Pack the photos anew as a plain zip or tar without a password, with paths below one"
            " folder, or send them as files. `archive_*` of `/v1/limits` tells how much one holds.",
            "album.zip unpacks to more than 100 times its size; send the photos as files.",
            "/v1/jobs",
        ),
        ProblemCode.UNSAFE_URL: Advice(
            "A photo is named by a URL that this service never fetches, so no job was made.",
            "Another scheme than https, a user name or password, a port other than 80 and 443, or"
            " a host that is no public address.",
            "Name public https URLs; `errors` points at each that is not. Photos of your own"
            " network can be sent as files or put at presigned URLs by `POST /v1/uploads`.",
            "Photos are fetched by https from public hosts; change the URLs that 'errors' names.",
            "/v1/jobs",
            {
                "errors": [
                    {"pointer": "#/inputs/0/url", "detail": "The address 10.0.0.7 is not public."}
                ]
            },
        ),
        ProblemCode.DETECTOR_UNAVAILABLE: Advice(
            "The job asks for a detector that no live worker has, so none was made.",
            "`detector` is another one than the workers' `HFER_WORKER__DETECTOR`.",
            "Leave `detector` out, or name one that `detail` offers.",
            "No worker of this service has the detector 'facenet'; leave 'detector' out.",
            "/v1/jobs",
        ),
        ProblemCode.WEBHOOKS_OFF: Advice(
            "This service sends no webhooks, so it takes no endpoints.",
            "Its operator has set no key to encrypt signing secrets with.",
            "Ask the operator to set `HFER_WEBHOOKS__KEYS`. Until then poll the job, or listen to"
            " its events.",
            "Webhooks are off; the operator sets HFER_WEBHOOKS__KEYS to switch them on.",
            "/v1/webhook-endpoints",
        ),
        ProblemCode.ENDPOINT_LIMIT: Advice(
            "You have as many webhook endpoints as one tenant may have.",
            "Endpoints that nobody listens at any more, or one for each job where one for all will"
            " do: a message names its job.",
            "Delete an endpoint that is not needed and send the request again.",
            "There are 20 endpoints already; delete one first.",
            "/v1/webhook-endpoints",
        ),
        ProblemCode.ENDPOINT_DISABLED: Advice(
            "The endpoint takes no messages, so none was sent.",
            "It was switched off, answered 410, failed for days, or the key that set it up was"
            " revoked; `disabled_reason` of the endpoint tells.",
            'Repair the receiver, then switch the endpoint on with PATCH `{"enabled": true}`.',
            "The endpoint is disabled; enable it first.",
            "/v1/webhook-endpoints/whe_01936fd2c0a27b6e8f3a5b7c9d1e2f30/test",
        ),
        ProblemCode.OUTPUT_RESTRICTED: Advice(
            "The key was made to see less of faces than what was asked for shows.",
            "The output of the key is `aggregate`: no faces, pictures, events or rows of results."
            " Or it is `blurred`, and the photo's analysis has left out faces, which nobody can"
            " blur: by `min_face_px`, `detection_threshold`, or because there were too many.",
            "Read `GET /v1/jobs/{job_id}/counts` or the results, or use a key whose output is"
            " `full`.",
            "This key sees aggregate output and no faces: GET /v1/jobs/{job_id}/counts.",
            f"{JOB}/results",
        ),
        ProblemCode.PURPOSE_PROHIBITED: Advice(
            "No key is made for what Article 5(1)(f) of the EU AI Act prohibits.",
            "`purpose` is `workplace` or `education`, and no medical or safety reason is told.",
            "Do not use the service for it. Where the reason is medical or safety, name it in"
            " `purpose.exception` and say in `purpose.note` what it is; whether it holds is for you"
            " to answer.",
            "Inferring emotions of people at work is prohibited in the EU (AI Act, Article"
            " 5(1)(f)), save for medical or safety reasons. Where that is the reason, name it as"
            " purpose.exception ('medical' or 'safety') and say in purpose.note what it is.",
            "/v1/api-keys",
        ),
        ProblemCode.KEY_NOT_ROLLABLE: Advice(
            "The key keeps the secret that it has, or had.",
            "It is revoked or has expired, or its secret is set by the deployment"
            " (`HFER_API__ADMIN_KEY`, `HFER_WEB__API_KEY`).",
            "Make another key. A secret that is set is changed where it is set.",
            "The key is revoked or has expired; make another.",
            "/v1/api-keys/key_01936fd2c0a27b6e8f3a5b7c9d1e2f32/roll",
        ),
        ProblemCode.KEY_NOT_CHANGEABLE: Advice(
            "The key stays as it is.",
            "It is revoked, or a setting holds it (`HFER_API__ADMIN_KEY`, `HFER_WEB__API_KEY`) and"
            " its name or expiry was to be changed.",
            "Make another key. What a setting holds is replaced where it is set.",
            "The key is revoked; make another.",
            "/v1/api-keys/key_01936fd2c0a27b6e8f3a5b7c9d1e2f32",
        ),
        ProblemCode.REVIEW_CONFLICT: Advice(
            "Nothing of the request was taken; what is there is in `current`.",
            "The reviewer said something else of the face after the word whose `version` the"
            " request names: in another window, by an import, or by an undo.",
            "Show what is there, and send what is wanted with the `version` of that word. Votes are"
            " per reviewer: two people never conflict.",
            "1 of the reviews were given anew since you looked; none of these was taken. Look at"
            " what is there and send what you want with its version.",
            f"{JOB}/items/itm_01936fd2c0a27b6e8f3a5b7c9d1e2f31/faces/0/review",
        ),
        ProblemCode.INVALID_REQUEST: Advice(
            "The body could not be read, so nothing in it was looked at.",
            "JSON that is not well formed, a multipart body without its closing boundary, or a"
            " connection that broke while the body was sent.",
            "Send the request again, whole. If it happens each time, let an HTTP library write the"
            " body and the `Content-Type` with its boundary.",
            "The multipart body ends before its closing boundary; send it again.",
            "/v1/jobs",
        ),
        ProblemCode.UNAUTHENTICATED: Advice(
            "The service does not know who is asking.",
            "No `Authorization` header, a key that was revoked or has expired, or one of another"
            " deployment.",
            "Send `Authorization: Bearer hfer_…`. An operator makes keys at `POST /v1/api-keys`.",
            "The API key is unknown or revoked.",
            "/v1/jobs",
        ),
        ProblemCode.INSUFFICIENT_SCOPE: Advice(
            "The key is good, but not for this.",
            "A key has scopes, such as `jobs:read`; this request needs another one.",
            "Use a key with the scope that `detail` names. Scopes of a key cannot be changed: ask"
            " an operator for a new key.",
            "This needs a key with the scope models:admin.",
            f"{MODEL}/activate",
        ),
        ProblemCode.NOT_FOUND: Advice(
            "There is no such thing, at least not for the caller.",
            "A misspelt id or path, or an id that belongs to another tenant: the answer is the"
            " same, so that nobody learns what others have.",
            "Check the id, and that the key is of the tenant that made the thing.",
            "There is no such job.",
        ),
        ProblemCode.METHOD_NOT_ALLOWED: Advice(
            "The path exists, the method does not.",
            "A GET where a POST is meant, or a method that this path never has.",
            "The header `Allow` lists the methods of the path.",
            "PUT does not fit /v1/limits",
            "/v1/limits",
        ),
        ProblemCode.NOT_ACCEPTABLE: Advice(
            "None of the formats that the caller accepts is offered.",
            "An `Accept` header with other media types only.",
            "Accept one of those that `detail` names, or choose by `?format=`.",
            "Results are offered as application/json, application/x-ndjson, text/csv.",
            f"{JOB}/results",
        ),
        ProblemCode.RANGE_NOT_SATISFIABLE: Advice(
            "The part of the file that `Range` asks for begins behind its end.",
            "A download that was complete is continued, or the file is a shorter one by now.",
            "`Content-Range` tells its size. Leave `Range` out, or send the `ETag` of the part that"
            " you have as `If-Range`: then the whole file comes where it has changed.",
            "The file has 48213 bytes.",
            "/v1/models/mdl_01936fd2c0a27b6e8f3a5b7c9d1e2f33/files/MODEL_CARD.md",
        ),
        ProblemCode.REQUEST_TIMEOUT: Advice(
            "The body stopped arriving, and the service gave up waiting.",
            "A network that went away, or a client that was suspended.",
            "Send it again. With an `Idempotency-Key` a repetition never makes a second job.",
            "No byte came for 60 s; send it again.",
            "/v1/jobs",
        ),
        ProblemCode.JOB_NOT_FINISHED: Advice(
            "The job, or the photo, has no final result yet.",
            "Results were asked for, or a retry, while photos still wait or run.",
            "Ask again after `Retry-After` of the job, or read what is there with `partial=true`.",
            "The job is running; ask again later or add partial=true.",
            f"{JOB}/results",
        ),
        ProblemCode.JOB_FINAL: Advice(
            "A final job never changes.",
            "It had succeeded, failed or expired before the request came.",
            "Read its results, or erase it with `DELETE`.",
            "The job is succeeded and can no longer change.",
            f"{JOB}/cancel",
        ),
        ProblemCode.NOTHING_TO_RETRY: Advice(
            "No photo of the job can be tried again.",
            "None failed, or only photos that are at fault: damaged, empty or too large.",
            "Nothing is to be done; send other photos as a new job.",
            "No photo of this job failed in a way to try again.",
            f"{JOB}/retry",
        ),
        ProblemCode.IDEMPOTENCY_IN_PROGRESS: Advice(
            "The first request under this `Idempotency-Key` was just undone.",
            "Two equal requests at the same moment, of which the first failed.",
            "Send the same request again, under the same key.",
            "A request with this Idempotency-Key is being undone; send yours again.",
            "/v1/jobs",
        ),
        ProblemCode.UPLOAD_MISMATCH: Advice(
            "The files declared do not follow those that the upload holds.",
            "A page was left out, or the list of files changed since the client was interrupted.",
            "Go on at the place that `detail` names; for other files begin a new upload.",
            "Files before place 2000 are missing. The upload holds 1000 files: go on at 1000.",
            f"{_UPLOAD}/files",
        ),
        ProblemCode.UPLOAD_SEALED: Advice(
            "The upload is a job by now.",
            "It was sealed by `POST /v1/jobs`, maybe by an earlier try of the same client.",
            "Read the job that `detail` names. Further photos need an upload of their own.",
            "The upload is sealed as job_01936fd2c0a27b6e8f3a5b7c9d1e2f30 and takes no more files.",
            f"{_UPLOAD}/files",
        ),
        ProblemCode.GONE: Advice(
            "It existed, and was erased.",
            "Somebody deleted the job, or its retention is over; photos go before results do.",
            "Nothing brings it back: send the photos again as a new job.",
            "This job was erased or has expired.",
        ),
        ProblemCode.PAYLOAD_TOO_LARGE: Advice(
            "The request holds more than the service takes at once.",
            "Too many photos, too many bytes, or too long a list.",
            "`limit` is the number that was passed, `GET /v1/limits` tells all of them. Split the"
            " request, or upload by presigned URLs (`POST /v1/uploads`).",
            "A request takes at most 2000 photos; send the others as another job.",
            "/v1/jobs",
            {"limit": 2000},
        ),
        ProblemCode.UNSUPPORTED_MEDIA: Advice(
            "The body is of a type that this path does not read.",
            "Photos that were not sent as `multipart/form-data`, or a list not sent as JSON.",
            "Send the `Content-Type` that `detail` names. The format of a photo does not matter"
            " here: it is told by its content, later.",
            "Send the files as multipart/form-data, each in a part named 'files'.",
            "/v1/jobs",
        ),
        ProblemCode.VALIDATION: Advice(
            "The request was read, and a value in it does not fit.",
            "A number out of its range, an unknown field, a cursor of another listing.",
            "`errors` points at each fault: `#/query/…`, `#/header/…` or into the body.",
            "#/config/top_n: Input should be less than or equal to 7",
            "/v1/jobs",
            {
                "errors": [
                    {
                        "pointer": "#/config/top_n",
                        "detail": "Input should be less than or equal to 7",
                    }
                ]
            },
        ),
        ProblemCode.IDEMPOTENCY_MISMATCH: Advice(
            "The `Idempotency-Key` stands for another request already.",
            "The same key with other photos, another order, another config or other files.",
            "Use a new key for a new request; repeat an old one exactly.",
            "This Idempotency-Key was used for other photos or another config; use a new key.",
            "/v1/jobs",
        ),
        ProblemCode.PHOTO_FAILED: Advice(
            "The one photo of the request cannot be analysed.",
            "It is no photo by its content, is damaged, too large or too small, or broke the"
            " worker; `detail` begins with the code that a failed photo of a job has.",
            "Save the photo anew as JPEG or PNG and send that.",
            "decode_failed: The JPEG file is damaged; save it again and resend.",
            "/upload_image",
        ),
        ProblemCode.RATE_LIMITED: Advice(
            "A limit of the key or its tenant is reached; `limit_name` says which, `limit` how much"
            " it is and `used` how much is used. `GET /v1/limits` has them all.",
            "Too many requests in a second, bodies or event streams of the key at a time, or photos"
            " of the tenant that wait, were sent today or are kept.",
            "Wait for `Retry-After`, and send it again. An operator can set another limit.",
            "199990 of your photos are waiting and 200000 may, so there is no room for 20 more;"
            " send them when some are finished.",
            "/v1/jobs",
        ),
        ProblemCode.INTERNAL: Advice(
            "The service met something that it does not expect. It is at fault, not the caller.",
            "A defect. The log lines of the request tell more to its operators.",
            "Try again once. If it stays, tell an operator the `request_id`.",
            "The service met an error it does not expect.",
        ),
        ProblemCode.OVERLOADED: Advice(
            "The service cannot serve this at the moment. Nothing that it accepted is lost.",
            "The database or the object storage is away, the disk is full, or too many pictures"
            " are being drawn.",
            "Wait for `Retry-After` and send the same request again.",
            "The database or the object storage does not answer; try again shortly.",
        ),
    }
)
