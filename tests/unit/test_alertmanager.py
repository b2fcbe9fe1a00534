"""Routing of alerts: by severity, and one page for one cause. Checked with the real Alertmanager and its tool."""

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from embedded.ports import free_ports
from tests.unit.test_alerts import ALERTS, PROMETHEUS, ROOT

CONFIG = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
AMTOOL = shutil.which("amtool")
ALERTMANAGER = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
STARTS = 60.0  # seconds

Labels = dict[str, str]
STUCK = [{"alertname": name} for name in ("OrdersNeedAttention", "CompensationFailing", "MoneyOwedLong")]
# Alerts that fire when one dependency is away, and the notifications that are sent.
CAUSES: dict[str, tuple[list[Labels], list[str]]] = {
    "carrier": (
        [
            {"alertname": "CarrierDown"},
            {"alertname": "OrderStuck", "status": "paid"},
            {"alertname": "StepFailures", "step": "create-shipment", "kind": "GatewayUnavailable"},
            *STUCK,
        ],
        ["CarrierDown"],
    ),
    "payment provider": (
        [
            {"alertname": "PaymentsDown"},
            {"alertname": "OrderStuck", "status": "confirmed"},
            {"alertname": "StepFailures", "step": "charge-payment", "kind": "GatewayUnavailable"},
            *STUCK,
        ],
        ["PaymentsDown"],
    ),
    "database": (
        [
            {"alertname": "StateUnknown", "source": "database"},
            {"alertname": "ApiErrors", "method": "POST", "route": "/v1/orders"},
            {"alertname": "ReaderWithoutOwner", "reader": "dispatcher"},
            {"alertname": "StepFailures", "step": "record-payment", "kind": "ConnectionDoesNotExistError"},
            {"alertname": "AttentionUnknown"},
        ],
        ["StateUnknown"],
    ),
    "Temporal": (
        [
            {"alertname": "StateUnknown", "source": "temporal"},
            {"alertname": "ReaderLag", "reader": "dispatcher"},
            {"alertname": "OrderStuck", "status": "placed"},
            {"alertname": "AttentionUnknown"},
        ],
        ["StateUnknown"],
    ),
    "every process": (
        [{"alertname": "ScrapeFailing", "job": "orders"}, {"alertname": "ReaderWithoutOwner", "reader": "dispatcher"}],
        ["ScrapeFailing"],
    ),
    "the dispatcher's process": (
        [
            {"alertname": "ReaderWithoutOwner", "reader": "dispatcher"},
            {"alertname": "ReaderLag", "reader": "dispatcher"},
            {"alertname": "OrderStuck", "status": "placed"},
        ],
        ["ReaderWithoutOwner"],
    ),
    "workers": (
        [
            {"alertname": "TaskQueueBacklog", "task_queue": "orders-payments", "type": "activity"},
            {"alertname": "OrderStuck", "status": "confirmed"},
        ],
        ["TaskQueueBacklog"],
    ),
    "the books": ([{"alertname": "AuditFailed"}, {"alertname": "AuditOld"}], ["AuditFailed"]),
    "nothing in common": (
        [
            {"alertname": "CarrierDown"},
            {"alertname": "OrderLost"},
            {"alertname": "RefundFailed"},
            {"alertname": "AuditFailed"},
            {"alertname": "ApiErrors", "method": "POST", "route": "/v1/orders"},
            {"alertname": "ScrapeFailing", "instance": "10.0.0.3:9464", "job": "orders"},
            {"alertname": "ReaderWithoutOwner", "reader": "dispatcher"},
            {"alertname": "ReaderLag", "reader": "order-dashboard"},
            {"alertname": "StepFailures", "step": "charge-payment", "kind": "GatewayUnavailable"},
        ],
        [
            "ApiErrors",
            "AuditFailed",
            "CarrierDown",
            "OrderLost",
            "ReaderLag",
            "ReaderWithoutOwner",
            "RefundFailed",
            "ScrapeFailing",
            "StepFailures",
        ],
    ),
}


def amtool(*arguments: str) -> str:
    assert AMTOOL
    ended = subprocess.run((AMTOOL, *arguments), capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout.strip()


def severity_of(alert: str) -> str:
    return next(str(rule["labels"]["severity"]) for rule in ALERTS if rule["alert"] == alert)


@pytest.mark.skipif(AMTOOL is None, reason="needs amtool, which comes with Alertmanager")
@pytest.mark.parametrize(
    ("labels", "receiver"), [("severity=page", "page"), ("severity=ticket", "ticket"), ("alertname=Unheard", "page")]
)
def test_each_severity_has_its_receiver_and_an_alert_without_one_is_a_page(labels: str, receiver: str) -> None:
    amtool("check-config", str(CONFIG))
    assert amtool("config", "routes", "test", f"--config.file={CONFIG}", labels) == receiver


def test_prometheus_sends_to_the_service_and_the_port_of_compose() -> None:
    service = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["alertmanager"]
    [target] = yaml.safe_load(PROMETHEUS.read_text())["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
    assert target == "alertmanager:9093"
    assert service["ports"] == ["127.0.0.1:9093:9093"]
    assert "./deploy/alertmanager:/etc/alertmanager:ro" in service["volumes"]
    assert service["profiles"] == ["observability"]


def test_every_alert_that_is_inhibited_or_inhibits_exists() -> None:
    names = {str(rule["alert"]) for rule in ALERTS}
    for rule in yaml.safe_load(CONFIG.read_text())["inhibit_rules"]:
        for matcher in (*rule["source_matchers"], *rule["target_matchers"]):
            label, _, value = matcher.partition("=")
            if label == "alertname":
                assert set(value.lstrip("~").strip('"').split("|")) <= names


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of an Alertmanager with our configuration, without real receivers."""
    if ALERTMANAGER is None:
        pytest.skip("needs Alertmanager")
    folder = tmp_path_factory.mktemp("alertmanager")
    address = f"127.0.0.1:{free_ports(1)[0]}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            (
                *(ALERTMANAGER, f"--config.file={CONFIG}", f"--storage.path={folder / 'data'}"),
                *(f"--web.listen-address={address}", "--cluster.listen-address="),
            ),
            stdout=log,
            stderr=log,
        )
        try:
            _wait_until_ready(address, folder / "log")
            yield address
        finally:
            process.terminate()
            process.wait(30)


def _wait_until_ready(address: str, log: Path) -> None:
    end = time.monotonic() + STARTS
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"http://{address}/-/ready", timeout=5).close()
            return
        except urllib.error.URLError:
            time.sleep(0.1)
    raise AssertionError(f"Alertmanager is not ready within {STARTS} s: {log.read_text()}")


def _call(address: str, body: object = None) -> Any:
    request = urllib.request.Request(
        f"http://{address}/api/v2/alerts",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read() or b"null")


def _sent(address: str, case: str, number: int) -> list[str] | None:
    """Names of the case's alerts that are not inhibited, once all of them were processed; None before that."""
    found = [each for each in _call(address) if each["labels"].get("case") == case]
    if len(found) < number or any(each["status"]["state"] == "unprocessed" for each in found):
        return None
    return sorted(each["labels"]["alertname"] for each in found if not each["status"]["inhibitedBy"])


@pytest.mark.parametrize("cause", CAUSES)
def test_one_cause_is_one_alert_and_hides_none_of_another_cause(alertmanager: str, cause: str) -> None:
    fire, expected = CAUSES[cause]
    alerts = [{"labels": {**each, "severity": severity_of(each["alertname"]), "case": cause}} for each in fire]
    _call(alertmanager, alerts)
    sent = None
    end = time.monotonic() + STARTS
    while sent != expected and time.monotonic() < end:
        sent = _sent(alertmanager, cause, len(fire))
        time.sleep(0.1)
    ended = [alert | {"endsAt": "2026-01-01T00:00:00Z", "startsAt": "2025-12-31T00:00:00Z"} for alert in alerts]
    _call(alertmanager, ended)  # so that no other case is inhibited by it
    assert sent == expected
