"""Version of the program."""

from importlib.metadata import PackageNotFoundError, version


def program_version() -> str:
    """The installed version; "unknown" where it is run from its folder without being installed."""
    try:
        return version("orders")
    except PackageNotFoundError:
        return "unknown"
