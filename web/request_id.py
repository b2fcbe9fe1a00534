"""Id of a request: in its response, in its log lines, and in those of the code that it calls."""

import re
import uuid
from typing import Final

HEADER: Final = "X-Request-Id"
_FORM: Final = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}", re.ASCII)


def request_id(given: str | None) -> str:
    """Return the caller's id, or a new one where the caller gives none, or one that a log line should not have."""
    return given if given is not None and _FORM.fullmatch(given) else uuid.uuid4().hex
