"""Metrics as Prometheus reads them."""

from prometheus_client.parser import text_string_to_metric_families

from services.common.telemetry import Metrics


class TestMetrics:
    def test_count_what_is_counted(self) -> None:
        metrics = Metrics()
        metrics.http_requests.labels(method="GET", route="/v1/jobs/{job_id}", status="200").inc()
        metrics.items.labels(outcome="decode_failed").inc(2)
        metrics.queue_depth.labels(lane="batch").set(7)
        metrics.stage_seconds.labels(stage="detect").observe(0.03)
        route = {"method": "GET", "route": "/v1/jobs/{job_id}", "status": "200"}
        assert metrics.value("hfer_http_requests_total", **route) == 1
        assert metrics.value("hfer_items_total", outcome="decode_failed") == 2
        assert metrics.value("hfer_queue_depth", lane="batch") == 7
        assert metrics.value("hfer_stage_seconds_bucket", stage="detect", le="0.05") == 1
        assert metrics.value("hfer_stage_seconds_bucket", stage="detect", le="0.025") == 0

    def test_are_nobody_elses(self) -> None:
        first, second = Metrics(), Metrics()
        first.claims.labels(lane="batch").inc()
        assert first.value("hfer_claims_total", lane="batch") == 1
        assert second.value("hfer_claims_total", lane="batch") == 0

    def test_read_as_prometheus_text(self) -> None:
        metrics = Metrics()
        metrics.lease_expiries.labels(result="ready").inc()
        families = list(text_string_to_metric_families(metrics.render().decode()))
        names = {family.name for family in families}
        assert {"hfer_lease_expiries", "process_resident_memory_bytes"} <= names
        assert all(family.documentation for family in families)
        assert metrics.content_type.startswith("text/plain")

    def test_show_only_what_this_process_has_to_tell(self) -> None:
        metrics = Metrics()
        metrics.show(Metrics.upload_bytes)
        text = metrics.render().decode()
        assert "hfer_upload_bytes_total 0.0" in text
        assert "hfer_live_workers" not in text  # not 0: nobody has looked
        metrics.live_workers.set(2)
        assert "hfer_live_workers 2.0" in metrics.render().decode()
