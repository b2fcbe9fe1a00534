"""Effects of a retry: a sentence for every status, the same in command, API and page."""

import re
from pathlib import Path
from typing import get_args

import pytest

from application.documents import Status
from application.retrying import EFFECTS, HELD_EFFECT, Retried
from eventstore.command_handler import Handled
from orders.events import Event
from orders.evolve import fold
from tests.unit.orders.samples import CONFIRMED, HELD, PAID, PLACED, SHIPPED, cancelled, retried

PAGE = Path(__file__).parent.parent.parent / "web" / "page" / "order_actions.js"
SHIPPED_ORDER: tuple[Event, ...] = (PLACED, CONFIRMED, PAID, SHIPPED)


def effect(*events: Event) -> str:
    return Retried(Handled(fold(events), 1, 1, True), []).effect


def test_the_page_states_the_same_effects_before_a_retry() -> None:
    page = PAGE.read_text()
    [table] = re.findall(r"const RETRY_EFFECTS = \{(.*?)\};", page, re.S)
    assert dict(re.findall(r"(\w+): \"(.*?)\"", table)) == EFFECTS
    assert f'const HELD_EFFECT = "{HELD_EFFECT}";' in page


def test_every_status_of_an_order_has_an_effect() -> None:
    assert set(EFFECTS) == set(get_args(Status))


@pytest.mark.parametrize("events", [(PLACED,), (PLACED, CONFIRMED), (PLACED, CONFIRMED, PAID)])
def test_a_held_order_only_continues_when_it_is_released(events: tuple[Event, ...]) -> None:
    assert "continues" in effect(*events)
    assert effect(*events, HELD) == HELD_EFFECT


def test_a_cancelled_order_is_only_undone_and_no_output_states_anything_else() -> None:
    assert effect(PLACED, cancelled()).startswith("it stays cancelled")
    assert "undone" in effect(PLACED, cancelled())
    assert retried("cancelled").summary.startswith("retried while cancelled: ")


def test_a_shipped_order_has_messages_published_and_owed_refunds_made() -> None:
    assert "refunds that are owed are made" in effect(*SHIPPED_ORDER)
