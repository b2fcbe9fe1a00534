"""Every setting, from the environment; or from the `orders dev` that runs in this folder."""

from settings.loading import load_settings
from settings.model import Settings, host_and_port, temporal_namespace
from settings.sources import DEV_FILE, DEV_FOLDER, SettingsError

__all__ = [
    "DEV_FILE",
    "DEV_FOLDER",
    "Settings",
    "SettingsError",
    "host_and_port",
    "load_settings",
    "temporal_namespace",
]
