"""Recorded outputs: the files under tests/golden, and the normal form in which outputs are compared with them."""

import json
import os
import re
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).resolve().parents[1] / "golden"
RECORD: Final = bool(os.environ.get("RECORD_GOLDEN"))

_SECONDS: Final = frozenset({"seconds", "ms", "medianSeconds", "ninetiethSeconds"})
"""Fields whose value is a duration."""

_NORMAL: Final = (
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?", "TIME"),
    (r"\d{4}-\d\d-\d\dT00:00:00Z", "TIME"),
    (r"\b\d{4}-\d\d-\d\d\b", "DAY"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID"),
    (r"TRK[0-9A-F]+", "TRACKING"),
    (r"whsec_[A-Za-z0-9+/=]+", "SECRET"),
    (r"ep_[0-9a-z]+", "ENDPOINT"),
    (r"\b(test|cli|api)_?-?[0-9a-f]{8,32}\b", "NAME"),
    (r"(?<![0-9a-f])[0-9a-f]{16,64}(?![0-9a-f])", "HEX"),
    (r"/tmp/orders-[^/:]+", "FOLDER"),
    (r"cli:[^\"\s,]+", "ACTOR"),
    (r"\b127\.0\.0\.1:\d+", "ADDRESS"),
    (r"\d+\.\d+ s behind", "SECONDS s behind"),
)


def document(value: Any) -> str:
    """A JSON document in normal form: indented, its fields in their order."""
    return _normal(json.dumps(_timeless(value), indent=1, ensure_ascii=False)) + "\n"


def without_sentences(value: Any) -> Any:
    """A description of the API without its sentences, which may be reworded."""
    if isinstance(value, dict):
        return {
            name: without_sentences(each)
            for name, each in value.items()
            if not (name in ("description", "summary") and isinstance(each, str))
        }
    return [without_sentences(each) for each in value] if isinstance(value, list) else value


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: "SECONDS" if name in _SECONDS else _timeless(each) for name, each in value.items()}
    return [_timeless(each) for each in value] if isinstance(value, list) else value


def _normal(output: str) -> str:
    for pattern, name in _NORMAL:
        output = re.sub(pattern, name, output)
    return output


def recorded() -> dict[str, str]:
    """The recorded outputs by name."""
    return {file.name: file.read_text() for file in sorted(FOLDER.glob("*.*")) if file.suffix in (".json", ".txt")}


def record(outputs: dict[str, str]) -> None:
    """Replace the recorded outputs."""
    FOLDER.mkdir(exist_ok=True)
    for name in recorded().keys() - outputs.keys():
        (FOLDER / name).unlink()
    for name, output in outputs.items():
        (FOLDER / name).write_text(output)
