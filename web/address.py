"""Where the API listens."""

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
    """The address of ORDERS_API_ADDRESS. Raises SettingsError where it is open to others without keys."""
    address = USUAL if settings.api_address is None else Address(*host_and_port(settings.api_address))
    if settings.api_keys is None and not is_loopback(address.host):
        raise SettingsError(
            f"ORDERS_API_ADDRESS is {address}, which others can reach, and ORDERS_API_KEYS is not set: "
            "set keys, or listen on 127.0.0.1"
        )
    return address


def beside_others(settings: Settings) -> Address:
    """The same; without ORDERS_API_ADDRESS any free port, where the usual one is taken. Raises SettingsError."""
    address = listening_address(settings)
    if settings.api_address is not None:
        return address
    try:
        listen(address).close()
    except SettingsError:
        return Address(address.host, 0)
    return address


def is_loopback(host: str) -> bool:
    """Whether only this machine answers to that name."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(address: Address) -> socket.socket:
    """A socket that listens there. Raises SettingsError where that cannot be had."""
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
    """What is typed into a browser to get there."""
    port = listening.getsockname()[1]
    return f"http://{Address(host, port)}"
