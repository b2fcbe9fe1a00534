"""API keys, and the callers and roles that they stand for."""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from settings import Settings, SettingsError
from web.problems import Forbidden, Unauthorized

_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_SHORTEST: Final = 16  # characters
_FORM: Final = "ORDERS_API_KEYS must be name:role:key, separated by commas"


class Role(IntEnum):
    """Permissions of a caller; each role includes those before it."""

    READ = 1
    WRITE = 2
    OPERATE = 3


@dataclass(frozen=True, slots=True)
class Caller:
    """A user of the API, named by its key."""

    name: str
    role: Role

    @property
    def actor(self) -> str:
        return f"api:{self.name}"

    def require(self, role: Role) -> None:
        """Raise Forbidden where the caller's role does not include this one."""
        if self.role < role:
            raise Forbidden(f"this needs the role {role.name.lower()}, and {self.name} has {self.role.name.lower()}")


LOCAL: Final = Caller("local", Role.OPERATE)


@dataclass(frozen=True, slots=True, repr=False)
class _Key:
    caller: Caller
    digest: bytes


class UnknownKey(Unauthorized):
    """The request has an unknown API key."""


class Keyring:
    """The configured keys; without any, every caller has the role operate."""

    def __init__(self, keys: Sequence[_Key]) -> None:
        self._keys = keys

    @property
    def is_open(self) -> bool:
        """True where no keys are configured and requests need none."""
        return not self._keys

    def caller(self, authorization: str | None) -> Caller:
        """Return the holder of the key in an Authorization header. Raises Unauthorized, UnknownKey for a wrong key."""
        if self.is_open:
            return LOCAL
        scheme, _, key = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise Unauthorized("an API key is needed: Authorization: Bearer KEY")
        # Every key is compared in constant time, so that the time reveals nothing about a guess.
        digest = _digest(key.strip())
        found = [each.caller for each in self._keys if hmac.compare_digest(each.digest, digest)]
        if not found:
            raise UnknownKey("the API key is not known")
        return found[0]


def keyring(settings: Settings) -> Keyring:
    """Read ORDERS_API_KEYS. Raises SettingsError, which never quotes a key."""
    if settings.api_keys is None:
        return Keyring(())
    entries = [entry.strip() for entry in settings.api_keys.get_secret_value().split(",") if entry.strip()]
    keys = [_parsed(number, entry) for number, entry in enumerate(entries, 1)]
    if not keys:
        raise SettingsError(f"{_FORM}, and is empty")
    for kind, values in (("name", [k.caller.name for k in keys]), ("key", [k.digest for k in keys])):
        if len(set(values)) < len(values):
            raise SettingsError(f"ORDERS_API_KEYS has a {kind} twice")
    return Keyring(keys)


def _parsed(number: int, entry: str) -> _Key:
    parts = entry.split(":", 2)
    if len(parts) < 3:
        raise SettingsError(f"{_FORM}; entry {number} is not")
    name, role, key = parts
    if not _NAME.fullmatch(name):
        raise SettingsError(f"{_FORM}; the name of entry {number} must be 1 to 64 letters, digits, dots or hyphens")
    if role.upper() not in Role.__members__:
        raise SettingsError(f"{_FORM}; the role of {name} must be read, write or operate")
    if len(key) < _SHORTEST or not key.isascii() or not key.isprintable() or " " in key:
        raise SettingsError(f"{_FORM}; the key of {name} must be {_SHORTEST} or more visible ASCII characters")
    return _Key(Caller(name, Role[role.upper()]), _digest(key))


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("latin-1", errors="replace")).digest()
