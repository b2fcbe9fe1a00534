"""The stages in which the system moves: to a restored database, to another version, to a replica that lacks the last orders."""

import asyncio
import os
import shutil
import signal
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from deployment.compose import ROOT
from deployment.deployed import Deployment
from deployment.report import NotTested, Wrong
from deployment.shop import Shop
from deployment.stages import RATE
from deployment.system import System, last_document
from deployment.temporal import set_up_namespace
from embedded.child import Job, child
from embedded.errors import EmbeddedError
from embedded.ports import free_ports

_IN_FLIGHT: Final = 40
_LOST_AT_LEAST: Final = 10


async def dump_and_restore(deployment: Deployment) -> str:
    """Orders are in flight, everything stops; the owner dumps the database and restores it into a new one."""
    await deployment.shop.place(_IN_FLIGHT)
    if bad := await deployment.system.down():
        raise Wrong("; ".join(bad))
    database, dump = "orders_restored", str(deployment.ground.folder / "orders.dump")
    await deployment.create_database(database)
    await deployment.postgres.run("pg_dump", "--format=custom", f"--file={dump}", "orders", given=deployment.owner)
    await deployment.postgres.run("pg_restore", "--exit-on-error", f"--dbname={database}", dump, given=deployment.owner)
    deployment.system = System(deployment.ground, replace(deployment.system.where, database=database))
    await deployment.system.up()
    await deployment.shop.place(_IN_FLIGHT)
    found = await deployment.books_hold()
    return f"by the database's owner, {_IN_FLIGHT} orders placed just before and {_IN_FLIGHT} after; {found}"


async def upgrade(deployment: Deployment, since: str) -> str:
    """The version before on a database of its own, with orders in flight: migrate, then replace its processes one by one."""
    root = await _checked_out(since, deployment.ground.folder / "before")
    # Two systems at a time may need more connections than PostgreSQL has by default.
    if bad := await deployment.system.down():
        raise Wrong("; ".join(bad))
    where = deployment.elsewhere("orders_upgraded", "upgrade", root)
    await deployment.create_database(where.database)
    await set_up_namespace(deployment.ground, deployment.temporal.port, where.namespace)
    old, new = deployment.new_system(where), deployment.new_system(replace(where, root=ROOT))
    await old.up()
    await deployment.stock(old)
    shop = Shop(old.url, "upgrade")
    async with shop.flowing(RATE):
        await shop.place(_IN_FLIGHT)
        await new.migrate()
        await new.replace(old)
    found = await deployment.books_hold(new, shop)
    if bad := await new.down():
        raise Wrong("; ".join(bad))
    await deployment.system.serve()
    return f"from {since}, while orders came in; {found}"


async def _checked_out(commit: str, folder: Path) -> Path:
    """The project's files of that commit. Raises NotTested where this is no working copy of a repository with it."""
    git, archive = shutil.which("git"), folder.with_suffix(".zip")
    if git is None or not (ROOT / ".git").exists():
        raise NotTested("no git, or no working copy of its repository")
    job = Job(
        name="git archive",
        argv=(git, "-C", str(ROOT), "archive", f"--output={archive}", commit),
        log=folder.with_suffix(".log"),
        stop=signal.SIGTERM,
        environment=dict(os.environ),
    )
    try:
        async with child(job) as running:
            await running.finished()
    except EmbeddedError as error:
        raise NotTested(str(error)) from None
    with zipfile.ZipFile(archive) as files:
        files.extractall(folder)
    return folder


async def fail_over(deployment: Deployment) -> str:
    """The primary dies while its replica lacks the last orders and is promoted; then the steps of docs/operations.md."""
    replica = await deployment.postgres.replica("replica", free_ports(1)[0])
    deployment.replicas.append(replica)
    await deployment.shop.place(_IN_FLIGHT)
    await _cut_off(deployment)
    await deployment.shop.place(_IN_FLIGHT)
    await deployment.shop.some_ended(_LOST_AT_LEAST)
    await deployment.postgres.kill()
    if bad := await deployment.system.down():
        raise Wrong("; ".join(bad))
    await replica.promote()
    _move(deployment, replica.address)
    await deployment.system.migrate()
    await _recover(deployment)
    taken_up = await _recover(deployment, "--apply")
    await deployment.system.serve()
    lost = await deployment.shop.lost()
    if len(lost) < _LOST_AT_LEAST:
        raise Wrong(f"only {len(lost)} orders were lost: the replica was not behind")
    await deployment.shop.place_again(lost)
    found = await deployment.books_hold()
    if again := await _recover(deployment, "--apply"):
        raise Wrong(f"orders recover found once more: {_kinds(again)}")
    return f"orders recover --apply took up {_kinds(taken_up)}; {len(lost)} lost orders placed again; {found}"


async def _cut_off(deployment: Deployment) -> None:
    """Wait until the replica has everything so far, then end its stream."""
    replica = deployment.replicas[-1]
    position = await deployment.postgres.sql("select pg_current_wal_lsn()")
    while await replica.sql(f"select pg_last_wal_replay_lsn() >= '{position}'") != "t":  # noqa: ASYNC110 – no event for it
        await asyncio.sleep(0.2)
    await replica.sql("alter system set primary_conninfo = ''")
    await replica.sql("select pg_reload_conf()")
    while await replica.sql("select count(*) from pg_stat_wal_receiver") != "0":  # noqa: ASYNC110
        await asyncio.sleep(0.2)


def _move(deployment: Deployment, address: str) -> None:
    """Put a system on the promoted replica, not started yet, in the place of the one that is down."""
    deployment.system = System(deployment.ground, replace(deployment.system.where, postgres=address))
    deployment.postgres = deployment.replicas[-1]
    deployment.shop.ended.clear()


async def _recover(deployment: Deployment, *arguments: str) -> list[dict[str, Any]]:
    """The losses that the command lists. Raises Wrong where applying leaves one, or the command fails otherwise."""
    _, output = await deployment.system.command("recover", "--json", *arguments)
    losses: list[dict[str, Any]] | None = last_document(output).get("losses")
    if losses is None or (arguments and not all(loss["done"] for loss in losses)):
        raise Wrong(f"orders recover {' '.join(arguments)}: {output[-2000:]}")
    return losses


def _kinds(losses: list[dict[str, Any]]) -> str:
    number = Counter(loss["kind"] for loss in losses)
    return ", ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in number.items()) or "nothing"
