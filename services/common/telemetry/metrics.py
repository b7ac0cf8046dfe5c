"""Prometheus metrics of a process, held by an object that is passed in, never by the module.

Each `Metrics` owns its registry: two of them in one test never meet. Label values come from
short closed lists (routes, codes, lanes), never from users, so that series stay few.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

# From a cached 404 to a request that streams 1 GB.
_HTTP_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
# From one decoded thumbnail to a chunk of 64 large photos on a slow core.
_STAGE_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

# From a receiver next door to the timeout of an attempt.
_WEBHOOK_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15)


class Metrics:
    """The counters, gauges and histograms of the API, the worker and the maintenance process.

    Attributes:
        http_requests: requests by method, route template and status.
        http_seconds: their duration, by method and route template.
        upload_bytes: bytes of photos taken in.
        jobs: jobs by event: submitted, replayed, cancelled, retried, erased.
        items: finished items by outcome: succeeded, no_face or an error code.
        faces: faces found.
        claims: claims of a chunk by lane; an empty claim counts as well.
        claimed_items: items those claims took, by lane.
        lease_expiries: leases that ran out, by what became of the item.
        lost_leases: results dropped because the lease had gone to another worker.
        hints: messages to the broker by result: sent or failed.
        queue_depth: ready items by lane, as last seen.
        leased_items: items under a lease, as last seen.
        live_workers: workers with a heartbeat and a model, as last seen.
        worker_rss_bytes: resident memory of the largest of them, as last seen.
        stage_seconds: time of a worker stage by name: fetch, decode, detect, classify, finish.
        webhook_attempts: attempts at a delivery by result: delivered, refused, timeout, ….
        webhook_seconds: their duration.
        webhooks_due: deliveries that are due and not made, as last seen.
        webhooks_late_s: how late the first of them is, in seconds, as last seen.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        self.http_requests = self._counter(
            "http_requests", "HTTP requests answered", "method", "route", "status"
        )
        self.http_seconds = Histogram(
            "hfer_http_request_seconds",
            "Duration of HTTP requests",
            ("method", "route"),
            buckets=_HTTP_BUCKETS,
            registry=self.registry,
        )
        self.upload_bytes = self._counter("upload_bytes", "Bytes of photos taken in")
        self.jobs = self._counter("jobs", "What happened to jobs", "event")
        self.items = self._counter("items", "Items finished, by outcome", "outcome")
        self.faces = self._counter("faces", "Faces found")
        self.claims = self._counter("claims", "Claims of a chunk", "lane")
        self.claimed_items = self._counter("claimed_items", "Items taken by claims", "lane")
        self.lease_expiries = self._counter("lease_expiries", "Leases that ran out", "result")
        self.lost_leases = self._counter("lost_leases", "Results dropped for a lost lease")
        self.hints = self._counter("hints", "Messages to the broker", "result")
        self.queue_depth = self._gauge("queue_depth", "Ready items", "lane")
        self.leased_items = self._gauge("leased_items", "Items under a lease")
        self.live_workers = self._gauge("live_workers", "Workers with a heartbeat and a model")
        self.worker_rss_bytes = self._gauge(
            "worker_rss_bytes", "Resident memory of the largest live worker"
        )
        self.stage_seconds = Histogram(
            "hfer_stage_seconds",
            "Time of a worker stage",
            ("stage",),
            buckets=_STAGE_BUCKETS,
            registry=self.registry,
        )
        self.webhook_attempts = self._counter(
            "webhook_attempts", "Attempts at a delivery", "result"
        )
        self.webhook_seconds = Histogram(
            "hfer_webhook_seconds",
            "Time of an attempt to deliver",
            buckets=_WEBHOOK_BUCKETS,
            registry=self.registry,
        )
        self.webhooks_due = self._gauge("webhooks_due", "Deliveries due and not made")
        self.webhooks_late_s = self._gauge("webhooks_late_seconds", "Age of the first of them")

    @property
    def content_type(self) -> str:
        """Media type of `render`'s bytes."""
        return CONTENT_TYPE_PLAIN_0_0_4

    def render(self) -> bytes:
        """Return every series in Prometheus' text format."""
        return generate_latest(self.registry)

    def value(self, name: str, **labels: str) -> float:
        """Return one sample, 0 when it was never touched: for tests and health checks."""
        return self.registry.get_sample_value(name, labels) or 0.0

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"hfer_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"hfer_{name}", text, labels, registry=self.registry)
