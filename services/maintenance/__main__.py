"""``python -m services.maintenance``: feeder, sweeper, retention and webhooks together."""

import signal
import sys
import threading
from datetime import timedelta

from services.common.broker.notifier import QueueNotifier, build_notifier
from services.common.config import Settings
from services.common.db.session import SessionFactory, build_engine, build_session_factory
from services.common.environment import read_or_exit
from services.common.loops import Loop, supervise
from services.common.pulse import Pulse
from services.common.storage import build_storage
from services.common.telemetry import Metrics, configure_logging, serve_metrics
from services.common.webhooks.secrets import SecretBox
from services.maintenance.dataset_builder import DatasetBuilder
from services.maintenance.feeder import Feeder
from services.maintenance.receipts import Receipts
from services.maintenance.retention import Retention
from services.maintenance.signing import ReceiptSigner
from services.maintenance.sweeper import Sweeper
from services.maintenance.webhook_sender import WebhookSender

# The feeder has nobody waiting for it: it tries a broker that failed again after a second.
BROKER_REST_S = 1.0
# Whoever asks for a data set waits for it.
DATASETS_EVERY_S = 2.0


def build_loops(
    settings: Settings, *, sessions: SessionFactory, hints: QueueNotifier, metrics: Metrics
) -> list[Loop]:
    """Build the four loops that every deployment has."""
    feeder = Feeder(sessions, hints, settings=settings.queue)
    sweeper = Sweeper(sessions, settings=settings.queue, metrics=metrics)
    storage = build_storage(settings.storage)
    retention = Retention(sessions, storage, settings=settings.retention, metrics=metrics)
    key = settings.receipts.signing_key
    receipts = Receipts(
        sessions,
        storage,
        grace=timedelta(seconds=settings.retention.grace_s),
        signer=None if key is None else ReceiptSigner(key),
    )
    return [
        Loop("feeder", feeder.step, every_s=settings.queue.feeder_interval_s),
        Loop("sweeper", sweeper.step, every_s=settings.queue.sweeper_interval_s),
        Loop("retention", retention.step, every_s=settings.retention.interval_s),
        Loop("receipts", receipts.step, every_s=settings.retention.interval_s),
    ]


def build_builder(settings: Settings, *, sessions: SessionFactory) -> DatasetBuilder:
    """Build what makes data sets of reviews; no child is started yet."""
    return DatasetBuilder(
        sessions,
        build_storage(settings.storage),
        limits=settings.photos.limits,
        keeps=settings.retention.training_s > 0,
    )


def build_sender(
    settings: Settings, *, sessions: SessionFactory, metrics: Metrics
) -> WebhookSender | None:
    """Build what sends webhooks; None when the operator has not set them up."""
    if settings.webhooks.keys is None:
        return None
    return WebhookSender(
        sessions,
        SecretBox.from_settings(settings.webhooks),
        settings=settings.webhooks,
        base=settings.api.public_base,
        metrics=metrics,
    )


def main() -> int:
    """Run the loops until a signal ends them; the exit code."""
    settings = read_or_exit(Settings)
    configure_logging(settings.telemetry, service="maintenance")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    metrics = Metrics()
    engine = build_engine(settings.database)
    hints = build_notifier(settings, metrics, rest_s=BROKER_REST_S)
    sessions = build_session_factory(engine)
    sender = build_sender(settings, sessions=sessions, metrics=metrics)
    builder = build_builder(settings, sessions=sessions)
    try:
        loops = build_loops(settings, sessions=sessions, hints=hints, metrics=metrics)
        loops.append(Loop("datasets", builder.step, every_s=DATASETS_EVERY_S))
        if sender is not None:
            loops.append(Loop("webhooks", sender.step, every_s=settings.webhooks.interval_s))
        with serve_metrics(settings.telemetry, metrics.registry):
            return supervise(loops, stop=stop, pulse=Pulse(settings.health.pulse_file))
    finally:
        if sender is not None:
            sender.close()
        builder.close()
        hints.close()
        engine.dispose()


if __name__ == "__main__":
    sys.exit(main())
