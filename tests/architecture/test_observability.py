"""Rules, dashboards, runbook and code speak of the same metrics and alerts."""

import json
import re
from collections import Counter as Tally
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.common.telemetry import Metrics

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "infra/prometheus/rules").glob("*.yml"))
DASHBOARDS = sorted((ROOT / "infra/grafana/dashboards").glob("*.json"))
RUNBOOK = ROOT / "docs/runbook.md"
PAGE = ROOT / "docs/observability.md"
# Of prometheus_client's ProcessCollector, and of Prometheus itself.
FOREIGN = {
    "up",
    "process_resident_memory_bytes",
    "process_cpu_seconds_total",
    "process_open_fds",
    "process_start_time_seconds",
}
SERIES = {name for family in Metrics.families() for name in family.series}
LABELS = {label for family in Metrics.families() for label in family.labels}


def rules(kind: str) -> list[dict[str, Any]]:
    groups = [group for path in RULES for group in yaml.safe_load(path.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"] if kind in rule]


def dashboard_queries() -> list[str]:
    panels = [panel for path in DASHBOARDS for panel in json.loads(path.read_text())["panels"]]
    return [target["expr"] for panel in panels for target in panel.get("targets", [])]


RECORDED = {rule["record"] for rule in rules("record")}
QUERIES = [rule["expr"] for kind in ("record", "alert") for rule in rules(kind)]
QUERIES += dashboard_queries()


def unknown_names(query: str) -> set[str]:
    """Which metrics of a query nothing shows."""
    bare = re.sub(r'"[^"]*"', '""', query)
    names = set(re.findall(r"\b(?:hfer|process)_[a-z0-9_]+|\bhfer:[a-z0-9_:]+", bare))
    return names - SERIES - RECORDED - FOREIGN


def unknown_labels(query: str) -> set[str]:
    """Which labels of a query none of our metrics has."""
    bare = re.sub(r'"[^"]*"', '""', query)
    used = set(re.findall(r"[{,]\s*([a-z_]+)\s*(?:=~|!~|!=|=)", bare))
    for listed in re.findall(r"\b(?:by|without|on)\s*\(([^)]*)\)", bare):
        used |= {name.strip() for name in listed.split(",") if name.strip()}
    return used - LABELS - {"job", "instance", "le"}


@pytest.mark.parametrize("query", QUERIES)
def test_asks_only_for_what_the_code_shows(query: str) -> None:
    assert not unknown_names(query)
    assert not unknown_labels(query)
    assert query.count("(") == query.count(")")


def test_would_see_a_misspelt_name() -> None:
    assert unknown_names("rate(hfer_item_total[5m]) + hfer:nonsense") == {
        "hfer_item_total",
        "hfer:nonsense",
    }
    assert unknown_labels('sum by (lanes) (hfer_queue_depth{lane="batch"})') == {"lanes"}


@pytest.mark.parametrize("alert", rules("alert"), ids=lambda alert: alert["alert"])
def test_an_alert_tells_what_to_do(alert: dict[str, Any]) -> None:
    anchor = alert["alert"].lower()
    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert re.fullmatch(r"\d+[smh]", alert["for"])
    assert alert["annotations"]["summary"]
    assert alert["annotations"]["description"]
    assert alert["annotations"]["runbook_url"] == f"docs/runbook.md#{anchor}"
    section = RUNBOOK.read_text().partition(f"\n## {alert['alert']}\n")[2].partition("\n## ")[0]
    for part in ("**Means.**", "**Check.**", "**Cure.**"):
        assert part in section


def test_the_runbook_has_no_section_without_an_alert() -> None:
    sections = re.findall(r"^## (\w+)$", RUNBOOK.read_text(), re.MULTILINE)
    assert sorted(sections) == sorted(rule["alert"] for rule in rules("alert"))


def test_the_runbook_asks_only_for_what_the_code_shows() -> None:
    assert not unknown_names(" ".join(re.findall(r"`([^`]*)`", RUNBOOK.read_text())))


def test_names_of_rules_and_groups_are_given_once() -> None:
    groups = [
        group["name"] for path in RULES for group in yaml.safe_load(path.read_text())["groups"]
    ]
    names = [
        rule.get("alert") or rule["record"] for kind in ("alert", "record") for rule in rules(kind)
    ]
    assert max(Tally(groups).values()) == 1
    assert max(Tally(names).values()) == 1


def test_the_page_explains_every_metric_and_no_other() -> None:
    rows = re.findall(r"^\| `(hfer_\w+)` \| (\w+) \| ([^|]*) \|", PAGE.read_text(), re.MULTILINE)
    told = {name: (kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    assert told == {
        family.series[0] if family.kind.__name__ == "Counter" else family.name: (
            family.kind.__name__.lower(),
            family.labels,
        )
        for family in Metrics.families()
    }


def test_names_follow_the_conventions() -> None:
    for family in Metrics.families():
        assert re.fullmatch(r"hfer_[a-z]+(_[a-z]+)*", family.name)
        assert not re.search(r"_(ms|millis|milliseconds|kb|mb)$", family.name)
        assert family.kind.__name__ == "Counter" or not family.name.endswith("_total")


def test_scrapes_the_processes_under_their_names_and_ports() -> None:
    config = yaml.safe_load((ROOT / "infra/prometheus/prometheus.yml").read_text())
    targets = {
        job["job_name"]: (job["dns_sd_configs"][0]["names"], job["dns_sd_configs"][0]["port"])
        for job in config["scrape_configs"]
    }
    assert targets == {
        "api": (["api"], 8000),
        "worker-cpu": (["worker-cpu"], 9101),
        "worker-gpu": (["worker-gpu"], 9101),
        "maintenance": (["maintenance"], 9102),
        "ingest": (["ingest"], 9103),
    }


def test_asks_only_for_jobs_that_are_scraped() -> None:
    """Of an unknown job ``absent(up{job=…})`` would be true for ever."""
    named = {job for query in QUERIES for job in re.findall(r'\bjob="([^"]+)"', query)}
    config = yaml.safe_load((ROOT / "infra/prometheus/prometheus.yml").read_text())
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    scraped = {job["job_name"] for job in config["scrape_configs"]}
    assert named <= scraped <= compose.keys()


def test_pods_are_scraped_under_the_same_job_names() -> None:
    path = ROOT / "infra/k8s/components/monitoring/monitors.yaml"
    [pods] = [each for each in yaml.safe_load_all(path.read_text()) if each["kind"] == "PodMonitor"]
    # Without it the operator names the job after namespace and monitor: hfer/workers.
    assert pods["spec"]["jobLabel"] == "app.kubernetes.io/name"


def test_every_panel_names_the_provisioned_datasource() -> None:
    folder = ROOT / "infra/grafana/provisioning/datasources"
    (source,) = yaml.safe_load((folder / "prometheus.yml").read_text())["datasources"]
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", []):
                assert target["datasource"]["uid"] == source["uid"]
