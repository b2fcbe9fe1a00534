"""Field types shared by the settings of several providers."""

import re
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

_THIS_MACHINE: Final = ("127.0.0.1", "::1", "localhost")


def _fits_into_a_header(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[!-~]+", secret.get_secret_value()):
        raise ValueError("must be visible ASCII characters without spaces")
    return secret


def _keeps_the_key_secret(address: str) -> str:
    parts = urlsplit(address)
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _THIS_MACHINE)
    if not secure or not parts.hostname:
        raise ValueError("must begin with https://, or with http:// on this machine: the key is sent there")
    return address


HeaderSecret = Annotated[SecretStr, AfterValidator(_fits_into_a_header)]
ProviderAddress = Annotated[str, AfterValidator(_keeps_the_key_secret)]
