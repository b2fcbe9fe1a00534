"""The benchmark's own code, with minimal work; figures are not asserted, because machines differ."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.parts import Part, Target
from bench.runner import Servers, SideFailed, Verdict, compare
from embedded.postgres import Postgres
from embedded.temporal import TemporalServer

HAS_PROC = Path("/proc/self/stat").exists()
LEAST = 0.0001  # of the full size: two orders
needs_proc = pytest.mark.skipif(not HAS_PROC, reason="other processes are read about in /proc")


@pytest.fixture
def on(postgres_server: Postgres, temporal_server: TemporalServer) -> Servers:
    """The servers of all tests."""
    return Servers(postgres_server, temporal_server.address, {})


def quietly(side: str, number: int) -> None:
    """Suppress all output."""


def bench(results: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A run with minimal work that succeeded; its output goes into pipes."""
    command = [sys.executable, "-m", "bench", *arguments, "--scale", str(LEAST), "--out", str(results)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended


def measured(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    """Figures that a run with minimal work wrote, by part."""
    results = tmp_path / "results.json"
    bench(results, *arguments)
    parts: dict[str, Any] = json.loads(results.read_text())["parts"]
    return parts


def test_a_quick_look_measures_all_sides_and_writes_them_down(tmp_path: Path) -> None:
    parts = measured(tmp_path, "orders", "dispatch", "burst", "--rounds", "1")
    bare = {"bare, as the SDK comes", "bare, tuned as ours", "bare, tuned, gateways apart"}
    libraries = {"DBOS", "Absurd"}  # installed for `make bench` only
    assert parts["orders"]["medians"].keys() | parts["orders"]["leftOut"].keys() == {"ours"} | bare | libraries
    assert parts["orders"]["leftOut"].keys() <= libraries
    for part in parts.values():
        assert all(value >= 0 for side in part["medians"].values() for value in side.values())
        assert all(side["peak_mb"] > 0 for side in part["medians"].values())
    assert all(side["orders_per_s"] > 0 for side in parts["orders"]["medians"].values())
    for target in parts["orders"]["targets"]:
        ours, other = (parts["orders"]["medians"][side][target["figure"]] for side in ("ours", target["against"]))
        assert target["measured"] == ours / other
    if HAS_PROC:
        assert all(parts["orders"]["medians"][side]["server_cpu_ms"] > 0 for side in bare)
        assert parts["orders"]["medians"]["ours"]["database_cpu_ms"] > 0


def test_a_run_reports_machine_and_progress_into_a_pipe_and_its_results_become_a_table(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    first = bench(results, "dispatch", "--rounds", "1")
    assert " cores, load " in first.stderr
    assert "dispatch: idle, round 1\n" in first.stderr
    assert "dispatch: 24 appenders, round 1\n" in first.stderr
    second = bench(results, "dispatch", "--rounds", "1")
    assert "Last time: dispatch " in second.stderr
    table = bench(results, "dispatch", "--table").stdout
    assert "| `dispatch` | p50_ms | " in table
    assert "- `dispatch`: rounds: 1, commit " in table


async def test_a_second_round_is_measured_on_the_temporal_server_of_the_first(on: Servers) -> None:
    compared = await compare(on, Part("single", "twice", {"ours": "orders_ours:measure_single"}), 2, LEAST, quietly)
    assert [figures.keys() >= {"p50_ms", "p99_ms"} for figures in compared.rounds["ours"]] == [True, True]


@needs_proc
async def test_processor_time_is_that_of_all_serving_processes(on: Servers) -> None:
    part = Part("scale-out", "one side", {"two": "orders_scale_out:measure_two"})
    two = (await compare(on, part, 1, LEAST, quietly)).medians["two"]
    assert two["cpu_ms_per_order"] == pytest.approx(two["process_1_cpu_ms"] + two["process_2_cpu_ms"])


@needs_proc
async def test_memory_is_that_of_the_serving_process(on: Servers) -> None:
    part = Part("memory", "one side", {"ours": "orders_memory:measure"})
    held = (await compare(on, part, 1, LEAST, quietly)).medians["ours"]
    assert held["peak_mb"] >= held["after_2_mb"] >= 50


async def test_processes_that_share_the_lanes_start_each_workflow_once_in_order(on: Servers) -> None:
    pytest.importorskip("grpc", reason="the stand-in for Temporal is installed for `make bench` only")
    part = Part("lanes", "one side", {"two": "lanes:measure_two"})
    two = (await compare(on, part, 1, 0.01, quietly)).medians["two"]
    assert two["starts"] > 50
    assert (two["lost"], two["out_of_order"]) == (0, 0)


def test_a_side_whose_library_is_missing_is_left_out_by_name() -> None:
    without = "import sys; sys.modules['dbos'] = None; from bench.child import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", without, "orders_dbos:measure_orders"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {"left_out": "needs dbos, which `make bench` installs"}


async def test_a_side_that_takes_too_long_is_ended_and_named(on: Servers) -> None:
    part = Part("dispatch", "too slow", {"idle": "dispatch:measure_idle"}, limit=0.2)
    with pytest.raises(SideFailed, match=r"^dispatch, idle was not done after 0\.2 s$"):
        await compare(on, part, 1, 1.0, quietly)


@pytest.mark.parametrize(
    ("target", "output"),
    [
        (Target("p50_ms", 1.3, "bare", at_most=True), "p50_ms: 1.20 of bare, at most 1.3 wanted: met"),
        (Target("events_per_s", 5.0, "other"), "events_per_s: 1.20 of other, at least 5 wanted: missed"),
        (Target("p50_ms", 150.0, at_most=True), "p50_ms: 1.20, at most 150 wanted: met"),
    ],
)
def test_a_verdict_names_whom_it_is_judged_against(target: Target, output: str) -> None:
    assert str(Verdict(target, 1.2)) == output


def test_an_unknown_part_is_named_and_nothing_is_measured(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    ended = subprocess.run(
        [sys.executable, "-m", "bench", "nonsense", "--out", str(results)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert "nonsense" in ended.stderr
    assert not results.exists()
