"""All cells are judged at once: their histories one after the other, far apart in time.

The checks know one clock and one run. Each cell is therefore moved to a stretch of time of its own
(`STRETCH_NS`), so that its processes and jobs are over long before the next one's begin, and what a
check finds belongs to the cell in whose stretch it lies.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from chaos.checks import CheckResult, Status, Verdict, judge, judging
from chaos.checks.judge import sql_of
from chaos.history.accounts import cut, misnumbered
from chaos.history.reader import History
from chaos.sweep.again import again_s
from chaos.sweep.cell_run import CellRun

STRETCH_NS = 10**12
_TIMES = ("t", "t_sent", "due_t")
#: As the checks write a time.
_TIME = re.compile(r"\b(\d+\.\d{3}) s\b")
_ALL = 10**9
#: Cells that are judged one by one at most: each takes about as long as all others together.
_ALONE = 25
#: Broken cases of one check that a report tells.
_SHOWN = 20

#: Sentences about broken cases by anomaly; of those that were promised, and of the others.
_Found = dict[bool, dict[str, str]]


class Mark(StrEnum):
    """The judgement on a cell, as the grid shows it."""

    OK = "."
    BROKEN = "F"
    #: Broken, and known to be.
    KNOWN = "k"
    UNKNOWN = "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One run of a cell, judged. `broken` and `unpromised` name anomalies, each with a sentence;
    `met` those that were asked about and had cases."""

    run: CellRun
    broken: Mapping[str, str]
    unpromised: Mapping[str, str]
    unknown: tuple[str, ...]
    met: frozenset[str] = frozenset()

    @property
    def mark(self) -> Mark:
        if self.broken:
            return Mark.BROKEN
        return Mark.UNKNOWN if self.unknown else Mark.OK


def judge_all(
    runs: Sequence[CellRun], run_dir: Path, *, asked: Iterable[str] = ()
) -> tuple[list[Judged], list[str], tuple[CheckResult, ...]]:
    """Judge every run, in their order; what is wrong with the evidence as a whole; and what each
    check saw, whose broken cases are runs.

    `run_dir` holds the run's run.json and gets one history of all cells. Of the anomalies that are
    `asked` about it is told which cells had cases of them.
    """
    # A job that is left over would make every worker that leaves later an early one: so last.
    ordered = sorted(runs, key=lambda run: run.unfinished)
    lacks = _combine(ordered, run_dir / "history")
    with judging(run_dir, max_rows=_ALL) as (verdict, history):
        met = _met(verdict, history, frozenset(asked), len(ordered))
    found: list[_Found] = [{True: {}, False: {}} for _ in ordered]
    for check in verdict.broken:
        for row in check.rows:
            place = _place(row, ordered)
            if place is not None:
                found[place][check.promised].setdefault(check.anomaly, _own_times(row["why"]))
    # And there it hides what the cells after the first of them have done: each by itself.
    leftovers = [place for place, run in enumerate(ordered) if run.unfinished]
    for place in leftovers[:_ALONE]:
        found[place] = _alone(ordered[place].directory, run_dir)
    for place in leftovers[_ALONE:]:
        met[place].clear()
    judged = {
        id(run): Judged(
            run=run,
            broken={} if run.obstructed else of[True],
            unpromised={} if run.obstructed else of[False],
            unknown=(*run.trouble, *lack),
            met=frozenset(cases),
        )
        for run, of, lack, cases in zip(ordered, found, lacks, met, strict=True)
    }
    in_order = [judged[id(run)] for run in runs]
    return in_order, _problems(verdict), tuple(_seen(each, in_order) for each in verdict.checks)


def _seen(check: CheckResult, judged: Sequence[Judged]) -> CheckResult:
    """What a check saw of all runs, told run by run."""
    found = [(each.run, {**each.broken, **each.unpromised}) for each in judged]
    why = [f"{run.where}: {told[check.anomaly]}" for run, told in found if check.anomaly in told]
    status = check.status
    if why or status is Status.BROKEN:  # of another cell's job, or behind an obstructed wire
        status = Status.BROKEN if why else Status.OK
    return replace(
        check,
        examined=max(check.examined, len(why)),
        broken=len(why),
        rows=tuple({"job": None, "why": each} for each in why[:_SHOWN]),
        status=status,
    )


def _met(verdict: Verdict, history: History, asked: Set[str], cells: int) -> list[set[str]]:
    """For each cell, the anomalies among these that had cases in its time."""
    met: list[set[str]] = [set() for _ in range(cells)]
    for check in verdict.checks:
        if check.anomaly in asked and check.examined:
            found = history.db.execute(
                f"SELECT DISTINCT t // {STRETCH_NS} - 1 FROM ({sql_of(check.anomaly)}\n) AS cases"
                f" WHERE judged AND t >= {STRETCH_NS}"
            )
            for (place,) in found.fetchall():
                met[int(place)].add(check.anomaly)
    return met


def _alone(directory: Path, run_dir: Path) -> _Found:
    """The broken promises of one cell, judged without the others."""
    shutil.copy(run_dir / "run.json", directory)
    found: _Found = {True: {}, False: {}}
    for check in judge(directory).broken:
        found[check.promised][check.anomaly] = check.rows[0]["why"]
    return found


def _problems(verdict: Verdict) -> list[str]:
    # Which fault has landed is known cell by cell.
    cells = ("planned faults did not land", "the rig never finished")
    return [reason for reason in verdict.unknown_because if not reason.startswith(cells)]


def _place(row: Mapping[str, Any], ordered: Sequence[CellRun]) -> int | None:
    """The cell in whose time a broken case lies; None for what another cell's job has done."""
    place = int(row["t"]) // STRETCH_NS - 1
    job, run = row["job"], ordered[place]
    ours = job is None or job in run.jobs or job.startswith(run.directory.name)
    return place if ours else None


def _own_times(sentence: str) -> str:
    """A sentence about one of many cells, with times since that cell began."""
    stretch_s = STRETCH_NS // 10**9
    return _TIME.sub(lambda found: f"{float(found[1]) % stretch_s:.3f} s", sentence)


def _combine(ordered: Sequence[CellRun], history: Path) -> list[list[str]]:
    """Write all histories into one file; what each of them lacks for a verdict."""
    history.mkdir(exist_ok=True)
    lacks = []
    with (history / "cells.jsonl").open("w", encoding="ascii") as out:
        for place, run in enumerate(ordered):
            torn: list[str] = []
            events = list(_events(run.directory / "history", torn))
            first = min((event["t"] for event in events), default=0)
            shift = (place + 1) * STRETCH_NS - first
            for event in events:
                moved = {name: event[name] + shift for name in _TIMES if event.get(name)}
                out.write(json.dumps(event | moved) + "\n")
            lacks.append([*torn, *_lacks(events, run)])
            for fault in run.cell.faults[:1]:
                run.again_s = again_s(events, f"{run.directory.name}-victim-{fault.fault}")
    return lacks


def _events(history: Path, torn: list[str]) -> Iterator[dict[str, Any]]:
    counts, noted = {}, []
    for path in sorted(history.glob("*.jsonl")):
        lines = path.read_bytes().split(b"\n")
        counts[path.name] = len(lines) - 1
        if "-victim" in path.name or "-rescuer" in path.name:
            lines.pop()  # a process that was killed may have cut it short
        numbers = defaultdict(list)
        for line in filter(None, lines):
            try:
                event = json.loads(line)
            except ValueError:
                torn.append(f"{path.name} has a line that is no JSON")
                continue
            # All files become one: lines are counted here.
            numbers[event["pid"]].append((event.pop("n", None), event["t"]))
            if event["type"] == "file":
                noted.append((event["name"], event["lines"]))
            else:
                yield event
        wrong = filter(None, map(misnumbered, numbers.values()))
        torn += [f"{path.name} {said}" for said in wrong]
    torn += [part.told for part in cut(noted, counts)]


def _lacks(events: Sequence[Mapping[str, Any]], run: CellRun) -> Iterator[str]:
    """The evidence that is missing, without which a green cell means nothing."""

    def some(type: str, **fields: Any) -> bool:
        return any(event["type"] == type and fields.items() <= event.items() for event in events)

    if not some("enqueue", phase="ok"):
        yield "no enqueue was acknowledged"
    if not some("start"):
        yield "no job was ever started"
    if not some("final", what="read", ok=True):
        yield "the final state was not read"
    if not run.complete:
        yield run.missed or "the fault did not land: its command did not come"
