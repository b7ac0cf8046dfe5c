"""One metric as an attribute of a class: declared once, made at its first use.

A process shows only what it has touched. A gauge of another process' business would otherwise
are 0 in each of them, and "no live workers" would hold in every API.
"""

import threading
from collections.abc import Iterator, Sequence
from typing import Any, Generic, Self, TypeVar, overload

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import GaugeMetricFamily

M = TypeVar("M", bound=Counter | Gauge | Histogram)

PREFIX = "hfer_"


class Family(Generic[M]):
    """Declares a metric. Read from an instance of `MetricSet` it is the real one.

    Attributes:
        name: with the prefix, as it is exposed but for the suffixes of counters and histograms.
        text: what it counts, in a few words.
        labels: names of its labels.
        attribute: what the class calls it.
    """

    def __init__(
        self,
        kind: type[M],
        name: str,
        text: str,
        labels: tuple[str, ...],
        **options: Any,
    ) -> None:
        self.kind = kind
        self.name = PREFIX + name
        self.text = text
        self.labels = labels
        self.attribute = ""
        self._options = options

    def __set_name__(self, _owner: type, attribute: str) -> None:
        self.attribute = attribute

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: "MetricSet", owner: type) -> M: ...
    def __get__(self, instance: "MetricSet | None", owner: type) -> Self | M:
        if instance is None:
            return self
        made: M = instance.made(self)
        return made

    def make(self, registry: CollectorRegistry) -> M:
        """Register it."""
        return self.kind(self.name, self.text, self.labels, registry=registry, **self._options)

    def sample(self, value: float) -> GaugeMetricFamily:
        """Return one value of an unlabelled gauge, for a collector that knows it when asked."""
        return GaugeMetricFamily(self.name, self.text, value=value)

    @property
    def series(self) -> tuple[str, ...]:
        """The names that queries use."""
        if self.kind is Counter:
            return (f"{self.name}_total",)
        if self.kind is Histogram:
            return tuple(f"{self.name}_{part}" for part in ("bucket", "sum", "count"))
        return (self.name,)


def counter(name: str, text: str, *labels: str) -> Family[Counter]:
    """Declare a counter; ``_total`` is added to its name."""
    return Family(Counter, name, text, labels)


def gauge(name: str, text: str, *labels: str, across: str = "livemax") -> Family[Gauge]:
    """Declare a gauge; ``across`` joins those of the children of a worker that live."""
    return Family(Gauge, name, text, labels, multiprocess_mode=across)


def histogram(name: str, text: str, *labels: str, buckets: Sequence[float]) -> Family[Histogram]:
    """Declare a histogram."""
    return Family(Histogram, name, text, labels, buckets=buckets)


class MetricSet:
    """The metrics of one process in a registry of its own: two of them never meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        self._made: dict[str, Any] = {}
        self._lock = threading.Lock()

    @classmethod
    def families(cls) -> Iterator["Family[Any]"]:
        """Every metric there is, whatever process shows it."""
        for owner in reversed(cls.__mro__):
            for member in vars(owner).values():
                if isinstance(member, Family):
                    yield member

    def made(self, family: "Family[M]") -> M:
        """Return the metric of a family, made if this is its first use."""
        found: M | None = self._made.get(family.name)
        if found is None:
            with self._lock:
                found = self._made.get(family.name) or family.make(self.registry)
                self._made[family.name] = found
        return found

    def show(self, *families: "Family[Any]") -> None:
        """Expose these from now on, before they are first counted: a rate needs the 0."""
        for family in families:
            self.made(family)

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
