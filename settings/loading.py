"""Loads the settings once at the start of a program."""

import os
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from orders.faults import problem_of
from settings.model import Settings
from settings.sources import DEV_FOLDER, SettingsError, dev_services

# Without this refusal a worker of an older environment would serve unversioned beside versioned ones.
_RENAMED = {"ORDERS_DEPLOYMENT_NAME": "TEMPORAL_DEPLOYMENT_NAME", "ORDERS_BUILD_ID": "TEMPORAL_WORKER_BUILD_ID"}


def load_settings(folder: Path | None = DEV_FOLDER) -> Settings:
    """The environment's settings; what it leaves open comes from the `orders dev` that runs in the folder. None: the
    environment alone. Raises SettingsError."""
    if renamed := [f"{old} is named {new}" for old, new in _RENAMED.items() if os.environ.get(old)]:
        raise SettingsError("; ".join(renamed))
    try:
        settings = Settings()
    except ValidationError as error:
        raise SettingsError("; ".join(_problem(each) for each in error.errors())) from None
    return settings.model_copy(update=_missing(settings, dev_services(folder))) if folder else settings


def _problem(error: ErrorDetails) -> str:
    return ": ".join([*map(str, error["loc"]), problem_of(error)])


def _missing(settings: Settings, services: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in services.items() if getattr(settings, name, value) is None}
