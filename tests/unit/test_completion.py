"""Completion of the command line in bash and zsh: commands, options and values."""

import os
import subprocess
import sys

import pytest


def completed(shell: str, line: str) -> str:
    """Return the completions of a shell at the end of the line."""
    words = {"bash": {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}, "zsh": {"_TYPER_COMPLETE_ARGS": line}}
    return subprocess.run(
        [sys.executable, "-m", "cli"],
        env={**os.environ, "_ORDERS_COMPLETE": f"complete_{shell}", **words[shell]},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.mark.parametrize("shell", ["bash", "zsh"])
@pytest.mark.parametrize(
    ("line", "offered"),
    [("orders inv", "inventory"), ("orders inventory adjustm", "adjustments"), ("orders list --wai", "--waiting")],
)
def test_a_shell_completes_commands_and_options(shell: str, line: str, offered: str) -> None:
    assert offered in completed(shell, line)
