"""Every command, option and setting says what it does, and is in the documentation."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from cli import app
from settings import Settings
from tests.integration.cli_harness import ROOT, Shell


def commands(group: Any = None, path: str = "orders") -> Iterator[tuple[str, Any]]:
    """Every command that does something, by what is typed."""
    group = group or typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


COMMANDS = dict(commands())


def documentation() -> str:
    files = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
    return "\n".join(file.read_text() for file in files if file.exists())


@pytest.mark.parametrize("path", COMMANDS)
def test_a_command_says_what_it_does_and_takes_json(path: str) -> None:
    command = COMMANDS[path]
    assert len(command.help or "") > 20
    options = {option for parameter in command.params for option in parameter.opts}
    assert "--json" in options
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"{parameter.name} has no help"


@pytest.mark.parametrize("path", COMMANDS)
def test_a_command_and_its_options_are_documented(path: str) -> None:
    text = documentation()
    assert re.search(rf"{path}\b", text), f"`{path}` is in neither README.md nor docs/"
    for parameter in COMMANDS[path].params:
        for option in parameter.opts:
            if option.startswith("--"):
                assert option in text, f"{option} of `{path}` is in neither README.md nor docs/"


@pytest.mark.parametrize("field", Settings.model_fields)
def test_a_setting_is_described_and_documented(field: str) -> None:
    setting = Settings.model_fields[field]
    assert setting.description
    assert f"`{setting.alias}`" in documentation()


async def test_help_and_version_need_no_services(tmp_path: Path) -> None:
    shell = Shell(tmp_path, {})
    version = await shell.orders("--version")
    assert (version.code, version.err) == (0, "")
    assert version.out.strip()
    shown = await shell.orders("--help")
    assert shown.code == 0
    for path in COMMANDS:
        assert path.split()[1] in shown.out
