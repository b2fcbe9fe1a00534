"""The benchmark's file of results, and the table made from it."""

from pathlib import Path
from typing import Any

from bench.results import expected_seconds, read, table, write

RUN = {
    "at": "2026-01-31 09:30", "commit": "abc1234", "python": "3.11.7", "cores": 2, "rounds": 2, "scale": 1.0, "load": 0.4,
    "seconds": 80.0,
}  # fmt: skip


def part(ours: float) -> dict[str, Any]:
    """A part with a target against another side and one of its own."""
    return {
        "medians": {"ours": {"events_per_s": ours}, "bare": {"events_per_s": 8000.0}},
        "targets": [
            {
                "figure": "events_per_s",
                "bound": 0.9,
                "against": "bare",
                "at_most": False,
                "measured": 0.5,
                "met": False,
            },
            {"figure": "events_per_s", "bound": 900, "against": None, "at_most": False, "measured": ours, "met": True},
        ],
        "run": RUN,
    }


def test_a_part_that_is_measured_again_replaces_its_own_result_alone(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    for name, ours in (("append", 1000.0), ("read", 2000.0), ("append", 4000.0)):
        write(file, name, part(ours))
    assert read(file) == {"append": part(4000.0), "read": part(2000.0)}


def test_the_table_has_a_row_for_each_target_and_the_conditions_of_each_part() -> None:
    assert table({"append": part(4000.0)}).splitlines()[2:] == [
        "| `append` | events_per_s | 4,000.0 | bare: 8,000.0 | 0.50 | ≥ 0.9 | missed |",
        "| `append` | events_per_s | 4,000.0 |  |  | ≥ 900 | met |",
        "",
        "- `append`: rounds: 2, commit abc1234 at scale 1, 2026-01-31 09:30, 2 cores, Python 3.11.7, load 0.4 before it, 80 s",
    ]


def test_the_duration_of_a_run_is_expected_from_the_last_one_at_the_same_scale() -> None:
    results = {"append": part(4000.0)}
    assert expected_seconds(results, "append", 3, 1.0) == 120.0
    assert expected_seconds(results, "append", 3, 0.1) is None
    assert expected_seconds(results, "read", 3, 1.0) is None
