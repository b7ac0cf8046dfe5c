"""Every metric of HFER, by the process that shows it.

Label values come from short closed lists (routes, codes, lanes), never from users, so that
series stay few. docs/observability.md explains them; a test keeps both lists equal.
"""

from prometheus_client import ProcessCollector

from services.common.telemetry.metrics.family import MetricSet, counter, gauge, histogram

# From a cached 404 to a request that streams 1 GB.
_HTTP_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
# From one decoded thumbnail to a chunk of 64 large photos on a slow core.
_STAGE_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
# Up to the largest micro-batch (services/worker/jobs/batch_sizer.py).
_BATCH_BUCKETS = (1, 2, 4, 8, 16, 24, 32)
# Up to the cap of faces in a photo.
_FACE_BUCKETS = (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 100)
# From a receiver nearby to the timeout of an attempt.
_WEBHOOK_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15)
# From a server nearby to the longest time of one try.
_FETCH_BUCKETS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30)


class ApiMetrics(MetricSet):
    """What requests do."""

    http_requests = counter("http_requests", "HTTP requests answered", "method", "route", "status")
    http_seconds = histogram(
        "http_request_seconds",
        "Duration of HTTP requests",
        "method",
        "route",
        buckets=_HTTP_BUCKETS,
    )
    upload_bytes = counter("upload_bytes", "Bytes of photos taken in")
    jobs = counter("jobs", "Jobs submitted, replayed, cancelled, retried, erased", "event")
    limited_requests = counter(
        "limited_requests", "Requests refused by a limit of their tenant or key", "limit"
    )
    uncounted_requests = counter(
        "uncounted_requests", "Requests and streams that no limit counted: Redis does not answer"
    )
    hints = counter(
        "hints",
        "Messages to the broker: sent; blocked, by an alarm of RabbitMQ; timeout; failed",
        "result",
    )


class WorkerMetrics(MetricSet):
    """What the children of a worker do; the main process shows their sums."""

    items = counter("items", "Photos finished: succeeded, no_face or an error code", "outcome")
    faces = counter("faces", "Faces found")
    core_seconds = counter("core_seconds", "CPU time of analysis, as tenants' usage counts it")
    faces_per_photo = histogram(
        "faces_per_photo", "Faces of an analysed photo", buckets=_FACE_BUCKETS
    )
    claims = counter("claims", "Claims of a chunk, empty ones too", "lane")
    claimed_items = counter("claimed_items", "Photos taken by claims", "lane")
    lost_leases = counter("lost_leases", "Results dropped because another worker had the photo")
    tiles = counter(
        "tiles",
        "Photos whose thumbnail and crops were written: written; failed; skipped, after a failure",
        "result",
    )
    damaged_hints = counter("damaged_hints", "Messages of Redis that were none, and were dropped")
    batch_photos = histogram("batch_photos", "Photos analysed together", buckets=_BATCH_BUCKETS)
    stage_seconds = histogram(
        "stage_seconds",
        "Time of a stage of a batch: fetch, decode, detect, tiles, classify, finish;"
        " analyse is all between fetch and finish",
        "stage",
        buckets=_STAGE_BUCKETS,
    )
    model = gauge("model_info", "1 for a model that answers", "version", "precision")


class MaintenanceMetrics(MetricSet):
    """What feeder, sweeper, retention and the sender of webhooks see and do."""

    lease_expiries = counter(
        "lease_expiries", "Leases that ran out, by what became of it", "result"
    )
    queue_depth = gauge("queue_depth", "Ready photos", "lane")
    oldest_ready = gauge("queue_oldest_ready_seconds", "How long the first of them waits", "lane")
    leased_items = gauge("leased_items", "Photos under a lease")
    live_workers = gauge("live_workers", "Worker children with a heartbeat and a model")
    unaccounted_items = gauge("unaccounted_items", "Finished photos without outcome: must be 0")
    fetches_due = gauge("fetches_due", "Photos by URL that are due and not fetched")
    fetches_late = gauge("fetches_late_seconds", "How late the first of them is")
    webhook_attempts = counter("webhook_attempts", "Attempts at a delivery", "result")
    webhook_seconds = histogram(
        "webhook_seconds", "Time of an attempt to deliver", buckets=_WEBHOOK_BUCKETS
    )
    webhooks_due = gauge("webhooks_due", "Deliveries that are due and not made")
    webhooks_late = gauge("webhooks_late_seconds", "How late the first of them is")
    erased_jobs = counter(
        "erased_jobs", "Jobs erased: results too old, or an upload left unsealed", "reason"
    )
    erased_inputs = counter("erased_inputs", "Jobs whose photos were given up by age")
    deleted_objects = counter(
        "deleted_objects", "Objects deleted from the bucket: photos and pictures", "kind"
    )
    stray_objects = counter(
        "stray_objects", "Photos found in the bucket that no row named and no list held"
    )
    doomed_objects = gauge("doomed_objects", "Photos on their way out of the bucket")
    retention_late = gauge(
        "retention_late_seconds",
        "How overdue the oldest is that should be forgotten: inputs, results, objects",
        "kind",
    )


class IngestMetrics(MetricSet):
    """What comes from the URLs that jobs name."""

    fetches = counter(
        "fetches", "Tries of a photo by URL: fetched, later, excused or an error code", "result"
    )
    fetch_bytes = counter("fetch_bytes", "Bytes of photos fetched by URL")
    fetch_seconds = histogram(
        "fetch_seconds", "Time of a try, until the photo is in the bucket", buckets=_FETCH_BUCKETS
    )


class HostMetrics(MetricSet):
    """Memory of a worker's children, read by the main process when asked."""

    worker_children = gauge("worker_children", "Children of this worker")
    worker_rss = gauge("worker_rss_bytes", "Resident memory of its largest child")
    worker_rss_limit = gauge("worker_rss_limit_bytes", "Above this a child is replaced")


class Metrics(ApiMetrics, WorkerMetrics, MaintenanceMetrics, IngestMetrics, HostMetrics):
    """All of them, and ``process_*`` of this process: memory, CPU, open files, start."""

    def __init__(self) -> None:
        super().__init__()
        ProcessCollector(registry=self.registry)
