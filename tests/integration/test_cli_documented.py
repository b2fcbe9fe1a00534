"""Every command, option and setting has a help text, and is in the documentation."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.commands import COMMANDS as COMMANDS_BY_NAME
from cli.commands import load_command
from settings import Settings
from tests.integration.cli_harness import ROOT, Shell


def commands(group: Any = None, path: str = "orders") -> Iterator[tuple[str, Any]]:
    """Every executable command, as typed."""
    found = group.commands if group else {name: load_command(name) for name in COMMANDS_BY_NAME}
    for name, command in found.items():
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


@pytest.mark.parametrize("name", COMMANDS_BY_NAME)
def test_the_overview_has_the_first_line_of_a_commands_own_help(name: str) -> None:
    [first, *_] = load_command(name).help.split("\n\n")
    assert COMMANDS_BY_NAME[name][1] == first.replace("\n", " ")
