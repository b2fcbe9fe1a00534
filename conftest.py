"""Settings of pytest for all tests. Assertions in the modules that tests share report the compared values."""

import os

import pytest

pytest.register_assert_rewrite("tests")


def pytest_xdist_auto_num_workers() -> int:
    """Number of test processes of `make test`: more than cores, as a process waits for its servers a third of its time."""
    return min(8, (os.cpu_count() or 1) + 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run unit tests last: a file of long tests at the end would keep one process busy while the others have nothing to do."""
    items.sort(key=lambda item: item.nodeid.startswith("tests/unit/"))
