"""Account that PostgreSQL runs under, because it refuses to run as root."""

import os
import pwd
from pathlib import Path

from embedded.errors import EmbeddedError

UNPRIVILEGED = "nobody"


def account_for(data: Path) -> tuple[int, int] | None:
    """(uid, gid) to run the server of this data folder as; None for our own account.

    Root hands over to the owner of the folder, so that a folder of an ordinary user stays usable for that user.
    """
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return owner.st_uid, owner.st_gid
    try:
        entry = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise EmbeddedError(
            f"PostgreSQL does not run as root, and this machine has no user '{UNPRIVILEGED}' to run it as. "
            "Run this as an ordinary user, or set DATABASE_URL to an existing server."
        ) from None
    return entry.pw_uid, entry.pw_gid


def user_name() -> str:
    """Name of our own account, by which the server identifies us at its socket."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise EmbeddedError(
            f"PostgreSQL needs a name for user {os.geteuid()}, and this machine has none. "
            "Run this as a user that has one, or set DATABASE_URL to an existing server."
        ) from None


def hand_over(folder: Path, account: tuple[int, int] | None) -> None:
    """Make the account the owner of the folder and its contents; EmbeddedError if that is not permitted."""
    if account is None or folder.stat().st_uid == account[0]:
        return
    try:
        for root, folders, files in os.walk(folder):
            for name in (*folders, *files):
                os.chown(Path(root, name), *account, follow_symlinks=False)
        os.chown(folder, *account)  # last, so that an interrupted hand-over is repeated
    except PermissionError as error:
        raise EmbeddedError(
            f"PostgreSQL does not run as root, and this root may not give {folder} to user {account[0]} ({error}). "
            "Run this as an ordinary user, or set DATABASE_URL to an existing server."
        ) from error
