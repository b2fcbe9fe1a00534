"""The import of structlog without rich and greenlet, which it imports where they are installed: a tenth of a command's time."""

import sys
from importlib import import_module
from typing import Any

_UNUSED = ("rich", "greenlet")  # by our logs: exceptions are formatted before structlog prints them


def import_structlog() -> None:
    if "structlog" in sys.modules:
        return
    modules: dict[str, Any] = sys.modules  # None: `import` of the name raises ModuleNotFoundError
    found = {name: modules.get(name) for name in _UNUSED}
    modules.update(dict.fromkeys(_UNUSED))
    try:
        import_module("structlog")
    finally:
        for name, module in found.items():
            del modules[name]
            if module is not None:
                modules[name] = module
