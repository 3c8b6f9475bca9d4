"""How cost grows: the goals, the picture, the page, and the queue that is filled for it."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from benchmarks import growth
from benchmarks.growing import page, plot, rounds
from benchmarks.growing.axes import AXES, WAITING, Axis
from benchmarks.growing.results import COLUMNS, FEW, MANY, Results
from benchmarks.parts.goals import reached
from benchmarks.parts.sections import put_section
from benchmarks.parts.stand import Stand, open_stand
from benchmarks.reference import queue
from rrq_ref import Settings, keys

pytestmark = pytest.mark.slow

SVG = "{http://www.w3.org/2000/svg}"


def results(cost: Callable[[int], float], *axes: Axis) -> Results:
    """Two rounds in which every figure at a point is its cost, and a tenth more."""
    found = Results()
    for axis in axes:
        for point in axis.points:
            for times in (1.0, 1.1):
                found.note(axis, point, {each.name: cost(point) * times for each in COLUMNS})
    return found


def as_the_logarithm(jobs: int) -> float:
    return 30 + 5 * math.log2(jobs)


@pytest.mark.parametrize(
    ("cost", "met"),
    [
        (lambda jobs: 50, True),
        (as_the_logarithm, True),
        (math.log, True),
        (lambda jobs: math.log(jobs) ** 2, False),
        (math.sqrt, False),
        (lambda jobs: jobs, False),
        # In proportion to the jobs, though each adds only a ten-thousandth of a microsecond.
        (lambda jobs: 50 + jobs / 10_000, False),
    ],
    ids=["constant", "a + b log", "log", "log squared", "root", "linear", "a + b linear"],
)
def test_a_cost_may_grow_as_the_logarithm_of_the_backlog_does(
    cost: Callable[[int], float], met: bool
) -> None:
    goals = results(cost, WAITING).goals()
    assert len(goals) == 5
    assert [goal.met for goal in goals] == [met] * 5


@pytest.mark.parametrize("point", [FEW, MANY])
def test_a_growth_is_not_reached_unless_both_ends_were_measured(point: int) -> None:
    found = results(lambda _: 50, WAITING)
    del found.noted["waiting"][point]
    assert [goal.met for goal in found.goals()] == [None] * 5
    assert not reached(found.goals())


def test_the_picture_is_small_and_the_same_each_time() -> None:
    drawn, again = (plot.svg(results(as_the_logarithm, *AXES)) for _ in range(2))
    assert drawn == again
    assert len(drawn) < 80_000  # all figures over all axes, of which a third is not measured
    texts = [text.text for text in ElementTree.fromstring(drawn).iter(f"{SVG}text")]
    assert {axis.title for axis in AXES} < set(texts)
    assert {"CPU, µs per job", "jobs per second", "pick-up, ms", "worker", "Redis"} < set(texts)
    assert {"10", "1k", "1M"} < set(texts)


def test_the_picture_leaves_out_what_was_not_measured() -> None:
    found = Results()
    found.note(WAITING, FEW, {"worker_us": 1.0})
    texts = [text.text for text in ElementTree.fromstring(plot.svg(found)).iter(f"{SVG}text")]
    assert {WAITING.title, "worker"} < set(texts)
    assert not {*(axis.title for axis in AXES[1:]), "Redis", "pick-up, ms"} & set(texts)


def test_the_page_has_every_figure_of_every_point() -> None:
    lines = [*page.section(results(float, *AXES), {"cpus": 2}, "picture.svg")]
    assert "![How cost grows: CPU, rates and pick-up over each axis](picture.svg)" in lines
    for axis in AXES:
        heads = [line for line in lines if line.startswith(f"| {axis.title} |")]
        titles = [title for head in heads for title in head.strip("| ").split(" | ")[1:]]
        assert titles == [column.title for column in COLUMNS]
    rows = [line for line in lines if line.startswith("| 1,000,000 |")]
    assert rows[0].startswith("| 1,000,000 | 1,050,000 (1,000,000 to 1,100,000) |")
    assert len(rows) == 2 * math.ceil(len(COLUMNS) / 4)  # jobs waiting, bytes of a result


def test_a_section_is_replaced_and_the_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    put_section(path, "One", ["first"])
    put_section(path, "One and two", ["second", "", "### below it"])
    assert path.read_text() == (
        "# Speed\n\n## One\n\nfirst\n\n## One and two\n\nsecond\n\n### below it\n"
    )
    path.write_text(path.read_text().replace("# Speed\n", "# Fast\n\nby hand\n"))
    put_section(path, "One", ["again"])
    put_section(path, "One and two", ["anew"])
    assert path.read_text() == "# Fast\n\nby hand\n\n## One\n\nagain\n\n## One and two\n\nanew\n"


def test_without_matplotlib_a_page_is_refused_before_anything_is_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    words = ["--quick", "--axis", "results", "--page", str(tmp_path / "speed.md")]
    result = CliRunner().invoke(growth.main, words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "pip install '.[benchmarks]'" in result.stderr
    assert [*tmp_path.iterdir()] == []


@pytest.fixture
def stand() -> Iterator[Stand]:
    with open_stand("embedded") as stand:
        queue.prepare(stand.admin)
        yield stand


def completed(stand: Stand) -> int:
    """The number of jobs that have ended well."""
    read: Any = stand.admin
    return [read.hget(job, "status") for job in read.keys("rrq:job:*")].count(b"COMPLETED")


def test_a_drain_does_the_first_of_many_jobs(stand: Stand) -> None:
    rounds.let_wait(stand, 20_000)
    rounds.drain(stand, 300)
    assert 300 <= completed(stand) == 20_000 - queue.left(stand.admin) < 20_000


def test_a_drain_does_all_jobs_a_few_at_a_time(stand: Stand) -> None:
    rounds.let_wait(stand, 45)
    rounds.drain(stand, 45, at_a_time=10)
    assert completed(stand) == 45
    used: Any = stand.admin.info("commandstats")
    assert used["cmdstat_set"]["calls"] >= 5  # each claim that finds jobs notes them


def test_jobs_that_are_due_in_a_day_wait_while_others_are_picked_up(stand: Stand) -> None:
    queue.fill(stand.admin, 50, in_a_day=True)
    late = rounds.pick_up(stand, 3, Random(1))
    assert 0 < late["pickup_p50_ms"] <= late["pickup_p95_ms"]
    assert queue.left(stand.admin) == 50


def test_jobs_are_spread_over_queues_and_the_last_ones_are_gone_first(stand: Stand) -> None:
    admin: Any = stand.admin
    names = ["a", "b", "c"]
    rounds.let_wait(stand, 8, names)
    assert [admin.zcard(keys.queue(name)) for name in names] == [3, 3, 2]
    first = admin.zrange(keys.queue("a"), 0, 1)
    rounds.let_wait(stand, 5, names)
    assert [admin.zcard(keys.queue(name)) for name in names] == [2, 2, 1]
    assert admin.zrange(keys.queue("a"), 0, -1) == first
    assert len(admin.keys("rrq:job:*")) == 5


def test_idle_workers_are_seen_to_poll(stand: Stand) -> None:
    longer_than_a_poll_s = 1.5 * Settings().poll_max_ms / 1000
    used = rounds.idle(stand, 2, longer_than_a_poll_s)
    assert used["idle_calls_per_s"] >= 2 / longer_than_a_poll_s
