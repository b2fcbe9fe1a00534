"""Settings select the gateways; unselected ones are neither imported nor needed."""

import asyncio
import os
import sys
from pathlib import Path

from bootstrap import open_app
from settings import Settings
from tests.gateways.local_stripe import API_KEY

ROOT = Path(__file__).resolve().parents[2]
BUILD = """
import sys
if "without" in sys.argv:
    sys.modules["stripe"] = None  # as if it were not installed
from settings import Settings, SettingsError
from gateways.chosen import chosen_gateways
try:
    chosen = chosen_gateways(Settings(), None)
except SettingsError as error:
    sys.exit(str(error))
print(type(chosen.payments).__name__, "stripe" in sys.modules)
"""


async def built(*arguments: str, **environment: str) -> str:
    """Output of a program that builds the gateways."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", BUILD, *arguments),
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    return (await process.communicate())[0].decode().strip()


async def test_given_no_key_then_payments_are_simulated_and_stripe_is_not_imported() -> None:
    assert await built() == "SimulatedPaymentGateway False"


async def test_given_stripes_key_then_payments_go_through_stripe() -> None:
    assert await built(ORDERS_STRIPE_API_KEY=API_KEY) == "StripePaymentGateway True"


async def test_given_stripes_key_and_not_its_package_then_the_error_says_what_to_install() -> None:
    output = await built("without", ORDERS_STRIPE_API_KEY=API_KEY)
    assert output == ("ORDERS_STRIPE_API_KEY is set and the package stripe is not installed: pip install '.[stripe]'")


async def test_given_stripes_key_then_its_client_is_closed_with_the_app(database_url: str) -> None:
    settings = Settings.model_validate({"database_url": database_url, "stripe_api_key": API_KEY})
    async with open_app(settings) as app:
        assert app.stripe is not None
    assert app.stripe.closed
