"""The one place that configures Celery.

Redis and Celery are a hint channel only: a FLUSHALL loses every queued message and nothing in
Celery notices (measured), so Postgres holds the state and a message is a hint. Each setting
below follows from that; the reasons are beside them. RabbitMQ is chosen by the URL alone.
"""

from typing import Any

from celery import Celery
from kombu import Exchange
from kombu import Queue as KombuQueue

from services.common.config import BrokerSettings, QueueSettings, Settings
from services.common.domain.queues import Queue

# A message costs 1 ms of CPU, so 500 of them are minutes of work; a recycled child reloads its
# models (seconds) and gives back what leaked.
TASKS_PER_CHILD = 500
# The soft limit comes first, so that a hang in Python code is named without losing the child.
SOFT_LIMIT_SHARE = 5 / 6
MODEL_LOAD_S = 120.0
KIB_PER_MB = 1_000_000 / 1024
# Valkey speaks the protocol of Redis, and kombu knows it by that name alone.
_AS_REDIS = {"valkey": "redis", "valkeys": "rediss"}


def build_celery(settings: Settings, *, include: tuple[str, ...] = ()) -> Celery:
    """Build the Celery application of a process; nothing is connected until the first use.

    Args:
        settings: broker, queue and worker groups are read.
        include: modules that define tasks; a sender needs none, it sends by name.
    """
    app = Celery("hfer", include=list(include), set_as_current=False)
    app.conf.update(
        _broker_config(settings.broker, settings.queue),
        **_task_config(settings.queue),
        **_worker_config(settings),
        task_queues=[_queue(name, url=broker_url(settings.broker)) for name in Queue],
    )
    return app


def uses_redis(settings: BrokerSettings) -> bool:
    """Whether the broker is Redis or Valkey; otherwise it is RabbitMQ."""
    return broker_url(settings).startswith("redis")


def broker_url(settings: BrokerSettings) -> str:
    """Return the URL as kombu knows it."""
    scheme, separator, rest = settings.url.get_secret_value().partition("://")
    return _AS_REDIS.get(scheme, scheme) + separator + rest


def _queue(name: Queue, *, url: str) -> KombuQueue:
    """Build a direct queue: it publishes by the anonymous exchange and so survives FLUSHALL.

    Topic and fanout exchanges keep their bindings in Redis and raise after one (kombu#1063).
    """
    quorum = {"x-queue-type": "quorum"} if url.startswith("amqp") else None
    return KombuQueue(
        name.value, Exchange(name.value, type="direct"), name.value, queue_arguments=quorum
    )


def _broker_config(broker: BrokerSettings, queue: QueueSettings) -> dict[str, Any]:
    return {
        "broker_url": broker_url(broker),
        # A worker never exits because the broker is away.
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": (
            _redis_options(queue) if uses_redis(broker) else {"confirm_publish": True}
        ),
    }


def _redis_options(queue: QueueSettings) -> dict[str, Any]:
    return {
        # Over twice the time limit, so that a running task is never delivered again.
        "visibility_timeout": queue.visibility_timeout_s,
        # kombu looks for lost messages every interval x throttle = 100 s by default (measured).
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        # A half-open socket must not hang the consumer (celery#8030 and its many returns).
        "socket_timeout": 10,
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
        "health_check_interval": 10,
        # The order of -Q is the order of service: interactive before batch.
        "queue_order_strategy": "priority",
    }


def _task_config(queue: QueueSettings) -> dict[str, Any]:
    return {
        # Postgres holds the state: no result backend, no write to it, no expiry.
        "task_ignore_result": True,
        "result_backend": None,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_create_missing_queues": False,
        # A hint survives a crash of the child; delivered twice it is a claim of nothing.
        "task_acks_late": True,
        # No hot crash loop (celery#9082): the sweeper retries, isolated and with a cap.
        "task_reject_on_worker_lost": False,
        "task_retry_on_worker_lost": False,
        # A dead broker must not stall an upload; the feeder loops by itself.
        "task_publish_retry": False,
        # A hung decoder or driver; prefork only. Below the lease.
        "task_time_limit": queue.task_time_limit_s,
        "task_soft_time_limit": queue.task_time_limit_s * SOFT_LIMIT_SHARE,
    }


def _worker_config(settings: Settings) -> dict[str, Any]:
    return {
        # A hint is taken when a child is free, none ahead. On Redis that is disable_prefetch
        # alone, with an unlimited (0) prefetch count: an ack that fails while Redis is away costs
        # one credit of a limited count for ever, and the worker takes nothing more (measured on
        # kombu 5.7.0). RabbitMQ knows no disable_prefetch and has its own QoS of 1.
        "worker_prefetch_multiplier": 0 if uses_redis(settings.broker) else 1,
        "worker_disable_prefetch": uses_redis(settings.broker),
        # Work is fenced in Postgres; killing inference for a moment without the broker wastes it.
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        # Bounds SIGQUIT. SIGTERM drains instead, see services/worker/process/shutdown.py.
        "worker_soft_shutdown_timeout": settings.queue.soft_shutdown_s,
        # How long a dead child's result is waited for before its loss is reported.
        "worker_lost_wait": 1.0,
        "worker_max_tasks_per_child": TASKS_PER_CHILD,
        "worker_max_memory_per_child": round(settings.worker.max_memory_mb * KIB_PER_MB),
        "worker_proc_alive_timeout": MODEL_LOAD_S,
        # Needless messages; and the pidbox' fanout bindings are lost with a FLUSHALL (kombu#1063).
        "worker_send_task_events": False,
        "worker_enable_remote_control": False,
        # Our own handlers format the lines (services/common/telemetry).
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
    }
