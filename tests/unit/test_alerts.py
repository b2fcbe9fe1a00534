"""Alert rules and dashboard: well-formed, each alert has its section in docs/operations.md and fires when it should."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from open_work.kinds import KINDS

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "alerts.yml"
PROMETHEUS = ROOT / "deploy" / "prometheus" / "prometheus.yml"
ALERTS: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]
]
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy" / "grafana" / "dashboards" / "orders.json").read_text())
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
PROMTOOL = shutil.which("promtool")
METRIC = re.compile(r"\b(?:orders|temporal|process)_[a-z_]+\b")


def expressions() -> dict[str, str]:
    """PromQL expressions, by their place."""
    asked = {f"alert {rule['alert']}": str(rule["expr"]) for rule in ALERTS}
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", []):
            asked[f"panel {panel['title']} {target['refId']}"] = str(target["expr"])
    return asked


def test_every_alert_says_how_bad_it_is_and_what_to_type() -> None:
    assert len({rule["alert"] for rule in ALERTS}) == len(ALERTS) > 10
    for rule in ALERTS:
        assert set(rule) <= {"alert", "expr", "for", "keep_firing_for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert set(rule["annotations"]) == {"summary", "description"}
        assert rule["annotations"]["description"].endswith(f"docs/operations.md#{rule['alert'].lower()}")


def test_every_kind_of_attention_that_harms_has_an_alert() -> None:
    """A parked event has an alert by its own metric; a hold is a person's wish."""
    alerted = set(re.findall(r'orders_attention\{kind="(\w+)"\}', RULES.read_text()))
    assert alerted == set(KINDS) - {"parked", "onHold"}


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: str(rule["alert"]))
def test_every_alert_has_a_section_that_says_what_it_means_what_to_look_at_and_what_to_type(
    rule: dict[str, Any],
) -> None:
    section = re.search(rf"^#### {rule['alert']}\n(.*?)(?=^#)", OPERATIONS, re.MULTILINE | re.DOTALL)
    assert section, f"docs/operations.md has no section {rule['alert']}"
    assert len(section[1].split()) > 25
    assert "`" in section[1], "nothing to type"


def test_every_metric_that_is_asked_for_is_described() -> None:
    described = set(re.findall(r"`((?:orders|temporal|process)_[a-z_]+)", OPERATIONS))
    plain = {
        re.sub(r"_(bucket|count|sum)$", "", name) for text in expressions().values() for name in METRIC.findall(text)
    }
    assert {name for name in plain if name.startswith("orders_")} <= described, plain - described


def test_the_dashboard_is_one_that_grafana_can_take() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    assert {"uid", "title", "schemaVersion", "panels"} <= set(DASHBOARD)
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        assert panel["type"] == "row" or (panel["targets"] and panel["description"])
        for target in panel.get("targets", []):
            assert target["datasource"]["uid"] == "prometheus"
    sources = yaml.safe_load((ROOT / "deploy/grafana/provisioning/datasources/prometheus.yml").read_text())[
        "datasources"
    ]
    assert [source["uid"] for source in sources] == ["prometheus"]


def test_prometheus_scrapes_the_ports_that_our_services_listen_on() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    scraped = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    ports = {job["job_name"]: job["dns_sd_configs"][0]["port"] for job in scraped["scrape_configs"]}
    environment = compose["worker"]["environment"]
    assert environment["ORDERS_METRICS_ADDRESS"].endswith(f":{ports['orders']}")
    assert environment["ORDERS_TEMPORAL_METRICS_ADDRESS"].endswith(f":{ports['temporal-sdk']}")
    assert scraped["rule_files"] == ["/etc/prometheus/alerts.yml"]


@pytest.mark.skipif(PROMTOOL is None, reason="needs promtool, which comes with Prometheus")
def test_every_alert_fires_when_it_should_and_none_when_all_is_well(tmp_path: Path) -> None:
    assert PROMTOOL
    test = tmp_path / "alerts_test.yml"
    test.write_text((Path(__file__).with_name("alerts_test.yml")).read_text().replace("ALERTS]", f"{RULES}]"))
    config = tmp_path / "prometheus.yml"
    config.write_text(PROMETHEUS.read_text().replace("/etc/prometheus/alerts.yml", str(RULES)))
    for arguments in (("check", "rules", str(RULES)), ("check", "config", str(config)), ("test", "rules", str(test))):
        ended = subprocess.run((PROMTOOL, *arguments), capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr
