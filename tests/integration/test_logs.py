"""The log of a serving process: one JSON object a line, each with its order."""

import asyncio
import io
import json
import logging
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import structlog
from pydantic import BaseModel
from temporalio.client import Client

from embedded.temporal import TemporalServer
from telemetry import configure_logging
from telemetry.logs import configure_sdk_logging
from tests.end_to_end.worker_process import Fleet, fleet_of


@pytest.fixture
async def fleet(
    database_url: str, temporal_server: TemporalServer, temporal_client: Client, tmp_path: Path
) -> AsyncIterator[Fleet]:
    async with fleet_of(database_url, temporal_server, temporal_client, tmp_path) as given:
        await given.system.stock(TEA_1=500)
        yield given


@contextmanager
def written(monkeypatch: pytest.MonkeyPatch, level: str = "debug") -> Iterator[io.StringIO]:
    """Log lines written inside the block, as JSON."""
    output = io.StringIO()
    before = logging.root.handlers[:], logging.root.level
    monkeypatch.setattr(sys, "stderr", output)
    structlog.reset_defaults()
    configure_logging(level, "json")
    configure_sdk_logging()
    try:
        yield output
    finally:
        logging.root.handlers[:], level_before = before[0], before[1]
        logging.root.setLevel(level_before)
        structlog.reset_defaults()


def lines(output: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.getvalue().splitlines()]


class Address(BaseModel):
    line1: int


def fail_with_an_address() -> None:
    customer = "Obere Str. 57"
    Address.model_validate({"line1": customer})


def test_an_exception_is_told_by_its_kind_and_frames_and_not_by_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with written(monkeypatch) as output:
        try:
            try:
                fail_with_an_address()
            except ValueError as error:
                raise RuntimeError("of Maria Anders") from error
        except RuntimeError:
            structlog.get_logger("ours").exception("it broke")
            logging.getLogger("theirs").exception("it broke there")
    for line in lines(output):
        assert line["exception"].rstrip().endswith("RuntimeError")
        assert "ValidationError" in line["exception"]
        assert "fail_with_an_address" in line["exception"]
    assert len(lines(output)) == 2
    assert "Obere Str. 57" not in output.getvalue().replace('customer = \\"Obere Str. 57\\"', "")
    assert "Maria Anders" not in output.getvalue().replace('RuntimeError(\\"of Maria Anders\\")', "")


def test_words_that_quote_no_order_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    with written(monkeypatch) as output:
        logger = structlog.get_logger("ours")
        logger.warning("away", exc_info=ConnectionRefusedError(111, "Connection refused"))
        logger.warning("missing", exc_info=asyncpg.UndefinedTableError('relation "orders" does not exist'))
        row = asyncpg.UniqueViolationError("duplicate key")
        row.detail = "Failing row contains (Maria Anders)"
        logger.warning("row", exc_info=row)
        logger.warning("value", exc_info=asyncpg.DataError("invalid input: 'Maria Anders'"))
    away, missing, *_ = (line["exception"] for line in lines(output))
    assert away == "ConnectionRefusedError: [Errno 111] Connection refused"
    assert missing == 'UndefinedTableError: relation "orders" does not exist'
    assert "Maria Anders" not in output.getvalue()


def test_names_are_camel_case_in_json(monkeypatch: pytest.MonkeyPatch) -> None:
    with written(monkeypatch) as output, structlog.contextvars.bound_contextvars(order_id="o-1"):
        structlog.get_logger("ours").info("seen", task_queue="q")
        logging.getLogger("theirs").info("seen there")
    ours, theirs = lines(output)
    assert (ours["orderId"], ours["taskQueue"], theirs["orderId"]) == ("o-1", "q", "o-1")


async def test_every_line_of_a_step_names_the_order_the_workflow_and_the_correlation(fleet: Fleet) -> None:
    worker = await fleet.start(ORDERS_LOG_LEVEL="debug")
    order_id = await fleet.system.place()
    await fleet.system.settled(order_id, "shipped")
    refused = await fleet.system.place(quantity=101, unit_price=1)
    await fleet.system.settled(refused, "cancelled")
    await worker.stop()

    text = await asyncio.to_thread(worker.log.read_text)
    everything = [json.loads(line) for line in text.splitlines()]  # raises if a line is no JSON
    assert all({"event", "level", "logger", "timestamp"} <= set(line) for line in everything)
    done = worker.logged("step done", orderId=order_id)
    assert {line["step"] for line in done} >= {"confirm", "charge-payment", "record-shipment", "publish"}
    assert {line["workflowId"] for line in done} == {
        f"{name}-{order_id}" for name in ("validate-order", "fulfill-order", "notify-shipment")
    }
    assert {line["correlationId"] for line in done} == {f"c-{order_id}"}
    [refusal] = worker.logged("step refused", orderId=refused)
    assert (refusal["step"], refusal["kind"], refusal["attempt"]) == ("create-shipment", "ShippingUnavailable", 1)
    assert worker.logged("workflow started", orderId=order_id, workflowId=f"fulfill-order-{order_id}")
    assert not worker.logged("Completing activity as failed"), "the SDK logs no second line about it"


async def test_a_line_of_the_sdks_workflow_logger_looks_like_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    with written(monkeypatch) as output:
        record = {
            "temporal_workflow": {"workflow_id": "fulfill-order-1", "workflow_type": "fulfill-order", "attempt": 1}
        }
        logging.getLogger("temporalio.workflow").warning("from within", extra=record)
    [line] = lines(output)
    assert (line["workflowId"], line["workflow"], line["event"]) == ("fulfill-order-1", "fulfill-order", "from within")
