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
