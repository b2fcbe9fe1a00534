"""Version of the program."""


def program_version() -> str:
    """The installed version; "unknown" where it is run from its folder without being installed."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 – it takes as long as the rest of `orders --help`

    try:
        return version("orders")
    except PackageNotFoundError:
        return "unknown"
