"""Certificates for tests."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

OPENSSL: Final = shutil.which("openssl")
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="makes certificates with the openssl command")
_CONFIG: Final = """
[req]
distinguished_name = name
prompt = no
[name]
CN = {name}
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical,CA:FALSE
subjectAltName = DNS:{name}
"""


@dataclass(frozen=True)
class Authority:
    """A certificate authority in a folder."""

    folder: Path
    name: str

    @classmethod
    def make(cls, folder: Path, name: str) -> "Authority":
        authority = cls(folder, name)
        authority._openssl(name, "authority")
        return authority

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name}.crt"

    def issue(self, host: str) -> tuple[Path, Path]:
        """A certificate for a host, or a client, and its key."""
        return self._openssl(
            f"{self.name}-{host}",
            "leaf",
            "-CA",
            str(self.file),
            "-CAkey",
            str(self.file.with_suffix(".key")),
            host=host,
        )

    def _openssl(self, stem: str, kind: str, *more: str, host: str | None = None) -> tuple[Path, Path]:
        config, certificate, key = (self.folder / f"{stem}.{suffix}" for suffix in ("cnf", "crt", "key"))
        config.write_text(_CONFIG.format(name=host or stem))
        elliptic = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        files = ("-config", config, "-extensions", kind, "-keyout", key, "-out", certificate)
        assert OPENSSL
        subprocess.run(
            (OPENSSL, "req", "-x509", "-days", "2", *elliptic, *files, *more), check=True, capture_output=True
        )
        return certificate, key
