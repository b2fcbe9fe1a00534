"""docker-compose.yml: the requirements of each service are declared, and every given setting is read."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from embedded.temporal import SEARCH_ATTRIBUTES, SERVER_SETTINGS
from settings import Settings, load_settings
from web.address import listening_address
from web.keys import Role, keyring

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("migrate", "worker", "more-workers", "api")
ONE_SHOT = ("migrate", "temporal-schema", "temporal-namespace")
TEMPORALS_OWN = {"TEMPORAL_NAMESPACE"}
POSTGRESQLS_OWN = {"PGPASSWORD"}
NAMESPACE_SCRIPT = (ROOT / "deploy" / "temporal" / "setup-namespace.sh").read_text()


VERSION, DIGEST = r":v?\d+\.\d+(\.\d+)?(-[\w-]+)?", r"@sha256:[0-9a-f]{64}"


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_pinned_to_a_version_and_every_foreign_one_to_its_content(name: str) -> None:
    built_here = "build" in SERVICES[name] or SERVICES[name]["image"] == SERVICES["migrate"]["image"]
    assert re.search(VERSION + ("$" if built_here else f"{DIGEST}$"), SERVICES[name]["image"])


def test_the_image_is_built_on_one_content_of_its_base() -> None:
    bases = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.search(VERSION + DIGEST + "$", bases[0])


def test_one_tag_has_one_digest() -> None:
    digests: dict[str, set[str]] = {}
    for service in SERVICES.values():
        tag, _, digest = service["image"].partition("@")
        digests.setdefault(tag, set()).add(digest)
    assert {tag: each for tag, each in digests.items() if len(each) > 1} == {}


def test_temporals_server_and_its_tools_are_of_one_version() -> None:
    versions = {
        service["image"].partition("@")[0].rpartition(":")[2]
        for service in SERVICES.values()
        if service["image"].startswith(("temporalio/server", "temporalio/admin-tools"))
    }
    assert len(versions) == 1


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_waits_for_a_state_that_the_other_one_can_reach(name: str) -> None:
    for other, wait in SERVICES[name].get("depends_on", {}).items():
        if other in ONE_SHOT:
            assert wait["condition"] == "service_completed_successfully"
            assert SERVICES[other]["restart"].startswith("on-failure")
        else:
            assert wait["condition"] == "service_healthy"
            assert SERVICES[other]["healthcheck"]["test"]


def test_nothing_starts_before_what_it_needs() -> None:
    def needs(name: str) -> set[str]:
        direct = set(SERVICES[name].get("depends_on", {}))
        return direct.union(*(needs(each) for each in direct))

    assert {"postgres", "migrate", "temporal-postgres", "temporal", "temporal-namespace"} <= needs("worker")
    assert needs("worker") == needs("more-workers")
    assert {"temporal-postgres", "temporal-schema"} <= needs("temporal")


@pytest.mark.parametrize("name", OURS)
def test_our_services_are_given_only_what_our_settings_or_temporals_read(name: str) -> None:
    known = {str(field.alias) for field in Settings.model_fields.values()} | TEMPORALS_OWN | POSTGRESQLS_OWN
    given = {each for each in SERVICES[name]["environment"] if not each.startswith("OTEL_")}
    assert given <= known


@pytest.mark.parametrize("name", ["worker", "more-workers", "api"])
@pytest.mark.parametrize(
    "variable",
    ["TEMPORAL_DEPLOYMENT_NAME", "TEMPORAL_WORKER_BUILD_ID", "OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT"],
)
def test_versioning_and_traces_reach_every_process(name: str, variable: str) -> None:
    assert SERVICES[name]["environment"][variable].startswith(f"${{{variable}:-")


@pytest.mark.parametrize("name", OURS)
def test_no_password_is_part_of_an_address(name: str) -> None:
    environment = SERVICES[name]["environment"]
    assert "PASSWORD" not in environment["DATABASE_URL"]
    assert "PASSWORD" in environment["PGPASSWORD"]


def test_an_environment_of_empty_variables_is_that_of_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SERVICES["worker"]["environment"].items():
        if name != "PGPASSWORD":
            monkeypatch.setenv(name, re.sub(r"\$\{\w+:-(.*)\}", r"\1", value))
    settings = load_settings()
    assert (settings.versioned, settings.traces_exporter, settings.payments) == (False, "none", "simulated")


def test_worker_and_set_up_agree_on_the_namespace_and_the_address() -> None:
    worker, namespace = SERVICES["worker"]["environment"], SERVICES["temporal-namespace"]["environment"]
    assert worker["TEMPORAL_NAMESPACE"] == namespace["TEMPORAL_NAMESPACE"]
    assert worker["TEMPORAL_ADDRESS"] == namespace["TEMPORAL_ADDRESS"]


def test_the_api_is_given_keys_as_others_can_reach_it_and_is_found_well_only_once_it_can_serve() -> None:
    api = SERVICES["api"]
    values = {name: re.sub(r"\$\{\w+:-(.*)\}", r"\1", value) for name, value in api["environment"].items()}
    settings = Settings.model_validate({name: value for name, value in values.items() if value})
    port = str(listening_address(settings).port)
    assert keyring(settings).caller("Bearer for-a-laptop-only").role is Role.OPERATE
    assert api["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert f"127.0.0.1:{port}/readyz" in api["healthcheck"]["test"][-1]


def test_a_worker_may_finish_before_it_is_killed() -> None:
    for name in ("worker", "more-workers"):
        limit = float(SERVICES[name]["environment"]["ORDERS_SHUTDOWN_SECONDS"])
        grace = float(SERVICES[name]["stop_grace_period"].removesuffix("s"))
        assert grace >= limit + 10


def test_only_the_migration_is_given_the_owners_password() -> None:
    given = [name for name in OURS if "OWNER_PASSWORD" in SERVICES[name]["environment"]["PGPASSWORD"]]
    assert given == ["migrate"]


def test_both_databases_keep_their_data_in_a_volume_with_a_name() -> None:
    for name in ("postgres", "temporal-postgres"):
        volume = f"{name}-data"
        assert f"{volume}:/var/lib/postgresql/data" in SERVICES[name]["volumes"]
        assert volume in COMPOSE["volumes"]


def test_no_port_is_open_to_the_network() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_every_mounted_file_of_ours_exists() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", []) if mount.startswith("./")]
    assert all((ROOT / mount.partition(":")[0]).is_dir() for mount in mounts)
    for service in SERVICES.values():
        for argument in service.get("entrypoint", [])[1:]:
            assert (ROOT / "deploy" / "temporal" / Path(argument).name).is_file()


def test_the_namespace_gets_every_search_attribute_of_the_workflows() -> None:
    made = dict(re.findall(r"make_attribute (\w+) (\w+)", NAMESPACE_SCRIPT))
    assert made == SEARCH_ATTRIBUTES


def test_the_server_gets_the_settings_of_the_development_server() -> None:
    settings = yaml.safe_load((ROOT / "deploy" / "temporal" / "dynamic-config.yaml").read_text())
    assert {name: str(values[0]["value"]) for name, values in settings.items()} == SERVER_SETTINGS
