"""Plays scenarios: one in this process, or several, each in a process of its own.

Several at a time cost little: most of a run is waiting until locks expire.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from chaos.checks import Outcome, Verdict, judge
from chaos.processes import Process, ProcessGroup, side_by_side
from chaos.report import write_json, write_timeline
from chaos.rig.options import USAGE, BadOption, Options, new_seed
from chaos.rig.progress import Progress
from chaos.rig.rig import opened
from chaos.rig.scenario import Scenario
from chaos.rig.setup import Setup
from chaos.servers import is_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A scenario that was played and judged."""

    verdict: Verdict
    directory: Path
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """A run that is to be played; no two have the same name."""

    name: str
    scenario: Scenario
    options: Options


def play(scenario: Scenario, options: Options, progress: Progress) -> Played:
    """Play one scenario and judge it.

    Raises `BadOption`, `UnknownTarget` or `ServerProblem` when it could not even begin.
    What fails later is recorded, and the verdict is unknown.
    """
    began = time.monotonic()
    setup = Setup.of(scenario, options)
    with progress.of(scenario.name):
        with opened(setup, progress) as rig:
            rig.play()
        progress.say("judging")
        verdict = judge(rig.directory)
    write_json(verdict, rig.directory / "verdict.json")
    write_timeline(rig.directory, verdict, rig.directory / "timeline.html")
    return Played(verdict=verdict, directory=rig.directory, seconds=time.monotonic() - began)


def seeded(scenario: Scenario, options: Options, runs: int) -> list[Take]:
    """So many runs of one scenario: with the seed of `options` or a new one, and with the next."""
    first = new_seed() if options.seed is None else options.seed
    return [
        Take(
            name=f"seed-{seed}", scenario=scenario, options=dataclasses.replace(options, seed=seed)
        )
        for seed in range(first, first + runs)
    ]


def play_side_by_side(
    takes: Sequence[Take],
    title: str,
    options: Options,
    at_once: int,
    progress: Progress,
    *,
    keep_passed: bool = True,
) -> dict[str, Played]:
    """Play them, at most so many at once, each with a server of its own; by name, in their order.

    Run directories go below the one that `options` name, but for those of runs that passed when
    `keep_passed` is False; what a run prints goes to `<name>.log` beside its own. Raises
    `BadOption` when these options, or a run's, cannot work.
    """
    if at_once > 1 and is_url(options.redis):
        raise BadOption("runs at once need a server each; give no URL, or no --at-once")
    directory = options.run_directory(title)
    try:
        with progress.of(title):
            played = _play(takes, directory, at_once, progress, keep_passed)
    except BadOption:
        shutil.rmtree(directory)
        raise
    return {take.name: played[take.name] for take in takes}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    name: str
    process: Process
    directory: Path
    began: float


def _play(
    takes: Sequence[Take], directory: Path, at_once: int, progress: Progress, keep_passed: bool
) -> dict[str, Played]:
    played: dict[str, Played] = {}
    # The rig that a process runs has workers to send home before it leaves.
    with ProcessGroup(grace_s=30.0) as group:
        starts = [partial(_start, take, directory, group) for take in takes]
        for run in side_by_side(starts, at_once, lambda run: not run.process.alive):
            done = played[run.name] = _played(run)
            progress.say(f"{run.name}: {done.verdict.outcome}, {done.seconds:.1f} s")
            if done.verdict.outcome is Outcome.PASS and not keep_passed:
                shutil.rmtree(run.directory)
    return played


def _start(take: Take, parent: Path, group: ProcessGroup) -> _Run:
    directory = parent / take.name
    words = [*take.options.words(), "--out", str(directory)]
    process = group.spawn(
        [sys.executable, "-m", "chaos", take.scenario.name, *words],
        log=parent / f"{take.name}.log",
        # Not on the command line, where everybody could read a password.
        env={**os.environ, "CHAOS_REDIS": take.options.redis},
        name=take.name,
    )
    return _Run(name=take.name, process=process, directory=directory, began=time.monotonic())


def _played(run: _Run) -> Played:
    status = run.process.poll()
    if status is not None and status.code == USAGE:
        said = run.process.log.read_text(errors="replace").strip().splitlines()
        raise BadOption(said[-1].removeprefix("error: ") if said else "a run could not begin")
    seconds = time.monotonic() - run.began
    return Played(verdict=judge(run.directory), directory=run.directory, seconds=seconds)
