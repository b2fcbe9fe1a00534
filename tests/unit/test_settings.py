"""Links and settings from the environment."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic_core import ErrorDetails

from orders.faults import problem_of
from settings import Settings, SettingsError, load_settings


def test_a_workflows_link_survives_an_id_with_characters_that_mean_something_in_an_address() -> None:
    settings = Settings(temporal_ui_url="http://ui/")
    link = settings.workflow_url("fulfill-order-a?b#c%d", "run")
    assert link == "http://ui/namespaces/default/workflows/fulfill-order-a%3Fb%23c%25d/run"


def test_a_setting_that_is_no_number_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERS_PAYMENT_DECLINE_ABOVE", "much")
    with pytest.raises(SettingsError, match="ORDERS_PAYMENT_DECLINE_ABOVE"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("ORDERS_DATABASE_POOL_SIZE", "many", 'must be a whole number, not "many"'),
        ("ORDERS_DATABASE_POOL_SIZE", "2", 'must be at least 3, not "2"'),
        ("ORDERS_PAYMENTS_PER_SECOND", "0", 'must be more than 0.0, not "0"'),
        ("ORDERS_LABELS_PER_SECOND", "fast", 'must be a number, not "fast"'),
        ("ORDERS_WEBHOOKS_ALLOW_PRIVATE", "sometimes", 'must be true or false, not "sometimes"'),
        ("ORDERS_LOG_FORMAT", "xml", "must be 'auto', 'json' or 'console', not \"xml\""),
        ("ORDERS_PAYMENT_DEADLINE", "P400D", "must be at most 365 days"),
        ("ORDERS_PAYMENT_DEADLINE", "soon", "must be a duration such as P3D or PT2H, or a number of seconds"),
    ],
)
def test_a_setting_that_is_not_usable_is_named_with_its_problem(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, problem: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    assert str(refusal.value).startswith(f"{name}: {problem}")


def test_an_error_of_an_unforeseen_kind_is_not_described_in_pydantics_words() -> None:
    unforeseen = ErrorDetails(type="frozen_set_type", loc=("x",), msg="Input should be a valid frozenset", input=1)
    assert problem_of(unforeseen) == "has a value of another kind than expected"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ORDERS_STRIPE_API_KEY", "sk_hunter2\n"),
        ("ORDERS_STRIPE_API_KEY", "pk_test_hunter2"),
        ("ORDERS_STRIPE_WEBHOOK_SECRET", "hunter2"),
        ("ORDERS_STRIPE_API_BASE", "https://stripe.example/v1"),
        ("ORDERS_STRIPE_WEBHOOK_SECRET", "whsec hunter2"),
        ("ORDERS_STRIPE_API_BASE", "http://stripe.example"),
        ("ORDERS_STRIPE_API_BASE", "https://"),
        ("ORDERS_STRIPE_CAPTURE", "later"),
        ("ORDERS_STRIPE_CAPTURE", "with-label"),
    ],
)
def test_a_setting_of_stripe_that_is_not_usable_is_named_and_no_secret_is_told(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name) as refusal:
        load_settings()
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize("address", ["https://stripe.example/", "http://127.0.0.1:12111", "http://[::1]:1"])
def test_stripes_address_may_be_a_secure_one_or_this_machines(address: str) -> None:
    assert Settings(stripe_api_base=address).stripe_api_base == address


def test_a_setting_that_is_empty_is_none_as_compose_files_leave_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERS_STRIPE_API_KEY", "")
    assert load_settings().stripe_api_key is None


def test_a_given_setting_takes_precedence_over_the_environment_by_its_name_and_by_its_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ORDERS_TASK_QUEUE", "of the environment")
    assert Settings().task_queue == "of the environment"
    assert Settings(task_queue="given").task_queue == "given"
    assert Settings.model_validate({"ORDERS_TASK_QUEUE": "given"}).task_queue == "given"


def test_a_problem_is_told_without_the_librarys_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERS_EASYPOST_FROM", '{"city": "Berlin"}')
    with pytest.raises(SettingsError, match=r"^ORDERS_EASYPOST_FROM: lacks"):
        load_settings()


def test_any_setting_can_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "url").write_text("postgresql://orders:secret@db/orders\n")
    (tmp_path / "key").write_text("sk_test_1\n")
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "url"))
    monkeypatch.setenv("ORDERS_STRIPE_API_KEY_FILE", str(tmp_path / "key"))
    settings = load_settings(tmp_path)
    assert settings.app_database_url == "postgresql://orders:secret@db/orders"
    assert settings.stripe_api_key is not None
    assert settings.stripe_api_key.get_secret_value() == "sk_test_1"


def test_a_file_that_is_not_there_is_named_with_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERS_API_KEYS_FILE", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match=r"ORDERS_API_KEYS_FILE names .*none, which cannot be read: No such file"):
        load_settings(tmp_path)


def test_a_setting_from_both_the_environment_and_a_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "url").write_text("postgresql://db/orders")
    monkeypatch.setenv("DATABASE_URL", "postgresql://other/orders")
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "url"))
    with pytest.raises(SettingsError, match="DATABASE_URL and DATABASE_URL_FILE are both set"):
        load_settings(tmp_path)


def test_the_former_names_of_worker_versioning_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERS_BUILD_ID", "1")
    with pytest.raises(SettingsError, match="ORDERS_BUILD_ID is named TEMPORAL_WORKER_BUILD_ID"):
        load_settings(tmp_path)


@pytest.mark.parametrize(
    ("given", "deadline"),
    [
        ("P3D", timedelta(days=3)),
        ("PT2H", timedelta(hours=2)),
        ("3600", timedelta(hours=1)),
        ("0", None),
        ("PT0S", None),
        ("", None),
    ],
)
def test_a_payment_deadline_is_a_duration_and_none_at_zero(
    given: str, deadline: timedelta | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDERS_PAYMENT_DEADLINE", given)
    assert load_settings(None).payment_deadline == deadline


@pytest.mark.parametrize("given", ["soon", "-PT1H", "P400D", "99999999999999999999"])
def test_a_payment_deadline_that_is_no_duration_is_refused_by_name(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERS_PAYMENT_DEADLINE", given)
    with pytest.raises(SettingsError, match="ORDERS_PAYMENT_DEADLINE"):
        load_settings(None)
