"""Messages of the command line: refusals as documents, orders that wait, and an empty kind of attention."""

import asyncio
import re
from collections import Counter
from types import SimpleNamespace
from typing import Any, cast

import pytest
from typer.testing import CliRunner

from cli import app
from cli.attention import _print
from cli.failures import explain, refusal_document
from cli.output import results, show, table
from cli.place.endings import Endings
from cli.place.waits import wait_of
from eventstore.command_handler import Loaded
from eventstore.errors import UnexpectedVersion
from gateways.errors import GatewayUnavailable
from open_work.attention_list import StuckList
from orders.errors import IllegalTransition, OrderNotCancellable, OrderNotFound, RefundNotOpen
from orders.events import Event
from orders.evolve import fold
from orders.state import State
from temporal import TemporalUnreachable
from tests.unit.orders.samples import CONFIRMED, FAILED, HELD, PAID, PENDING, PLACED, SHIPPED


def state(*events: Event) -> State:
    return fold(events)


REFUSALS: list[tuple[Exception, str, str]] = [
    (OrderNotFound("o-1"), "order-not-found", "there is no order o-1"),
    (IllegalTransition("o-1", "HoldOrder", "shipped"), "illegal-transition", "order o-1 cannot be held: it is shipped"),
    (
        OrderNotCancellable("o-1", "shipped"),
        "order-not-cancellable",
        "order o-1 can no longer be cancelled: it is shipped, refund it instead: `orders refund o-1 --amount … --reason …`",
    ),
    (
        RefundNotOpen("o-1", "r-1", "it was made"),
        "refund-not-open",
        "refund r-1 of order o-1 cannot be closed: it was made",
    ),
    (
        UnexpectedVersion("order-o-1", frozenset({1}), 2, state(PLACED, CONFIRMED)),
        "order-changed",
        "order o-1 is at version 2, confirmed, not 1: nothing changed",
    ),
    (ExceptionGroup("", [OrderNotFound("o-1")]), "order-not-found", "there is no order o-1"),
]


@pytest.mark.parametrize(("error", "code", "sentence"), REFUSALS, ids=lambda value: type(value).__name__)
def test_a_refusal_is_one_sentence_and_one_document_with_the_code_of_the_api(
    error: Exception, code: str, sentence: str
) -> None:
    assert explain(error, None) == sentence
    document = refusal_document(error, sentence)["error"]
    assert (document["code"], document["message"]) == (code, sentence)
    if not isinstance(error, UnexpectedVersion):
        assert document["orderId"] == "o-1"


@pytest.mark.parametrize(
    ("error", "code"),
    [(ConnectionRefusedError(), "database-away"), (TemporalUnreachable(), "temporal-away")],
)
def test_an_outage_is_a_document_too(error: Exception, code: str) -> None:
    assert refusal_document(error, "away")["error"] == {"code": code, "message": "away"}


def test_an_outage_of_a_gateway_is_a_sentence() -> None:
    assert explain(GatewayUnavailable("Stripe does not answer"), None) == "Stripe does not answer"


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ((PLACED,), None),
        ((PLACED, HELD), "is on hold (fraud suspected) until `orders release o-1` or `orders cancel o-1`"),
        (
            (PLACED, CONFIRMED, FAILED),
            "waits for another means of payment (The card was declined.): `orders pay o-1 --payment-method TOKEN` charges it, "
            "and without one it is cancelled at 2026-02-03 09:30:00.000Z",
        ),
        (
            (PLACED, CONFIRMED, PENDING),
            "waits until the payment provider has decided, at the latest at 2026-02-20 00:00:00.000Z",
        ),
        ((PLACED, CONFIRMED, PAID), None),
    ],
)
def test_an_order_that_waits_names_its_wait_and_what_ends_it(events: tuple[Event, ...], why: str | None) -> None:
    assert wait_of(state(*events)) == why


class Log:
    """A log of one order, as `Endings` reads it: a page per call, then empty pages."""

    def __init__(self, *pages: tuple[Event, ...]) -> None:
        self._pages = list(pages)
        self._seen: list[Event] = [PLACED]
        self.position = 1

    async def read_all(self, *, types: tuple[str, ...], **_: Any) -> Any:
        page = self._pages.pop(0) if self._pages else ()
        self._seen += page
        self.position += len(page)
        return SimpleNamespace(
            events=[
                SimpleNamespace(type=each.event_type, data={"orderId": "o-1"})
                for each in page
                if each.event_type in types
            ],
            position=self.position,
        )

    async def load(self, _: str) -> Any:
        return Loaded(fold(self._seen), len(self._seen), self.position, frozenset())


def waited(log: Log, silence: float = 60.0) -> list[str]:
    messages: list[str] = []
    endings = Endings(messages.append, silence)
    endings.expect("o-1", fold([PLACED]))
    endings_of = cast(Any, log)
    asyncio.run(asyncio.wait_for(endings.wait(endings_of, endings_of, 0, lambda: None), 20))
    assert endings.counts == {"shipped": 1, "cancelled": 0, "open": 0}
    return messages


def test_the_wait_for_an_order_shows_each_of_its_waits_once() -> None:
    messages = waited(Log((CONFIRMED, FAILED), (HELD,), (), (PAID, SHIPPED)))
    assert [message.partition(" (")[0] for message in messages] == [
        "order o-1 waits for another means of payment",
        "order o-1 is on hold",
    ]


def test_a_wait_without_an_ending_names_the_open_orders() -> None:
    messages = waited(Log((), (), (SHIPPED,)), silence=0.0)
    assert messages[0] == "waiting for o-1: `orders attention` lists failing steps, `orders show ID` shows one order"


def test_attention_to_a_kind_without_rows_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    found = StuckList(counts=Counter({"onHold": 2}))
    _print(found, found.page(10, kind="lost"), "lost")
    assert capsys.readouterr().out == "onHold 2\nnone of kind lost\n"


def test_a_list_without_rows_is_the_word_none(capsys: pytest.CaptureFixture[str]) -> None:
    results.cache_clear()  # of another test's standard output
    show(table("order", "status", rows=[]), table("order", rows=[("o-1",)]))
    assert [line.strip() for line in capsys.readouterr().out.splitlines()] == ["none", "order", "─────", "o-1"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("refund", "o-1", "--amount", "10.50", "--reason", "x"), "as 1250 for 12.50 EUR, not 10.50"),
        (("list", "--csv", "--json"), "only one of --csv, --jsonl, --ids and --json"),
        (("list", "--csv", "--after", "7"), "leave out --after"),
        (("list", "--limit", "10001"), "must be at most 10,000 without --csv, --jsonl or --ids"),
        (("list", "--status", "nowhere"), "shipped"),
        (("list", "--placed-from", "2026-02-30"), "a date and a time that exist"),
        (("figures", "--from", "2026-02-30"), "must be a day that exists"),
        (("pay", "o-1", "--payment-method", "4242 4242 4242 4242"), "--payment-method"),
    ],
)
def test_a_wrong_option_is_named_as_it_is_spelled(
    arguments: tuple[str, ...], problem: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as left:
        app(arguments)
    assert left.value.code == 2
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (("hold", "a", "--reason", " "), "must not be empty"),
        (("inventory", "adjust", "Q", "+1", "--reason", ""), "must not be empty"),
        (("inventory", "set", "Q", "1", "--reason", "x" * 513), "must be at most 512 characters long, not 513"),
        (("inventory", "set", "A\tB", "1"), "must be visible characters only"),
        (("inventory", "adjust", " Q", "+1", "--reason", "x"), "must not begin or end with a blank"),
        (("inventory", "adjust", "Q", f"-{2**63}", "--reason", "x"), "must be at most 9,223,372,036,854,775,807 units"),
        (
            ("inventory", "restock", "a", f"Q={2**63}", "--refund-id", "r", "--reason", "x"),
            "must be at most 9,223,372,036,854,775,807 units of Q",
        ),
    ],
)
def test_a_value_that_no_order_or_stock_can_have_is_wrong_usage(command: tuple[str, ...], problem: str) -> None:
    ended = CliRunner().invoke(app, command)
    assert ended.exit_code == 2, ended.output
    assert problem in " ".join(re.sub(r"[│╭╮╰╯─]", " ", ended.output).split())


@pytest.mark.parametrize("command", [[], ["list"], ["inventory", "list"], ["webhooks", "replay"]], ids=" ".join)
def test_help_shows_no_value_for_an_option_that_takes_none(command: list[str]) -> None:
    shown = CliRunner().invoke(app, [*command, "--help"])
    assert shown.exit_code == 0
    assert "--help" in shown.output
    assert "<bool>" not in shown.output
