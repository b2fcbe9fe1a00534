"""Time-outs and retries: an invalid policy would fail the workflow task for ever, a run's time-out would forbid the undo."""

import ast
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.api.common.v1 import RetryPolicy as WireRetryPolicy
from temporalio.common import RetryPolicy

from workflows import options

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (
    *("activities", "audit", "cli", "dispatcher", "embedded", "eventstore", "orders", "projections", "scripts", "web"),
    *("workflows", "tests"),
)
POLICIES = {name: value for name, value in vars(options).items() if isinstance(value, RetryPolicy)}
TIMEOUTS = {name: value for name, value in vars(options).items() if isinstance(value, timedelta)}
FATAL = {"execution_timeout", "run_timeout"}


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_each_retry_policy_is_one_that_temporal_accepts(policy: RetryPolicy) -> None:
    wire = WireRetryPolicy()
    policy.apply_to_proto(wire)  # raises what the SDK refuses
    assert wire.initial_interval.ToTimedelta() > timedelta(0)
    assert wire.maximum_interval.ToTimedelta() <= timedelta(hours=1)


def test_there_is_a_policy_for_each_kind_of_step() -> None:
    assert set(POLICIES) == {"DATABASE_RETRY", "GATEWAY_RETRY"}


@pytest.mark.parametrize("timeout", TIMEOUTS.values(), ids=TIMEOUTS)
def test_each_timeout_and_pause_is_longer_than_nothing(timeout: timedelta) -> None:
    assert timeout > timedelta(0)


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_every_step_is_tried_in_rounds_of_a_few_attempts(policy: RetryPolicy) -> None:
    assert 1 < policy.maximum_attempts <= 10


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_a_round_of_attempts_that_are_refused_at_once_is_over_within_a_minute(policy: RetryPolicy) -> None:
    assert policy.maximum_interval is not None
    waits = [policy.initial_interval * policy.backoff_coefficient**n for n in range(policy.maximum_attempts - 1)]
    assert sum((min(wait, policy.maximum_interval) for wait in waits), timedelta(0)) <= timedelta(minutes=1)


@pytest.mark.parametrize("round_number", [1, 2, 9, 10, 11, 1000, 10**6])
def test_the_pause_between_rounds_is_never_over_an_hour(round_number: int) -> None:
    assert timedelta(0) < options.pause_before(round_number) <= timedelta(hours=1)


def test_pauses_between_rounds_grow() -> None:
    pauses = [options.pause_before(round_number) for round_number in range(1, 10)]
    assert pauses == sorted(set(pauses))


def test_no_workflow_is_started_with_a_timeout_of_its_own() -> None:
    files = [*ROOT.glob("*.py"), *(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))]
    assert len(files) > 50
    assert [found for file in files for found in _fatal_arguments(file)] == []


def _fatal_arguments(file: Path) -> list[str]:
    calls = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
    return [f"{file.name}:{call.lineno}" for call in calls if FATAL & {keyword.arg for keyword in call.keywords}]
