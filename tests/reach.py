"""Check the reach of placing an order: our modules that `application.placing` imports, directly or transitively.

Fails beyond LIMIT: a change of a provider, a page or a read model must not break the placing of orders.
"""

import sys
import tomllib
from pathlib import Path
from typing import Final

import grimp

LIMIT: Final = 23
_PROJECT: Final = Path(__file__).parent.parent / "pyproject.toml"


def reach(module: str) -> set[str]:
    """Modules that this one imports, directly or transitively."""
    packages = tomllib.loads(_PROJECT.read_text())["tool"]["importlinter"]["root_packages"]
    return grimp.build_graph(*packages, cache_dir=None).find_upstream_modules(module)


def main() -> None:
    found = reach("application.placing")
    print(f"placing an order reaches {len(found)} modules")
    if len(found) > LIMIT:
        sys.exit(f"more than {LIMIT}: {', '.join(sorted(found))}")


if __name__ == "__main__":
    main()
