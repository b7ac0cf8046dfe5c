"""Sums over children that come and go, from files as prometheus_client writes them."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.mmap_dict import MmapedDict, mmap_key

from services.common.telemetry_settings import TelemetrySettings
from services.worker.process.multiprocess_metrics import (
    FOLDER_VARIABLE,
    ChildrenCollector,
    remove_shared,
    share_metrics,
    shared_folder,
)


def write(folder: Path, kind: str, pid: int, name: str, value: float, **labels: str) -> None:
    family = name.removesuffix("_total").removesuffix("_bucket").removesuffix("_sum")
    file = MmapedDict(str(folder / f"{kind}_{pid}.db"))
    file.write_value(mmap_key(family, name, list(labels), list(labels.values()), "x"), value, 0.0)
    file.close()


class Children:
    """The live children, as psutil shows them."""

    def __init__(self) -> None:
        self.rss: dict[int, int] = {}

    def __call__(self) -> list[Any]:
        return [
            SimpleNamespace(pid=pid, memory_info=lambda rss=rss: SimpleNamespace(rss=rss))
            for pid, rss in self.rss.items()
        ]


class TestChildrenCollector:
    @pytest.fixture
    def children(self) -> Children:
        return Children()

    @pytest.fixture
    def registry(self, tmp_path: Path, children: Children) -> CollectorRegistry:
        registry = CollectorRegistry()
        registry.register(ChildrenCollector(tmp_path, memory_limit_bytes=900, children=children))
        return registry

    def test_sums_counters_and_histograms(
        self, tmp_path: Path, registry: CollectorRegistry, children: Children
    ) -> None:
        children.rss = {11: 100, 12: 300}
        for pid, photos in ((11, 3), (12, 4)):
            write(tmp_path, "counter", pid, "hfer_items_total", photos, outcome="succeeded")
            write(tmp_path, "histogram", pid, "hfer_stage_seconds_bucket", photos, le="0.5")
        value = registry.get_sample_value
        assert value("hfer_items_total", {"outcome": "succeeded"}) == 7
        assert value("hfer_stage_seconds_bucket", {"le": "0.5"}) == 7
        assert value("hfer_stage_seconds_count") == 7

    def test_the_dead_keep_their_counts_and_lose_their_gauges(
        self, tmp_path: Path, registry: CollectorRegistry, children: Children
    ) -> None:
        children.rss = {11: 100, 12: 300}
        for pid, version in ((11, "old"), (12, "new")):
            write(tmp_path, "counter", pid, "hfer_faces_total", 5)
            write(tmp_path, "histogram", pid, "hfer_stage_seconds_bucket", 5, le="0.5")
            write(tmp_path, "gauge_livemax", pid, "hfer_model_info", 1, version=version)
        value = registry.get_sample_value
        assert value("hfer_model_info", {"version": "old"}) == 1
        del children.rss[11]
        for _ in range(2):  # folded once, not with every scrape
            assert value("hfer_faces_total") == 10
            assert value("hfer_stage_seconds_count") == 10
            assert value("hfer_model_info", {"version": "old"}) is None
            assert value("hfer_model_info", {"version": "new"}) == 1
        names = sorted(path.name for path in tmp_path.iterdir())
        assert names == [
            "counter_12.db",
            "counter_gone.db",
            "gauge_livemax_12.db",
            "histogram_12.db",
            "histogram_gone.db",
        ]

    def test_tells_memory_and_its_limit(
        self, registry: CollectorRegistry, children: Children
    ) -> None:
        children.rss = {11: 100, 12: 300}
        value = registry.get_sample_value
        assert value("hfer_worker_children") == 2
        assert value("hfer_worker_rss_bytes") == 300
        assert value("hfer_worker_rss_limit_bytes") == 900
        children.rss = {}
        assert value("hfer_worker_rss_bytes") == 0


class TestFolder:
    def test_is_chosen_with_a_port_and_removed_at_the_end(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(FOLDER_VARIABLE, "")  # restored after the test
        share_metrics(TelemetrySettings())
        assert shared_folder() is None
        share_metrics(TelemetrySettings(metrics_port=9101))
        folder = shared_folder()
        assert folder is not None
        assert folder.is_dir()
        remove_shared()
        assert not folder.exists()
