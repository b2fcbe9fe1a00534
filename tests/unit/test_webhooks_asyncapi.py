"""The contract with receivers: the document is generated, and is valid AsyncAPI 3.0 by the initiative's own schema."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from jsonschema.validators import Draft202012Validator

from orders.events import EVENTS
from webhooks import asyncapi
from webhooks.topics import MESSAGES, ORDER_EVENTS

ROOT = Path(__file__).parents[2]
OFFICIAL = json.loads((ROOT / "tests" / "asyncapi" / "asyncapi-3.0.0.json").read_text())
KEPT = json.loads((ROOT / "docs" / "asyncapi.json").read_text())


def faults(document: dict[str, Any]) -> list[str]:
    return [error.message for error in Draft7Validator(OFFICIAL).iter_errors(document)]


def test_the_file_is_what_the_models_say() -> None:
    assert asyncapi.document() == KEPT, "run `make asyncapi`"


def test_it_is_valid_asyncapi() -> None:
    assert faults(KEPT) == []
    assert faults(KEPT | {"operations": {"send": {"action": "shout"}}}), "the schema does find faults"


def test_there_is_a_message_for_everything_that_can_be_asked_for() -> None:
    documented = {message["name"] for message in KEPT["components"]["messages"].values()}
    assert documented == {*ORDER_EVENTS, *MESSAGES} == {event.event_type for event in EVENTS} | set(MESSAGES)


@pytest.mark.parametrize("name", KEPT["components"]["schemas"])
def test_every_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(KEPT["components"]["schemas"][name])
