"""A failed assertion reports the compared values, also in the modules that tests share."""

import sys
from pathlib import Path

from tests.integration import gateway_contract, shipping_contract


def test_given_modules_that_tests_share_then_pytest_rewrites_their_assertions() -> None:
    shared = {gateway_contract.__name__, shipping_contract.__name__}
    assert shared <= set(sys.modules)
    for name, module in list(sys.modules.items()):
        if name.startswith("tests.") and module.__file__ and "    assert " in Path(module.__file__).read_text():
            assert "@pytest_ar" in vars(module), f"{name} fails without a message"
