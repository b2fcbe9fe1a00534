"""Check the licences of production packages against the MIT licence: `python -m tests.licences`, run by `make check`.
Packages of tests and checks alone are not distributed, and may have any licence."""

import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCK: Final = Path("requirements.lock")
ALLOWED: Final = frozenset(
    {
        *("MIT", "MIT License", "ISC", "ISC License (ISCL)", "PSF-2.0", "Public Domain", "Apache-2.0", "0BSD"),
        *("Apache Software License", "BSD License", "BSD-2-Clause", "BSD-3-Clause", "3-Clause BSD License"),
        # A copyleft for its own files alone, which are used unchanged; the work they are in may be under any licence.
        *("MPL-2.0", "Mozilla Public License 2.0 (MPL 2.0)"),
    }
)
"""By the names that packages give them. The GPL and AGPL reach the whole work; the LGPL asks that its part can be exchanged
in what is shipped, images included, which this project does not offer; of SSPL and BUSL the field of use is limited."""


def shipped() -> list[str]:
    """Packages of the image on a system like this one: with every extra, and the build tool."""
    lines = [line.split(" \\")[0] for line in LOCK.read_text().splitlines() if line[:1].isalnum()]
    pinned = [Requirement(line) for line in lines]
    return sorted(canonicalize_name(each.name) for each in pinned if each.marker is None or each.marker.evaluate())


def licences(names: list[str]) -> dict[str, str]:
    """Licences of each package, by its name."""
    command = [sys.executable, "-m", "piplicenses", "--format", "json", "--with-system", "--packages", *names]
    rows = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return {canonicalize_name(row["Name"]): row["License"] for row in rows}


def is_allowed(licence: str) -> bool:
    """True if all named licences are allowed, including each of alternatives: a person chooses one."""
    return all(_bare(each) in ALLOWED for each in re.split(r"; | AND | OR ", licence))


def _bare(part: str) -> str:
    """A licence without the brackets of an expression; a classifier may have brackets of its own."""
    part = part.lstrip("(")
    return part if "(" in part else part.rstrip(")")


def table(found: dict[str, str]) -> str:
    """Packages by licence."""
    packages: dict[str, list[str]] = {}
    for name, licence in sorted(found.items()):
        packages.setdefault(licence, []).append(name)
    return "\n".join(
        textwrap.fill(f"{licence:37} {', '.join(names)}", 120, subsequent_indent=" " * 38, break_on_hyphens=False)
        for licence, names in sorted(packages.items())
    )


def refused(names: list[str], found: dict[str, str]) -> list[str]:
    """Packages that cannot be distributed, or name no licence."""
    return [f"{name}: {found.get(name, 'UNKNOWN')}" for name in names if not is_allowed(found.get(name, "UNKNOWN"))]


if __name__ == "__main__":
    names = shipped()
    found = licences(names)
    sys.stdout.write(table(found) + "\n")
    sys.exit("\n".join(f"{each} cannot be shipped under MIT" for each in refused(names, found)) or None)
