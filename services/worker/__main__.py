"""``python -m services.worker``: the Celery worker with the one right set of options."""

import logging
import os
import socket
import sys

from services.common.config import Settings
from services.common.environment import read_or_exit
from services.worker.process.multiprocess_metrics import share_metrics

# Set before any numerical library loads, in children that inherit them: each has its own share
# of the cores through the engines' own thread settings.
SINGLE_THREADED = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> int:
    """Run the worker until a signal ends it; its exit code."""
    settings = read_or_exit(Settings)
    share_metrics(settings.telemetry)
    # Not before: what they import reads the variable that this sets.
    from services.worker.app import create_app
    from services.worker.process.devices import device_of, queues_of

    for name in SINGLE_THREADED:
        os.environ.setdefault(name, str(settings.worker.threads))
    # Only what is missing: whoever started the worker nicer than that meant it.
    os.nice(max(0, settings.worker.niceness - os.nice(0)))
    device = device_of(settings)
    worker = create_app(settings).Worker(
        hostname=f"{device}-{os.getpid()}@{socket.gethostname()}",
        pool="prefork",  # the only pool with time limits, crash isolation and a drain (measured)
        concurrency=settings.worker.concurrency,
        queues=[queue.value for queue in queues_of(device)],
        loglevel=logging.getLevelName(settings.telemetry.level),
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        task_events=False,
        quiet=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


if __name__ == "__main__":
    sys.exit(main())
