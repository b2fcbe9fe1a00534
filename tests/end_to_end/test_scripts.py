"""The minimal examples, against `orders dev` with its own services and persistent data."""

import asyncio
import signal
import sys
from pathlib import Path

from tests.integration.cli_harness import ROOT, Shell, clean_environment
from tests.running_system import until


async def script(folder: Path, name: str, *arguments: str) -> list[str]:
    """The lines that a script prints, as run in a folder."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "scripts" / name),
        *arguments,
        cwd=folder,
        env=clean_environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode().splitlines()


async def test_an_order_placed_by_script_ships_and_is_there_after_a_restart(tmp_path: Path) -> None:
    shell = Shell(tmp_path, {"ORDERS_SHUTDOWN_SECONDS": "5"})
    async with shell.serving("dev") as dev:
        [order_id] = await script(tmp_path, "place_order.py")

        async def shipped() -> bool:
            return bool((await shell.orders("show", order_id, "--json")).document["status"] == "shipped")

        await until(shipped, "the order has shipped")
        url, result = await script(tmp_path, "start_workflow.py", "fulfill-order", order_id)
        assert f"/namespaces/default/workflows/fulfill-order-{order_id}/" in url
        assert "shipped" in result
        second = await shell.orders("dev")
        assert (second.code, second.out) == (1, "")
        assert "already runs its services" in second.err
        dev.send_signal(signal.SIGINT)
        assert await dev.wait() == 0
    assert not (tmp_path / ".orders" / "services.json").exists()
    log = (tmp_path / "dev.log").read_text()
    assert "the inventory was empty: imported 77 products" in log
    assert "Traceback" not in log
    async with shell.serving("dev"):
        timeline = (await shell.orders("timeline", order_id, "--json")).document
        assert [event["type"] for event in timeline["events"]][-1] == "order.shipped"
        assert [view["status"] for view in timeline["workflows"]] == ["completed"] * 3


def test_the_scripts_are_short_enough_to_be_read_at_once() -> None:
    for file in (ROOT / "scripts").glob("*.py"):
        assert len(file.read_text().splitlines()) < 40
