"""Plays several runs at a time, each in a process and on a server of its own.

Several at a time cost little: most of a run is waiting until locks expire. A run is judged once,
by the process that played it; here its verdict is only read.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from chaos.checks import Outcome, Verdict
from chaos.cli.met import points_of
from chaos.cli.playing import Played
from chaos.processes import ExitStatus, Process, ProcessGroup, side_by_side
from chaos.processes.modules import python
from chaos.rig.options import USAGE, BadOption, Options, new_seed
from chaos.rig.progress import Progress
from chaos.rig.scenario import Scenario
from chaos.servers import is_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """A run that is to be played; no two have the same name."""

    name: str
    scenario: Scenario
    options: Options


def seeded(scenario: Scenario, options: Options, runs: int) -> list[Take]:
    """A number of runs of one scenario: the first with the seed of `options`, or a new one where
    that has none, and each later one with the next."""
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
    """Play them, `at_once` at a time at most; by name, in their order.

    Run directories go below the one that `options` name; where `keep_passed` is False, those of
    runs that passed are removed. The output of a run goes to `<name>.log` beside its directory.
    Raises `BadOption` when these options, or a run's, cannot work.
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
    take: Take
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
            done = played[run.take.name] = _played(run)
            progress.say(f"{run.take.name}: {done.verdict.outcome}, {done.seconds:.1f} s")
            if done.verdict.outcome is Outcome.PASS and not keep_passed:
                shutil.rmtree(run.directory)
    return played


def _start(take: Take, parent: Path, group: ProcessGroup) -> _Run:
    directory = parent / take.name
    words = [*take.options.words(), "--out", str(directory)]
    process = group.spawn(
        python("chaos", take.scenario.name, *words),
        log=parent / f"{take.name}.log",
        # Not on the command line, where everybody could read a password.
        env={**os.environ, "CHAOS_REDIS": take.options.redis},
        name=take.name,
    )
    return _Run(take=take, process=process, directory=directory, began=time.monotonic())


def _played(run: _Run) -> Played:
    status = run.process.poll()
    assert status is not None
    said = run.process.log.read_text(errors="replace").strip().splitlines()
    last = said[-1].removeprefix("error: ") if said else "it said nothing"
    if status.code == USAGE:
        raise BadOption(last)
    try:
        verdict = read_verdict(run.directory, status)
    except ValueError as error:
        verdict = _unknown(run.take, f"{error}; its last words: {last}")
    seconds = time.monotonic() - run.began
    points = points_of(run.directory)
    return Played(verdict=verdict, directory=run.directory, seconds=seconds, points=points)


def read_verdict(directory: Path, status: ExitStatus) -> Verdict:
    """The verdict that a run left, if the process that judged it ended as that verdict says.

    Raises ValueError, with the reason, when there is no verdict to believe.
    """
    try:
        text = (directory / "verdict.json").read_bytes()
    except OSError as error:
        raise ValueError(f"the run left no verdict ({_ended(status)}: {error.strerror})") from error
    try:
        verdict = Verdict.from_json(json.loads(text))
    except ValueError as error:
        raise ValueError(f"the run left a verdict that cannot be read ({error})") from error
    if status.code != verdict.outcome.exit_code:
        raise ValueError(
            f"the run left the verdict {verdict.outcome}, and ended with {_ended(status)}"
        )
    return verdict


def _ended(status: ExitStatus) -> str:
    return f"signal {status.signal}" if status.code is None else f"exit code {status.code}"


def _unknown(take: Take, reason: str) -> Verdict:
    """The verdict on a run of which nothing is known."""
    seed = take.options.seed
    about = {"scenario": take.scenario.name, "target": take.options.target, "seed": seed}
    if seed is not None:
        about["command"] = take.options.command(take.scenario.name, seed)
    return Verdict(
        outcome=Outcome.UNKNOWN,
        checks=(),
        unknown_because=(reason,),
        counts={},
        faults=(),
        run=about,
    )
