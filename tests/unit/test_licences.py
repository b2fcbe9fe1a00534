"""The check of the licences of production packages."""

from pathlib import Path

import pytest

from tests.licences import LOCK, is_allowed, licences, refused, shipped


def test_everything_that_runs_can_be_shipped() -> None:
    names = shipped()
    assert refused(names, licences(names)) == []


def test_what_runs_has_every_extra_and_no_tool() -> None:
    names = set(shipped())
    assert {"temporalio", "pydantic-core", "opentelemetry-api", "stripe", "easypost"} <= names
    assert names.isdisjoint({"pytest", "hypothesis", "localstripe", "mypy"})


def test_the_image_has_the_versions_that_the_tests_run_on() -> None:
    def pins(lock: Path) -> set[str]:
        return {line for line in lock.read_text().splitlines() if line[:1].isalnum()}

    assert pins(LOCK) <= pins(Path("requirements.lock"))


@pytest.mark.parametrize(
    "licence",
    [
        *("GPL-3.0-or-later", "GNU General Public License v3 (GPLv3)", "AGPL-3.0-only", "LGPL-2.1-only", "SSPL-1.0"),
        *("GNU Lesser General Public License v2 (LGPLv2)", "BUSL-1.1", "Proprietary", "UNKNOWN", ""),
        *("MIT AND GPL-2.0-only", "MIT License; GNU General Public License v2 (GPLv2)", "(MIT OR GPL-2.0-only)"),
    ],
)
def test_a_licence_that_mit_cannot_ship_with_is_refused(licence: str) -> None:
    assert not is_allowed(licence)
    assert refused(["some-package"], {"some-package": licence}) == [f"some-package: {licence}"]


@pytest.mark.parametrize(
    "licence", ["MIT", "BSD License", "MPL-2.0 AND (Apache-2.0 OR MIT)", "Mozilla Public License 2.0 (MPL 2.0)"]
)
def test_a_licence_that_mit_can_ship_with_is_taken(licence: str) -> None:
    assert is_allowed(licence)


def test_a_package_that_names_no_licence_is_refused() -> None:
    assert refused(["some-package"], {}) == ["some-package: UNKNOWN"]
