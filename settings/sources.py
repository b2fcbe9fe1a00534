"""Sources of settings beside the environment: mounted files, and the `orders dev` that runs in this folder."""

import json
import os
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

DEV_FOLDER = Path(".orders")
DEV_FILE = "services.json"


class SettingsError(Exception):
    """A setting is missing or wrong; the message names it."""


class Files(PydanticBaseSettingsSource):
    """Values from the files that `{variable}_FILE` names, as container platforms mount secrets. Raises SettingsError."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[str | None, str, bool]:
        variable = str(field.alias)
        path = os.environ.get(f"{variable}_FILE")
        if path and os.environ.get(variable):
            raise SettingsError(f"{variable} and {variable}_FILE are both set: keep one of them")
        return (_content(path, variable) if path else None), variable, False

    def __call__(self) -> dict[str, str | None]:
        read = (self.get_field_value(field, name) for name, field in self.settings_cls.model_fields.items())
        return {variable: value for value, variable, _ in read if value is not None}


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
