"""Links and settings from the environment."""

import pytest

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


def test_a_problem_is_told_without_the_librarys_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERS_EASYPOST_FROM", '{"city": "Berlin"}')
    with pytest.raises(SettingsError, match=r"^ORDERS_EASYPOST_FROM: lacks"):
        load_settings()
