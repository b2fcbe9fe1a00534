"""deploy/kubernetes: every manifest matches the API's schemas, and the needs of our image, settings and probes."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import kubernetes_validate
import pytest
import yaml

from settings import Settings
from worker import Role

ROOT: Final = Path(__file__).parents[2]
BASE: Final = ROOT / "deploy" / "kubernetes" / "base"
VERSIONS: Final = ("1.30", "1.37")
KUSTOMIZATION: Final[dict[str, Any]] = yaml.safe_load((BASE / "kustomization.yaml").read_text())


def manifests() -> Iterator[dict[str, Any]]:
    for name in (*KUSTOMIZATION["resources"], "secret.example.yaml"):
        yield from yaml.safe_load_all((BASE / name).read_text())


MANIFESTS: Final = list(manifests())


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    for manifest in MANIFESTS:
        spec = manifest.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            yield manifest["metadata"]["name"], spec["template"]["spec"]


PODS: Final = dict(pods())
SERVING: Final = ["orders-api", "orders-readers", "orders-worker"]


def named(manifest: dict[str, Any]) -> str:
    return f"{manifest['kind']} {manifest['metadata']['name']}"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("manifest", MANIFESTS, ids=named)
def test_every_manifest_fits_the_schema_of_the_api(manifest: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


def test_every_file_of_the_base_is_part_of_it() -> None:
    files = {path.name for path in BASE.glob("*.yaml")} - {"kustomization.yaml", "secret.example.yaml"}
    assert files == set(KUSTOMIZATION["resources"])


@pytest.mark.parametrize("name", PODS)
def test_every_pod_runs_without_rights(name: str) -> None:
    pod, [container] = PODS[name], PODS[name]["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"]["limits"]["memory"]
    assert pod["automountServiceAccountToken"] is False


def test_only_the_migration_gets_the_owners_secret() -> None:
    secrets = {name: pod["volumes"][0]["secret"]["secretName"] for name, pod in PODS.items()}
    assert secrets == dict.fromkeys([*SERVING, "orders-audit"], "orders") | {"orders-migrate": "orders-owner"}


def test_every_setting_is_one_that_we_or_temporal_read_and_every_secret_is_in_the_example() -> None:
    [settings] = [each for each in MANIFESTS if each["kind"] == "ConfigMap"]
    given = dict(settings["data"]) | {
        variable["name"]: variable["value"] for pod in PODS.values() for variable in pod["containers"][0].get("env", [])
    }
    known = {str(field.alias) for field in Settings.model_fields.values()} | {"TEMPORAL_NAMESPACE"}
    assert {name.removesuffix("_FILE") for name in given} <= known
    secrets = {each["metadata"]["name"]: each["stringData"] for each in MANIFESTS if each["kind"] == "Secret"}
    files = {Path(value).name for name, value in given.items() if name.endswith("_FILE")}
    assert files <= set(secrets["orders"])
    assert "database-url" in secrets["orders-owner"]


@pytest.mark.parametrize("name", SERVING)
def test_every_serving_process_is_probed_and_may_finish_before_it_is_killed(name: str) -> None:
    pod, [container] = PODS[name], PODS[name]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["port"] in ports
    assert container["livenessProbe"]["httpGet"]["path"] in ("/livez", "/healthz")
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    [settings] = [each for each in MANIFESTS if each["kind"] == "ConfigMap"]
    if name != "orders-api":
        assert pod["terminationGracePeriodSeconds"] >= float(settings["data"]["ORDERS_SHUTDOWN_SECONDS"]) + 10


def test_every_role_is_run_by_some_pod() -> None:
    arguments = [argument for pod in PODS.values() for argument in pod["containers"][0]["args"]]
    assert {str(role) for role in Role} <= set(arguments)


def test_disruptions_leave_a_process_of_every_kind() -> None:
    budgets = {each["metadata"]["name"] for each in MANIFESTS if each["kind"] == "PodDisruptionBudget"}
    replicas = {
        each["metadata"]["name"]: each["spec"]["replicas"] for each in MANIFESTS if each["kind"] == "Deployment"
    }
    assert budgets == set(SERVING)
    assert all(number >= 2 for number in replicas.values())


def test_the_image_is_that_of_the_dockerfile_with_its_version() -> None:
    [image] = KUSTOMIZATION["images"]
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    assert (image["name"], image["newTag"]) == ("orders", version[1])
    assert all(pod["containers"][0]["image"] == "orders" for pod in PODS.values())
