"""The benchmark's own machinery, on the least work that it can be given; no figure is asserted, machines differ."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def measured(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    """What a run on the least work wrote down of its parts."""
    results = tmp_path / "results.json"
    command = [sys.executable, "-m", "bench", *arguments, "--scale", "0.01", "--out", str(results)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    parts: dict[str, Any] = json.loads(results.read_text())["parts"]
    return parts


def test_a_quick_look_measures_both_sides_and_writes_them_down(tmp_path: Path) -> None:
    parts = measured(tmp_path, "append", "dispatch", "--rounds", "1")
    assert parts["append"]["medians"].keys() == {"ours", "bare INSERT"}
    for part in parts.values():
        assert all(value >= 0 for side in part["medians"].values() for value in side.values())
        assert all(side["peak_mb"] > 0 for side in part["medians"].values())
    [target] = parts["append"]["targets"]
    medians = parts["append"]["medians"]
    assert target["measured"] == medians["ours"]["events_per_s"] / medians["bare INSERT"]["events_per_s"]


def test_a_second_round_is_measured_on_the_temporal_server_of_the_first(tmp_path: Path) -> None:
    rounds = measured(tmp_path, "single", "--rounds", "2")["single"]["rounds"]
    assert {side: len(figures) for side, figures in rounds.items()} == {"ours": 2, "bare Temporal": 2}


def test_an_unknown_part_is_named_and_nothing_is_measured(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    ended = subprocess.run(
        [sys.executable, "-m", "bench", "nonsense", "--out", str(results)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert "nonsense" in ended.stderr
    assert not results.exists()
