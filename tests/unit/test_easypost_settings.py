"""EasyPost's sender and key: wrong settings are named, and no secret is shown."""

import json
import sys

import pytest

from gateways.chosen import chosen_gateways
from gateways.easypost.settings import sender_address
from gateways.simulated import SimulatedShippingGateway
from settings import Settings, SettingsError, load_settings
from tests.gateways.easypost_server import SENDER

KEY = "EZAK-very-secret"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("ORDERS_EASYPOST_API_KEY", KEY)
    monkeypatch.setenv("ORDERS_EASYPOST_FROM", json.dumps(SENDER))
    return monkeypatch


def test_a_key_with_a_sender_chooses_easypost(environment: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    assert settings.easypost_from is not None
    assert sender_address(settings.easypost_from) == SENDER
    assert settings.easypost_unit_ounces == 16
    assert KEY not in repr(settings)


def test_a_key_without_a_sender_is_refused(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("ORDERS_EASYPOST_FROM")
    with pytest.raises(SettingsError, match="ORDERS_EASYPOST_FROM") as refusal:
        load_settings()
    assert KEY not in str(refusal.value)


@pytest.mark.parametrize(
    ("sender", "problem"),
    [
        ("Main Street 1", "must be a JSON object"),
        ("[]", "must be a JSON object of texts"),
        ('{"street1": 5, "city": "Ulm", "country": "DE"}', "must be a JSON object of texts"),
        ('{"street1": " ", "city": "Ulm", "country": "DE"}', "must be a JSON object of texts"),
        ('{"street1": "Weg 1", "city": "Ulm", "country": "DE", "planet": "Mars"}', "planet"),
        ('{"street1": "Weg 1"}', "city"),
    ],
)
def test_a_sender_that_is_no_address_is_named(environment: pytest.MonkeyPatch, sender: str, problem: str) -> None:
    environment.setenv("ORDERS_EASYPOST_FROM", sender)
    with pytest.raises(SettingsError, match=f"ORDERS_EASYPOST_FROM.*{problem}"):
        load_settings()


@pytest.mark.parametrize("ounces", ["0", "-1", "nan", "inf", "much"])
def test_a_weight_that_is_none_is_named(environment: pytest.MonkeyPatch, ounces: str) -> None:
    environment.setenv("ORDERS_EASYPOST_UNIT_OUNCES", ounces)
    with pytest.raises(SettingsError, match="ORDERS_EASYPOST_UNIT_OUNCES"):
        load_settings()


@pytest.mark.parametrize("base", ["http://example.com/v2", "example.com", "ftp://localhost"])
def test_the_key_is_not_sent_for_all_to_read(environment: pytest.MonkeyPatch, base: str) -> None:
    environment.setenv("ORDERS_EASYPOST_API_BASE", base)
    with pytest.raises(SettingsError, match="ORDERS_EASYPOST_API_BASE"):
        load_settings()


class Absent:
    """Import finder that hides EasyPost's package."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "easypost":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def test_without_the_package_the_error_says_what_to_install(environment: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("easypost", "gateways.easypost"))]:
        environment.delitem(sys.modules, name)
    environment.setattr(sys, "meta_path", [Absent(), *sys.meta_path])
    with pytest.raises(SettingsError, match=r"pip install '\.\[easypost\]'"):
        chosen_gateways(load_settings(), None)  # type: ignore[arg-type]


def test_without_a_key_the_package_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "easypost", None)
    assert isinstance(chosen_gateways(Settings(), None).shipping, SimulatedShippingGateway)  # type: ignore[arg-type]
