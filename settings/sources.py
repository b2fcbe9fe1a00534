"""Sources of settings beside the environment: mounted files, and the `orders dev` that runs in this folder."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

DEV_FOLDER = Path(".orders")
DEV_FILE = "services.json"


class SettingsError(Exception):
    """A setting is missing or wrong; the message names it."""


def variables(names: Iterable[str]) -> dict[str, str]:
    """Values of the variables that are set; an empty one is not. Raises SettingsError."""
    return {name: value for name in names if (value := _value(name)) is not None}


def _value(variable: str) -> str | None:
    """The variable, or the content of the file that `{variable}_FILE` names, as container platforms mount secrets."""
    value, path = os.environ.get(variable) or None, os.environ.get(f"{variable}_FILE")
    if value and path:
        raise SettingsError(f"{variable} and {variable}_FILE are both set: keep one of them")
    return _content(path, variable) if path else value


def _content(path: str, variable: str) -> str:
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingsError(f"{variable}_FILE names {path}, which cannot be read: {reason}") from None


def dev_services(folder: Path) -> dict[str, str]:
    """Addresses of the `orders dev` that runs in the folder, by the names of the settings."""
    try:
        found: dict[str, str] = json.loads((folder / DEV_FILE).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return found
