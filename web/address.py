"""The address that the API listens on."""

import ipaddress
import socket
from dataclasses import dataclass
from typing import Final

from settings import Settings, SettingsError, host_and_port

USUAL_PORT: Final = 8080


@dataclass(frozen=True, slots=True)
class Address:
    """A host, by name or number, and a port; port 0 is any that is free."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


USUAL: Final = Address("127.0.0.1", USUAL_PORT)


def listening_address(settings: Settings) -> Address:
    """The address of ORDERS_API_ADDRESS. Raises SettingsError where it is reachable from other machines without keys."""
    address = USUAL if settings.api_address is None else Address(*host_and_port(settings.api_address))
    if settings.api_keys is None and not is_loopback(address.host):
        raise SettingsError(
            f"ORDERS_API_ADDRESS is {address}, which other machines can reach, and ORDERS_API_KEYS is not set: "
            "set keys, or listen on 127.0.0.1"
        )
    return address


def beside_others(settings: Settings) -> Address:
    """The same, or any free port where ORDERS_API_ADDRESS is not set and the default port is in use. Raises SettingsError."""
    address = listening_address(settings)
    if settings.api_address is not None:
        return address
    try:
        listen(address).close()
    except SettingsError:
        return Address(address.host, 0)
    return address


def is_loopback(host: str) -> bool:
    """Return True where the name or address is a loopback one."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(address: Address) -> socket.socket:
    """Open a listening socket. Raises SettingsError where that fails."""
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise _unusable(address, error) from None
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(where)
        listening.listen(2048)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise _unusable(address, error) from None
    return listening


def _unusable(address: Address, error: Exception) -> SettingsError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return SettingsError(f"the HTTP API cannot listen on {address} (ORDERS_API_ADDRESS): {reason}")


def url_of(listening: socket.socket, host: str) -> str:
    """Return the URL of a listening socket, for a browser."""
    port = listening.getsockname()[1]
    return f"http://{Address(host, port)}"
