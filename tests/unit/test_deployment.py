"""The deployment as a test: docker-compose.yml is parsed as by Docker Compose, and a report claims no more than was
tested."""

import signal
from pathlib import Path
from typing import Final

import pytest

from deployment.compose import ROOT, read_compose
from deployment.ground import Ground
from deployment.report import FAILED, NOT_TESTED, OK, NotTested, Report, Wrong
from deployment.run import PASSWORDS
from deployment.shop import KEY
from embedded.child import child

PLACES: Final = {"postgres:5432": "127.0.0.1:40001", "temporal:7233": "127.0.0.1:40002"}
OURS: Final = ("migrate", "worker", "more-workers", "api")


@pytest.mark.parametrize("name", OURS)
def test_a_service_gets_the_addresses_of_this_machine_and_the_passwords_of_the_run(name: str) -> None:
    environment = read_compose(PASSWORDS).service(name, PLACES).environment
    assert "@127.0.0.1:40001/" in environment["DATABASE_URL"]
    assert environment.get("TEMPORAL_ADDRESS", "127.0.0.1:40002") == "127.0.0.1:40002"
    assert environment["PGPASSWORD"] in PASSWORDS.values()
    assert not [value for value in environment.values() if "${" in value]


def test_a_variable_without_a_value_gets_the_default_of_the_file_and_an_empty_one_is_left_out() -> None:
    environment = read_compose({}).service("api", {}).environment
    assert environment["ORDERS_API_KEYS"] == KEY
    assert "ORDERS_STRIPE_API_KEY" not in environment


@pytest.mark.parametrize("name", ["temporal-schema", "temporal-namespace"])
def test_a_set_up_service_runs_the_very_script_of_the_project(name: str) -> None:
    interpreter, script = read_compose({}).service(name, {}).arguments
    assert interpreter == "/bin/sh"
    assert Path(script).parent == ROOT / "deploy" / "temporal"
    assert Path(script).is_file()


def test_temporals_server_is_built_in_the_version_of_its_image_with_the_dynamic_configuration_of_the_project() -> None:
    service = read_compose({}).service("temporal", {})
    assert service.version == "1.32.0"
    assert service.environment["DYNAMIC_CONFIG_FILE_PATH"] == str(ROOT / "deploy" / "temporal" / "dynamic-config.yaml")


async def _done() -> str:
    return "done"


async def _wrong() -> str:
    raise Wrong("the books do not hold")


async def _not_here() -> str:
    raise NotTested("no PostgreSQL")


async def test_after_a_failure_no_further_stage_is_begun_but_the_last() -> None:
    report = Report()
    await report.stage("first", _done)
    await report.stage("second", _wrong)
    await report.stage("third", _done)
    await report.stage("down", _done, always=True)
    assert [row.result for row in report.rows] == [OK, FAILED, NOT_TESTED, OK]
    assert not report.good


async def test_an_error_among_tasks_fails_its_stage() -> None:
    async def several() -> str:
        raise ExceptionGroup("customers", [Wrong("refused")])

    report = Report()
    await report.stage("orders", several)
    assert (report.rows[0].done, report.rows[0].result) == ("refused", FAILED)


async def test_a_run_that_tested_nothing_is_not_good() -> None:
    report = Report()
    await report.stage("bring-up", _not_here)
    assert not report.good
    await report.stage("orders", _done)
    assert report.rows[-1].done == "not reached"


async def test_a_process_that_is_left_is_found_by_its_environment_and_gone_with_its_block(tmp_path: Path) -> None:
    ground = Ground(read_compose({}), tmp_path, None, ())
    job = ground.job("sleeper", ("/bin/sleep", "600"), {}, signal.SIGTERM, 5)
    async with child(job) as sleeper:

        async def runs() -> bool:
            return any("/bin/sleep" in each for each in ground.left())

        await sleeper.ready(runs, 30)
    assert ground.left() == []
