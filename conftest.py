"""Assertions in the modules that tests share report the compared values, as those in the tests do."""

import pytest

pytest.register_assert_rewrite("tests")
