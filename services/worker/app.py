"""The Celery application of the worker, for ``python -m services.worker`` and ``celery -A``."""

from celery import Celery

from services.common.broker.celery_app import build_celery, uses_redis
from services.common.config import Settings
from services.worker.process.devices import device_of, start_method_of
from services.worker.process.hints import TRANSPORT

MODULES = ("services.worker.tasks", "services.worker.signals")


def create_app(settings: Settings) -> Celery:
    """Build the application with our task and our receivers."""
    app = build_celery(settings, include=MODULES)
    app.conf.worker_consumer = "services.worker.process.consumer:HintConsumer"
    if uses_redis(settings.broker):
        app.conf.broker_transport = TRANSPORT
    app.conf.worker_pool_start_method = start_method_of(settings, device_of(settings))
    app.set_current()
    return app


def __getattr__(name: str) -> Celery:
    """Build ``app`` when ``celery -A services.worker.app`` asks for it, not at import."""
    if name == "app":
        return create_app(Settings())
    raise AttributeError(name)
