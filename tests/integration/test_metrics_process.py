"""The two metrics addresses of a serving process, and the refusal of invalid ones."""

import contextlib
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy

from activities.signatures import OrderRef
from embedded.ports import free_ports
from tests.integration.cli_harness import Shell, as_lines
from tests.integration.metrics_harness import Scraper, names
from tests.running_system import new_id, order_data, until
from tests.unit.test_alerts import METRIC, expressions

NAMES = ("ORDERS_METRICS_ADDRESS", "ORDERS_TEMPORAL_METRICS_ADDRESS")


@pytest.fixture
def taken() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


async def test_a_worker_shows_its_own_numbers_and_those_of_temporals_sdk(shell: Shell) -> None:
    ours, theirs = (f"localhost:{port}" for port in free_ports(2))
    async with shell.serving("worker", ORDERS_METRICS_ADDRESS=ours, ORDERS_TEMPORAL_METRICS_ADDRESS=theirs):
        scraper = Scraper(ours)
        await scraper.becomes(1, "orders_state_up", "database")
        await scraper.becomes(1, "orders_state_up", "temporal")
        assert await scraper.value("process_cpu_seconds_total")
        sdk = names(await Scraper(theirs).page())
    assert {"temporal_request_total", "temporal_request_latency_seconds_bucket"} <= sdk, sdk


async def test_whatever_dashboard_and_alerts_ask_for_is_shown_by_a_running_system(
    shell: Shell, temporal_client: Client
) -> None:
    ours, theirs, api, address = (f"127.0.0.1:{port}" for port in free_ports(4))
    assert (await shell.orders("audit")).code == 0  # audit of an empty database, which holds
    started_before = new_id()
    await temporal_client.start_workflow(  # so that Temporal refuses the dispatcher's own start
        "validate-order",
        OrderRef(order_id=started_before),
        id=f"validate-order-{started_before}",
        task_queue=shell.environment["ORDERS_TASK_QUEUE"],
        id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
    )
    async with (
        shell.serving("worker", ORDERS_METRICS_ADDRESS=ours, ORDERS_TEMPORAL_METRICS_ADDRESS=theirs),
        shell.serving("api", ORDERS_METRICS_ADDRESS=api, ORDERS_API_ADDRESS=address),
    ):
        assert (await shell.orders("place", "-", given=as_lines(order_data(started_before)))).code == 0
        for source in ("database", "temporal"):
            await Scraper(ours).becomes(1, "orders_state_up", source)
        shown: set[str] = set()

        async def all_shown() -> bool:
            for target in (ours, theirs, api):
                shown.update(names(await Scraper(target).page()))
            return not missing(shown)

        def missing(shown: set[str]) -> dict[str, str]:
            return {
                where: name
                for where, asked in expressions().items()
                for name in METRIC.findall(asked)
                if name not in shown
            }

        with contextlib.suppress(AssertionError):
            await until(all_shown, "every name is shown", 20)
        assert missing(shown) == {}


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_a_worker_without_addresses_listens_nowhere(shell: Shell) -> None:
    async with shell.serving("worker") as worker:
        assert not _listening(worker.pid)


def _listening(pid: int) -> set[str]:
    """The inodes of a process's listening sockets."""
    listening = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines() if " 0A " in line]
    own = {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()}
    assert own
    return {line[9] for line in listening} & {each.removeprefix("socket:[").removesuffix("]") for each in own}


@pytest.mark.parametrize("name", NAMES)
async def test_an_address_that_is_taken_ends_the_worker_with_one_sentence(shell: Shell, taken: str, name: str) -> None:
    ended = await Shell(shell.folder, shell.environment | {name: taken}).orders("worker")
    assert ended.code == 1
    assert f"{name}: cannot listen on {taken}: " in ended.err
    assert "Traceback" not in ended.err
    assert len(ended.err.strip().splitlines()) == 1


async def test_a_command_that_does_not_serve_listens_nowhere(shell: Shell, taken: str) -> None:
    ended = await Shell(shell.folder, shell.environment | dict.fromkeys(NAMES, taken)).orders("list")
    assert (ended.code, ended.err) == (0, "")
