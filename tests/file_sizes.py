"""Check that no source file has over 300 lines without a reason: `python -m tests.file_sizes`, run by `make check`."""

import subprocess
import sys
from pathlib import Path

LIMIT = 300
EXCEPTIONS = {
    "gateways/simulated/migrations/20260101000003_simulated_gateways.sql": "a migration is one step, and never changed later",
}
"""Longer files, each with its reason."""


def too_long() -> list[str]:
    """Tracked Python and SQL files over the limit without a reason."""
    names = subprocess.run(
        ["git", "ls-files", "*.py", "*/migrations/*.sql"], capture_output=True, text=True, check=True
    ).stdout.split()
    lengths = {name: len(Path(name).read_text().splitlines()) for name in names if Path(name).exists()}
    return [
        f"{name}: {length} lines, the limit is {LIMIT}"
        for name, length in lengths.items()
        if length > LIMIT and name not in EXCEPTIONS
    ]


if __name__ == "__main__":
    sys.exit("\n".join(too_long()) or None)
