"""The kinds of work that need an operator: one list, shown everywhere."""

import re
from pathlib import Path
from typing import get_args

import pytest

from cli import attention
from open_work.kinds import KINDS, KINDS_OF_THE_DATABASE
from web.operation_models import Stuck

ROOT = Path(__file__).parent.parent.parent


def test_the_gauges_of_the_database_are_of_known_kinds() -> None:
    assert set(KINDS_OF_THE_DATABASE) < set(KINDS)


def test_the_command_and_the_api_know_every_kind() -> None:
    assert set(attention._COLOURS) == set(KINDS)
    assert get_args(Stuck.model_fields["kind"].annotation) == KINDS


@pytest.mark.parametrize("table", ["WORDS", "ICONS"])
def test_the_page_has_a_word_and_an_icon_for_every_kind(table: str) -> None:
    [fields] = re.findall(rf"const {table} = {{(.*?)}}", (ROOT / "web" / "page" / "attention.js").read_text(), re.S)
    assert set(re.findall(r"(\w+):", fields)) == set(KINDS)


def test_the_handbook_describes_every_kind() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "operations.md").read_text(), re.M)
    assert set(KINDS) <= set(rows)
