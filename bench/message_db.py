"""The SQL of message-db as its authors publish it: an npm package, fetched once by npm and kept beside the interpreter."""

import asyncio
import hashlib
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Final

from bench.side import LeftOut

SCHEMA: Final = "message_store"
_PACKAGE: Final = "@eventide/message-db@1.3.1"
_SHA256: Final = "d7938e108d950e29da1974e3acad05bcf680045d0961f6a12039fb002140840d"
KEPT: Final = Path(sys.prefix) / "bench" / "message-db-1.3.1.tgz"
_LIMIT: Final = 60.0  # seconds for npm
# In the order of its install.sh, without role, privileges and views, which the owner does without, and without the
# extension pgcrypto: none of its functions calls it, and the embedded server has none.
_SCRIPTS: Final = (
    "schema/message-store", "tables/messages", "types/message",
    "functions/message-store-version", "functions/hash-64", "functions/acquire-lock", "functions/category",
    "functions/is-category", "functions/id", "functions/cardinal-id", "functions/stream-version",
    "functions/write-message", "functions/get-stream-messages", "functions/get-category-messages",
    "functions/get-last-stream-message",
    "indexes/messages-id", "indexes/messages-stream", "indexes/messages-category",
)  # fmt: skip


async def scripts() -> list[str]:
    """SQL scripts that install message-db, in order, for a connection whose search path is its schema.

    Raises LeftOut without npm, or if npm gets no package; ValueError if the package is not the pinned one.
    """
    if not KEPT.exists():
        await _fetch()
    if hashlib.sha256(KEPT.read_bytes()).hexdigest() != _SHA256:
        raise ValueError(f"{KEPT} is not the {_PACKAGE} that was looked at: remove it to fetch it anew")
    with tarfile.open(KEPT) as archive:
        return [_member(archive, f"package/database/{name}.sql") for name in _SCRIPTS]


def _member(archive: tarfile.TarFile, name: str) -> str:
    file = archive.extractfile(name)
    assert file is not None  # the sum was that of a package with these files
    return file.read().decode()


async def _fetch() -> None:
    if (npm := shutil.which("npm")) is None:
        raise LeftOut("needs npm")
    KEPT.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=KEPT.parent) as folder:
        process = await asyncio.create_subprocess_exec(
            npm, "pack", _PACKAGE, "--silent", "--pack-destination", folder,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(_LIMIT):
                await process.wait()
        except BaseException as error:
            process.kill()
            await process.wait()
            if isinstance(error, TimeoutError):
                raise LeftOut(f"npm did not get {_PACKAGE} within {_LIMIT:.0f} s") from None
            raise
        if process.returncode:
            raise LeftOut(f"npm could not get {_PACKAGE}")
        _keep(Path(folder))


def _keep(folder: Path) -> None:
    [packed] = folder.glob("*.tgz")
    packed.rename(KEPT)
