"""Where the time of a batch goes: into the histograms, and below the chunk in its trace."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from services.common.telemetry import Metrics, Span
from services.vision.stages import listening


class StageTimer:
    """Times the stages of one batch of a chunk."""

    def __init__(self, metrics: Metrics, span: Span) -> None:
        self._metrics = metrics
        self._span = span

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the block as one stage."""
        started_ns, begun = time.time_ns(), time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - begun
            self._metrics.stage_seconds.labels(name).observe(seconds)
            ended_ns = started_ns + round(seconds * 1e9)
            self._span.stage(name, started_ns=started_ns, ended_ns=ended_ns)

    @contextmanager
    def analysis(self, *, photos: int) -> Iterator[None]:
        """Time the block as ``analyse``, and the pipeline's own stages within it."""
        if not photos:
            yield
            return
        self._metrics.batch_photos.observe(photos)
        with listening() as times:
            try:
                with self.stage("analyse"):
                    yield
            finally:
                for name, part in times.stages.items():
                    self._metrics.stage_seconds.labels(name).observe(part.busy_s)
                    self._span.stage(
                        name,
                        started_ns=part.started_ns,
                        ended_ns=part.ended_ns,
                        **{"hfer.busy_seconds": part.busy_s, "hfer.photos": photos},
                    )
