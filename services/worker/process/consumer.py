"""Celery's consumer without native delayed delivery.

Celery 5.7 declares 28 quorum queues and 29 exchanges at each start of a worker that consumes
quorum queues, for tasks with a countdown. We send none: a retry's time stands in Postgres. And
``worker_detect_quorum_queues = False`` would bring back the global QoS, which they refuse.
"""

from celery.worker.consumer import Consumer

DELAYED_DELIVERY = "celery.worker.consumer.delayed_delivery:DelayedDelivery"


class HintConsumer(Consumer):  # type: ignore[misc]  # celery ships no types
    """Consumes hints; declares the queues that it listens to and nothing else."""

    class Blueprint(Consumer.Blueprint):  # type: ignore[misc]  # celery ships no types
        """Celery's steps but one."""

        default_steps = tuple(
            step for step in Consumer.Blueprint.default_steps if step != DELAYED_DELIVERY
        )
