"""``python -m services.ingest``: fetches the photos that jobs name by URL."""

import random
import signal
import sys
import threading

from services.common.config import Settings
from services.common.db.retrying import RetryingDatabase
from services.common.db.session import build_engine, build_session_factory
from services.common.environment import read_or_exit
from services.common.loops import Loop, supervise
from services.common.pulse import BEAT_S, Pulse
from services.common.storage import build_storage
from services.common.telemetry import Metrics, configure_logging, get_logger, serve_metrics
from services.ingest.download import Downloader
from services.ingest.fetch_loop import FetchLoop
from services.ingest.fetcher import UrlFetcher
from services.ingest.heartbeat import Heartbeat

# A step of a loop is tried again by the loop: trying longer would only delay an end.
STEP_RETRY_S = 5.0
RENEWALS = 4

_log = get_logger(__name__)


def main() -> int:
    """Fetch until a signal ends it; the exit code."""
    settings = read_or_exit(Settings)
    configure_logging(settings.telemetry, service="ingest")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    engine = build_engine(settings.database)
    sessions = build_session_factory(engine)
    metrics = Metrics()
    metrics.show(Metrics.fetch_bytes, Metrics.fetch_seconds)
    fetcher = UrlFetcher(
        RetryingDatabase(sessions),
        build_storage(settings.storage),
        Downloader(settings.fetch, limits=settings.photos.limits),
        settings=settings.fetch,
        metrics=metrics,
        rng=random.SystemRandom(),
    )
    database = RetryingDatabase(sessions, retry_for_s=STEP_RETRY_S)
    loop = FetchLoop(database, fetcher, settings=settings.fetch)
    heartbeat = Heartbeat(sessions, busy=lambda: loop.busy)
    loops = [
        Loop("fetch", loop.step, every_s=settings.fetch.interval_s),
        Loop("leases", loop.renew, every_s=settings.fetch.lease_s / RENEWALS),
        Loop("heartbeat", heartbeat.beat, every_s=BEAT_S),
    ]
    _log.info("ingest.ready", threads=settings.fetch.threads)
    try:
        with serve_metrics(settings.telemetry, metrics.registry):
            return supervise(loops, stop=stop, pulse=Pulse(settings.health.pulse_file))
    finally:
        heartbeat.stop()
        loop.drain()
        engine.dispose()


if __name__ == "__main__":
    sys.exit(main())
