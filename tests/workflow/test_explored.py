"""Exploration: generated sequences end correctly, kept sequences too, and a planted fault is found."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from bootstrap import App
from embedded.postgres import Postgres
from explore.exploration import Exploration, Result
from explore.generate import generate
from explore.sequence import AFTER_ALL, Act, OrderPlan, Sequence, from_json
from explore.servers import quiet
from explore.system import Explored, explored
from explore.table import cases
from gateways.payments import PaymentChange
from gateways.shipping import VoidedLabel
from tests.integration.cli_harness import database
from tests.running_system import new_id, until

KEPT = {
    path.stem: from_json(json.loads(path.read_text()))
    for path in sorted(Path(__file__).with_name("explored").glob("*.json"))
}
SEQUENCES = 50
FIRST_SEED = 1_000_000
EVERY = 31
"""Of the table's cases every 31st is played: an odd number, so that cases with and without webhooks take turns."""


@asynccontextmanager
async def exploring(server: Postgres, template: str, client: Client, **how: Any) -> AsyncIterator[Explored]:
    quiet()
    async with (
        database(server, template) as url,
        explored(url, client, task_queue=f"explore-{new_id()}", **how) as system,
    ):
        yield system


@pytest.fixture(scope="module")
async def system(postgres_server: Postgres, template_database: str, temporal_client: Client) -> AsyncIterator[Explored]:
    async with exploring(postgres_server, template_database, temporal_client) as running:
        yield running


async def test_fifty_generated_sequences_end_right_by_the_providers_books_and_the_audit_holds(
    system: Explored,
) -> None:
    result = Result(FIRST_SEED)
    await Exploration(system).explore(map(generate, range(FIRST_SEED, FIRST_SEED + SEQUENCES)), result)
    assert result.played == SEQUENCES
    assert [found.as_json() for found in result.found if found.repeated] == []
    assert result.findings == []


async def test_a_sample_of_the_table_of_answers_steps_acts_and_webhooks_ends_right_and_the_audit_holds(
    system: Explored,
) -> None:
    sample = cases()[::EVERY]
    result = Result(0)
    await Exploration(system).explore(sample, result)
    assert result.played == len(sample)
    assert [found.as_json() for found in result.found if found.repeated] == []
    assert result.findings == []


def test_the_table_has_each_case_once_and_the_sample_every_answer_step_and_act_with_webhooks_on_and_off() -> None:
    table = cases()
    names = [case.name for case in table]
    assert len(set(names)) == len(names) > 2_000
    assert [case.seed for case in table] == list(range(len(table)))
    of_table, of_sample = (
        {(part, case.webhooks) for case in some for part in case.name.split(" × ")[:3]}
        for some in (table, table[::EVERY])
    )
    assert of_table - of_sample == set()


async def test_an_undoing_that_fails_for_long_continues_as_new_and_ends_right(
    postgres_server: Postgres, template_database: str, temporal_client: Client
) -> None:
    fails = Act(0, 0, "fault", {"operation": "refund.create", "kind": "before", "calls": 90})
    cancel = Act(0, 13, "cancel", {"by": "customer", "heard": True})
    async with exploring(postgres_server, template_database, temporal_client) as system:
        assert await Exploration(system).play(Sequence(0, (OrderPlan(),), (fails, cancel))) is None
        continued = f"ExecutionStatus = 'ContinuedAsNew' and TaskQueue = '{system.app.settings.task_queue}'"

        async def found() -> bool:
            return (await temporal_client.count_workflows(continued)).count > 0

        await until(found, "a run that has continued as new", seconds=60)


@pytest.mark.parametrize("sequence", KEPT.values(), ids=KEPT)
async def test_a_sequence_that_once_failed_ends_right(system: Explored, sequence: Sequence) -> None:
    assert await Exploration(system).play(sequence) is None


class _VoidsNothing:
    def __init__(self, gateway: Any) -> None:
        self._gateway = gateway

    async def void(self, key: str, reason: str) -> VoidedLabel:
        return VoidedLabel(existed=True)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._gateway, name)


async def test_a_planted_fault_is_found_by_the_carriers_books_and_shrunk_to_the_act_that_matters(
    postgres_server: Postgres, template_database: str, temporal_client: Client
) -> None:
    def voids_nothing(app: App) -> App:
        return replace(app, shipping=_VoidsNothing(app.shipping))

    cancel = Act(0, 13, "cancel", {"by": "customer", "heard": True})
    noise = (Act(0, 2, "webhooks", {"times": 1, "newest_first": True}), Act(0, AFTER_ALL, "days pass"))
    async with exploring(postgres_server, template_database, temporal_client, adapt=voids_nothing) as system:
        exploration = Exploration(system)
        found = await exploration.examined(0, Sequence(0, (OrderPlan(),), (noise[0], cancel, noise[1])))
    assert found is not None
    assert "1 live labels" in found.failure.problem
    assert found.sequence.acts == (cancel,)


class _SeesNoChanges:
    def __init__(self, gateway: Any) -> None:
        self._gateway = gateway

    async def changes(self, key: str, *, crediting: bool) -> list[PaymentChange]:
        return []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._gateway, name)


async def test_a_change_at_stripe_that_is_not_recorded_is_found_by_its_books(
    postgres_server: Postgres, template_database: str, temporal_client: Client
) -> None:
    def sees_no_changes(app: App) -> App:
        return replace(app, payments=_SeesNoChanges(app.payments))

    [case] = [each for each in cases() if each.name == "a part refunded by hand × at rest × none × webhooks on"]
    async with exploring(postgres_server, template_database, temporal_client, adapt=sees_no_changes) as system:
        failure = await Exploration(system).play(case)
    assert failure is not None
    assert failure.problem == "shipped, Stripe has 2500 of its money, and by the stream 3000"


def test_a_seed_makes_the_same_sequence_every_time_and_json_keeps_it_whole() -> None:
    for seed in range(200):
        assert from_json(json.loads(json.dumps(generate(seed).as_json()))) == generate(seed)
