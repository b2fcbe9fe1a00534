"""Names of streams and types of events are checked by the database too, and a stream's category follows its name."""

import uuid
from typing import Final

import asyncpg
import pytest

from eventstore.statements import APPEND, APPEND_EACH, APPEND_LONE
from tests.integration.event_store_harness import connected

APPEND_ONE: Final = "select version, position from eventstore.append_one($1, $2, $3, $4, $5, $6, $7)"
"""Statement of programs of the version before."""
BEGIN_STREAM: Final = "insert into eventstore.streams (name, version) values ($1, 0) returning category"
UNFIT = pytest.mark.parametrize("text", ["", "é" * 257], ids=["empty", "514-bytes"])


def _arguments(statement: str, stream: str, type_: str, expected: int = -1) -> list[object]:
    event: list[object] = [uuid.uuid4(), type_, 1, "{}", "{}"]
    if statement in (APPEND_ONE, APPEND_LONE):
        return [stream, expected, *event]
    lists = [[each] for each in event]
    return [[stream], [expected], *lists] if statement == APPEND_EACH else [stream, expected, *lists]


@pytest.mark.parametrize("statement", [APPEND, APPEND_EACH, APPEND_LONE, APPEND_ONE])
@UNFIT
async def test_given_a_type_that_does_not_fit_when_a_function_appends_it_then_it_is_refused(
    pool: asyncpg.Pool, statement: str, text: str
) -> None:
    with pytest.raises(asyncpg.CheckViolationError) as refusal:
        await pool.fetch(statement, *_arguments(statement, "counter-1", text))
    assert refusal.value.constraint_name == "events_type_size"
    assert await pool.fetch("select from eventstore.streams") == []


@pytest.mark.parametrize("statement", [APPEND, APPEND_EACH, APPEND_LONE, APPEND_ONE])
@UNFIT
async def test_given_a_name_that_does_not_fit_when_a_function_appends_to_it_then_it_is_refused(
    pool: asyncpg.Pool, statement: str, text: str
) -> None:
    with pytest.raises(asyncpg.CheckViolationError) as refusal:
        await pool.fetch(statement, *_arguments(statement, text, "counted"))
    assert refusal.value.constraint_name == "streams_name_size"


@pytest.mark.parametrize("statement", [APPEND, APPEND_EACH, APPEND_LONE, APPEND_ONE])
async def test_given_a_new_stream_when_a_function_appends_to_it_then_its_category_is_the_names_first_part(
    pool: asyncpg.Pool, statement: str
) -> None:
    await pool.fetch(statement, *_arguments(statement, "counter-1-a", "counted"))
    assert await pool.fetchval("select category from eventstore.streams") == "counter"


async def test_given_the_owner_when_it_begins_a_stream_by_hand_then_name_and_category_are_kept_too(
    database_url: str,
) -> None:
    async with connected(database_url) as owner:
        assert await owner.fetchval(BEGIN_STREAM, "counter-1") == "counter"
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.fetchval(BEGIN_STREAM, "")


async def test_given_a_program_of_the_version_before_when_it_appends_one_event_then_the_function_answers_as_before(
    pool: asyncpg.Pool,
) -> None:
    answers = [
        await pool.fetch(APPEND_ONE, *_arguments(APPEND_ONE, "counter-1", "counted", expected))
        for expected in (0, 1, 1)
    ]
    assert [tuple(row) for [row] in answers] == [(1, 1), (2, 2), (None, None)]
