"""A stop takes no longer than the grace time and a margin in every situation, and its exit code reports its outcome."""

import asyncio
import json
import os
import signal
import sys
import time
import uuid
from pathlib import Path

import asyncpg
import httpx
import pytest

from embedded.temporal import TemporalServer
from eventstore.pool import ROLE
from process import MARGIN, MARGIN_WITH_SERVICES
from tests.conftest import RUN_MARK, Living
from tests.end_to_end.worker_process import Fleet, WorkerProcess
from tests.forked import Forked
from tests.integration.cli_harness import Shell, clean_environment, shell_for
from tests.plain_http import plain_http
from tests.running_system import order_data, until

GRACE = 1.0  # seconds
PATIENCE = 60.0  # seconds more, for a busy machine
LEFT = "stopped with work left running"
REFUSE = f"revoke execute on function inventory.reserve from {ROLE}, public"
# The same error, with a count of the attempts that outlasts their transactions.
REFUSE_AND_COUNT = """
create sequence public.attempts;
create or replace function inventory.reserve(in_order_id text, in_skus text[], in_units bigint[])
    returns table (outcome text, sku text, requested bigint, available bigint) language plpgsql security definer
as $$ begin perform nextval('public.attempts'); raise insufficient_privilege; end $$"""
ALLOW = f"grant execute on function inventory.reserve to {ROLE}"

STUBBORN = """
import asyncio, sys
async def stubborn(*_, **__):
    print('{"event": "called"}', file=sys.stderr, flush=True)
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass
"""
BLOCKED = """
import sys, time
async def blocked(*_, **__):
    print('{"event": "called"}', file=sys.stderr, flush=True)
    time.sleep(3600)
"""
CHARGING = """
from gateways.simulated.payment import SimulatedPaymentGateway
SimulatedPaymentGateway.charge = {}
"""
STUBBORN_READERS = f"""
{STUBBORN}
from dispatcher.dispatcher import Dispatcher
from projections.runner import Projector
from webhooks.relay import Relay
Dispatcher.step = Projector.step = Relay.step = stubborn
"""
STUBBORN_API = f"""
{STUBBORN}
from projections.queries import Queries
Queries.counts_by_status = stubborn
from cli import main
main()
"""


async def ends_within(process: asyncio.subprocess.Process | Forked, seconds: float) -> int:
    """Exit code; fails unless the process ends within this time."""
    begun = time.monotonic()
    try:
        async with asyncio.timeout(seconds + PATIENCE):
            return await process.wait()
    except TimeoutError:
        pytest.fail(f"still there {time.monotonic() - begun:.0f} s after the stop signal")


async def executed(database_url: str, statement: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def is_refused(worker: WorkerProcess, order_id: str) -> None:
    async def refused() -> bool:
        return len(worker.logged("step failed, trying again", step="reserve-inventory", orderId=order_id)) > 2

    await until(refused, f"reserve-inventory of {order_id} is refused again and again", seconds=90)


def left_running(worker: WorkerProcess) -> list[str]:
    """Work that the one log line about it names."""
    [line] = worker.logged(LEFT)
    assert line["exitCode"] == 1
    running: list[str] = line["running"]
    return running


async def test_a_database_step_that_is_refused_for_ever_does_not_hold_up_the_stop(
    fleet: Fleet, database_url: str
) -> None:
    await executed(database_url, REFUSE)
    worker = await fleet.start(ORDERS_SHUTDOWN_SECONDS=str(GRACE))
    order_id = await fleet.system.place()
    await is_refused(worker, order_id)
    worker.process.terminate()
    assert await ends_within(worker.process, GRACE + MARGIN) == 1
    assert left_running(worker) == [f"reserve-inventory of fulfill-order-{order_id}"]

    await executed(database_url, ALLOW)
    await fleet.start()
    await fleet.system.settled(order_id, "shipped", seconds=90)
    assert await fleet.system.money(order_id) == (30_00, 0)


async def test_a_gateway_that_ignores_its_cancel_does_not_hold_up_the_stop(fleet: Fleet) -> None:
    patched = STUBBORN + CHARGING.format("stubborn")
    worker = await fleet.start(patched=patched, ORDERS_SHUTDOWN_SECONDS=str(GRACE))
    order_id = await fleet.system.place()
    await worker.logs("called")
    worker.process.terminate()
    assert await ends_within(worker.process, GRACE + MARGIN) == 1
    assert left_running(worker) == [f"charge-payment of fulfill-order-{order_id}"]


async def test_an_event_loop_that_is_blocked_does_not_hold_up_the_stop(fleet: Fleet) -> None:
    patched = BLOCKED + CHARGING.format("blocked")
    worker = await fleet.start(patched=patched, ORDERS_SHUTDOWN_SECONDS=str(GRACE))
    await fleet.system.place()
    await worker.logs("called")
    worker.process.terminate()
    assert await ends_within(worker.process, GRACE + MARGIN) == 1
    assert "in blocked" in worker.log.read_text()  # stacks of all threads


async def test_readers_that_ignore_their_cancel_do_not_hold_up_the_stop(fleet: Fleet) -> None:
    worker = await fleet.start(
        "dispatcher", "projector", "webhooks", patched=STUBBORN_READERS, ORDERS_SHUTDOWN_SECONDS=str(GRACE)
    )
    await worker.logs("lanes owned", consumer="dispatcher")
    for reader in ("order-dashboard", "customer-orders", "webhooks"):
        await worker.logs("consumer owned", consumer=reader)
    worker.process.terminate()
    assert await ends_within(worker.process, GRACE + MARGIN) == 1
    assert "Looper.run" in left_running(worker)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_does_not_wait_for_the_grace_time(fleet: Fleet, number: signal.Signals) -> None:
    worker = await fleet.start(ORDERS_SHUTDOWN_SECONDS="3600")
    await fleet.system.faults.set("payment.charge", "hang", remaining=1, delay_seconds=3600)
    order_id = await fleet.system.place()
    await fleet.step_is_in_progress(order_id, "charge-payment")
    worker.process.send_signal(number)
    await worker.logs("stopping", signal=number.name, atOnce=False)
    worker.process.send_signal(number)
    assert await ends_within(worker.process, MARGIN) == 1
    assert left_running(worker) == [f"charge-payment of fulfill-order-{order_id}"]


async def test_a_request_that_ignores_its_cancel_does_not_hold_up_the_stop_of_the_api(
    tmp_path: Path, database_url: str, temporal_server: TemporalServer
) -> None:
    file, log = tmp_path / "api.py", tmp_path / "api.log"
    file.write_text(STUBBORN_API)
    environment = shell_for(tmp_path, database_url, temporal_server).environment
    ours = {"ORDERS_API_ADDRESS": "127.0.0.1:0", "ORDERS_SHUTDOWN_SECONDS": str(GRACE), "ORDERS_LOG_FORMAT": "json"}
    with log.open("wb") as errors:
        process = await _started([str(file), "api", "--json"], environment | ours, tmp_path, errors.fileno())
    api = WorkerProcess(process, log)
    try:
        assert process.stdout
        url = httpx.URL(json.loads(await process.stdout.readline())["url"])
        reader, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(b"GET /v1/summary HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await writer.drain()
        process.terminate()
        assert await ends_within(process, GRACE + MARGIN) == 1
        assert left_running(api)
        assert await reader.read() == b""
        writer.close()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _started(
    arguments: list[str], environment: dict[str, str], folder: Path, errors: int
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, *arguments),
        cwd=folder,
        env=clean_environment() | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=errors,
    )


async def test_dev_with_a_refused_database_step_stops_with_all_that_it_has_started(
    tmp_path: Path, living: Living
) -> None:
    mark = os.environ[RUN_MARK] + uuid.uuid4().hex
    shell = Shell(
        tmp_path,
        {"ORDERS_SHUTDOWN_SECONDS": str(GRACE), "ORDERS_LOG_FORMAT": "json", "ORDERS_API_ADDRESS": "127.0.0.1:0"},
    )
    async with shell.serving("dev", **{RUN_MARK: mark}) as process:
        dev = WorkerProcess(process, tmp_path / "dev.log")
        services = json.loads((tmp_path / ".orders" / "services.json").read_text())
        await executed(services["database_url"], REFUSE)
        order = order_data("o-1", sku="NW-001")
        async with plain_http() as http:
            placed = await http.post(f"{services['url']}/v1/orders", json=order)
        assert placed.status_code == 201, placed.text
        await is_refused(dev, "o-1")
        process.terminate()
        assert await ends_within(process, GRACE + MARGIN_WITH_SERVICES) == 1
        assert left_running(dev) == ["reserve-inventory of fulfill-order-o-1"]

    async def gone() -> bool:
        return not living(mark)

    await until(gone, "PostgreSQL and Temporal have ended")
    assert not (tmp_path / ".orders" / "services.json").exists()


async def test_the_demo_with_refused_database_steps_stops_and_does_not_pass_for_a_success(
    tmp_path: Path, database_url: str, temporal_server: TemporalServer
) -> None:
    await executed(database_url, REFUSE_AND_COUNT)
    shell = shell_for(tmp_path, database_url, temporal_server)
    async with shell.started("demo", "--orders", "1", ORDERS_SHUTDOWN_SECONDS=str(GRACE)) as demo:

        async def refused() -> bool:
            connection = await asyncpg.connect(database_url)
            try:
                return bool(await connection.fetchval("select is_called from public.attempts"))
            finally:
                await connection.close()

        await until(refused, "reserve-inventory is refused", seconds=90)
        demo.terminate()
        async with asyncio.timeout(GRACE + MARGIN_WITH_SERVICES + PATIENCE):
            _, errors = await demo.communicate()
        assert demo.returncode == 1, errors.decode()
        assert errors.decode().count(LEFT) == 1
