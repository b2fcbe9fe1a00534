"""The file of results: each part's last run with its machine, and the table of docs/performance.md made from them."""

import json
import os
import platform
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

Results: TypeAlias = dict[str, Any]
"""Parts by name, each as Compared.as_json with the conditions of its run."""

_HEAD: Final = """\
| part | figure | measured | compared with | ratio | target | |
| --- | --- | --- | --- | --- | --- | --- |"""
_ROOT: Final = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Conditions:
    """Conditions of a part's run. load: the machine's average of one minute before it; seconds: its duration."""

    rounds: int
    scale: float
    load: float
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """Conditions, with the machine, the commit and the time."""
        return {
            "at": time.strftime("%Y-%m-%d %H:%M"),
            "commit": commit(),
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "rounds": self.rounds,
            "scale": self.scale,
            "load": round(self.load, 1),
            "seconds": round(self.seconds, 1),
        }


def commit() -> str | None:
    """Abbreviated commit of the code; None outside a repository."""
    command = ("git", "-C", str(_ROOT), "rev-parse", "--short", "HEAD")
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def read(file: Path) -> Results:
    """Results by part; none where there is no file."""
    try:
        parts: Results = json.loads(file.read_text())["parts"]
    except FileNotFoundError:
        return {}
    return parts


def write(file: Path, part: str, result: Mapping[str, Any]) -> None:
    """Replace the result of one part in the file; other parts keep their last one."""
    file.write_text(json.dumps({"parts": read(file) | {part: result}}, indent=1) + "\n")


def expected_seconds(results: Results, part: str, rounds: int, scale: float) -> float | None:
    """Duration that the part's last run at this scale gives for so many rounds; None without one."""
    run = results.get(part, {}).get("run")
    if run is None or run["scale"] != scale:
        return None
    return float(run["seconds"]) * rounds / int(run["rounds"])


def table(results: Results) -> str:
    """Markdown: a row for each target with the medians that it is judged by, and a line for the conditions of each part."""
    rows = (row for name, part in results.items() for row in _rows(name, part))
    return "\n".join([_HEAD, *rows, "", *_conditions(results)])


def _rows(name: str, part: Mapping[str, Any]) -> Iterator[str]:
    medians = part["medians"]
    ours = next(iter(medians))
    for target in part["targets"]:
        figure, against = target["figure"], target["against"]
        other = f"{against}: {shown(medians[against][figure])}" if against else ""
        bound = f"{'≤' if target['at_most'] else '≥'} {target['bound']:,g}"
        met = "met" if target["met"] else "missed"
        ratio = shown(target["measured"]) if against else ""
        yield f"| `{name}` | {figure} | {shown(medians[ours][figure])} | {other} | {ratio} | {bound} | {met} |"


def _conditions(results: Results) -> Iterable[str]:
    for name, part in results.items():
        if run := part.get("run"):
            yield (
                f"- `{name}`: rounds: {run['rounds']}, commit {run['commit']} at scale {run['scale']:g}, {run['at']}, "
                f"{run['cores']} cores, Python {run['python']}, load {run['load']} before it, {run['seconds']:.0f} s"
            )


def shown(figure: float | None) -> str:
    """The figure with two decimals below ten and one above."""
    return "" if figure is None else f"{figure:,.{2 if figure < 10 else 1}f}"
