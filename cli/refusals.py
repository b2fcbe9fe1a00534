"""Exit codes of a command, its refusals, and addresses as messages name them."""

from urllib.parse import parse_qs, urlsplit

from eventstore.migrate import single_hosts
from settings import Settings, SettingsError

OK, REFUSED, USAGE, INTERRUPTED = 0, 1, 2, 130


class Refused(Exception):
    """The command cannot be done; the message is the whole explanation."""


def require_address(dsn: str) -> None:
    """Refuse an invalid address, before a driver reports it with its password."""
    try:
        hosts = [urlsplit(host) for host in single_hosts(dsn)]
        usable = all(host.scheme in ("postgresql", "postgres") and (host.port or 1) > 0 for host in hosts)
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError("DATABASE_URL must be like postgresql://user:password@host:5432/orders, and is not")


def database_address(settings: Settings | None) -> str:
    """Return the database's address without user and password."""
    if settings is None or settings.database_url is None:
        return "DATABASE_URL"
    try:
        hosts = ",".join(map(_host_and_port, single_hosts(settings.database_url)))
        return hosts + urlsplit(settings.database_url).path
    except ValueError:
        return "DATABASE_URL"


def _host_and_port(dsn: str) -> str:
    parts = urlsplit(dsn)
    query = parse_qs(parts.query)
    host, port = parts.hostname or query.get("host", ["localhost"])[0], parts.port or query.get("port", ["5432"])[0]
    return f"{host}:{port}"


def temporal_address(settings: Settings | None) -> str:
    if settings and settings.temporal_address:
        return settings.temporal_address
    from temporalio.envconfig import ClientConfig  # noqa: PLC0415

    return ClientConfig.load_client_connect_config().get("target_host") or "localhost:7233"
