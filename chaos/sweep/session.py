"""A sweep from its options to its report: server, fork server, stages, judgement, files."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import redis

from chaos.inference.known import hand_on, with_what_is_known
from chaos.known import Known
from chaos.processes import ForkServer
from chaos.processes.modules import shown
from chaos.rig.lag import Clockwork
from chaos.rig.options import BadOption, Options, new_seed
from chaos.rig.progress import Progress
from chaos.rig.record import timing, versions, write_record
from chaos.servers import DatabaseLock, ServerProblem, at_database, mask, open_server
from chaos.sweep import slots as slots_of
from chaos.sweep.cell.tasks import PREPARE
from chaos.sweep.cells import SWEPT, Cell
from chaos.sweep.columns import Swept
from chaos.sweep.judging import Judged, Mark, judge_all
from chaos.sweep.life import SETTINGS
from chaos.sweep.lives import BY_NAME
from chaos.sweep.results import Results
from chaos.sweep.risk import failed_in
from chaos.sweep.room import Room
from chaos.sweep.stage import Stage
from chaos.sweep.starts import Starts
from chaos.sweep.sweep import Sweep
from chaos.sweep.warm import warm
from chaos.targets import Target, find_target
from chaos.targets.asking import Asking

#: Processes that start at the same time, for each CPU.
_STARTS_PER_CPU = 2
#: Lives that any queue has; and that of one that runs a failed job again.
_OF_ANY_QUEUE = ("succeeds", "drained")
RETRIED = "fails-then-succeeds"
#: The life whose boundaries are paired.
_PAIRED = "succeeds"
#: Between two looks at the machine's lag: where a cell waits for seconds, so may these.
_LAG_S, _RARE_LAG_S = 0.025, 0.1
#: The proxies' threads must not wait for each other longer than a command takes.
_SWITCH_S = 0.001
_SLACK_MS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepOptions(Options):
    """The options of every scenario, and the choice of what to sweep."""

    lives: tuple[str, ...] = tuple(BY_NAME)
    faults: tuple[str, ...] = tuple(SWEPT)
    cell: Cell | None = None
    #: The number of pairs; 0: all of them; None: no pairs.
    pairs: int | None = None
    slots: int | None = None
    #: Seconds after which no other cell is begun.
    budget_s: float | None = None
    #: An earlier sweep, whose broken cells come first.
    before: Path | None = None
    #: What is known to be broken.
    known: Known | None = None

    def command(self, scenario: str, seed: int) -> str:
        words = [*shown(scenario), "--target", self.target, "--seed", str(seed)]
        if self.cell is not None:
            words += ["--cell", str(self.cell)]
        elif self.pairs is not None:
            words += ["--pairs", str(self.pairs or "all")]
        else:
            words += ["--life", ",".join(self.lives), "--fault", ",".join(self.faults)]
        if self.budget_s is not None:
            words += ["--budget", f"{self.budget_s:g}s"]
        if self.before is not None:
            words += ["--before", str(self.before)]
        if self.redis != "embedded":
            words += ["--redis", mask(self.redis)]
        return shlex.join(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A sweep that was run and judged, and where its evidence is."""

    results: Results
    directory: Path


def run(options: SweepOptions, progress: Progress) -> Done:
    """Sweep and judge. Raises `BadOption`, `UnknownTarget` or `ServerProblem` at the beginning."""
    if sys.platform != "linux":
        raise BadOption("the sweep needs Linux: it signals through pidfds")
    failed = failed_in(options.before) if options.before else frozenset()
    hand_on(options, progress)
    target = with_what_is_known(find_target(options.target))
    if target.asks is not None and options.lives == tuple(BY_NAME):
        options = replace(options, lives=lives_of(target.asks))
    directory = options.run_directory("sweep")
    seed = options.seed if options.seed is not None else new_seed()
    switch_s = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_S)
    try:
        with progress.of("sweep"), ExitStack() as stack:
            stages, version = stack.enter_context(_stages(options, target, directory))
            about = _about(options, target, seed, version, len(stages))
            write_record(directory, about)
            if options.cell is None:
                programs = warm(stages[0], directory, stack, progress)
                for stage in stages:
                    stage.warm = programs
            sweep = Sweep(
                stages,
                directory / "cells",
                progress,
                budget_s=options.budget_s,
                failed=failed,
                room=Room(options.slots or slots_of.sure(target)),
                enough=partial(slots_of.enough, target) if target.asks is not None else None,
            )
            swept = _sweep(sweep, options, Random(seed))
        progress.say("judging")
        asked = {entry.anomaly for entry in options.known.entries} if options.known else ()
        judged, problems, checks = judge_all(swept.runs, directory, asked=asked)
    except ServerProblem:
        shutil.rmtree(directory)
        raise
    finally:
        sys.setswitchinterval(switch_s)
    _keep(judged, about, everything=options.cell is not None)
    results = Results(swept, judged, problems, checks, about, options.known)
    return Done(results=results, directory=directory)


def lives_of(asking: Asking) -> tuple[str, ...]:
    """The lives of a queue of which only two programs are known."""
    return (*_OF_ANY_QUEUE, RETRIED) if asking.retried else _OF_ANY_QUEUE


def _sweep(sweep: Sweep, options: SweepOptions, random: Random) -> Swept:
    if options.cell is not None:
        return sweep.one(options.cell)
    if options.pairs is not None:
        return sweep.pairs(_PAIRED, options.pairs or None, random)
    return sweep.sweep(options.lives, options.faults)


@contextmanager
def _stages(
    options: SweepOptions, target: Target, directory: Path
) -> Iterator[tuple[list[Stage], str]]:
    """The stages, each on a database of its own, and the server's version."""
    slots = 1 if options.cell is not None else options.slots or slots_of.most(target)
    ours = "://" not in options.redis
    config = {"databases": str(slots + 1)} if ours else None
    with ExitStack() as stack:
        server = stack.enter_context(
            open_server(options.redis, directory / "server", config=config)
        )
        if target.prepare is not None:
            target.prepare(server.url)
        # Not the first one: a client that need not SELECT has a boundary less.
        urls = [at_database(server.url, number) for number in range(1, slots + 1)]
        if not ours:
            urls = list(_empty(urls, stack)) or [server.url]
        fork_server = stack.enter_context(
            ForkServer(PREPARE, options.target, log=directory / "fork-server.log")
        )
        starts = Starts(_STARTS_PER_CPU * slots_of.cpus())
        clockwork = Clockwork(_LAG_S if target.asks is None else _RARE_LAG_S)
        stack.callback(clockwork.close)
        stages = [Stage(target, server, url, fork_server, starts, clockwork) for url in urls]
        stack.callback(_close, stages)
        stages[0].check()
        yield stages, server.version


def _close(stages: Sequence[Stage]) -> None:
    """Close all, at the same time: each may have a program that takes its time to leave."""
    with ThreadPoolExecutor(len(stages)) as pool:
        for closed in [pool.submit(stage.close) for stage in stages]:
            closed.result()


def _empty(urls: Sequence[str], stack: ExitStack) -> Iterator[str]:
    """Those of a stranger's databases that are there and hold nothing, locked until the end."""
    for url in urls:
        lock = DatabaseLock(url)
        try:
            lock.acquire()
            stack.callback(lock.release)
            if lock.alone():
                yield url
        except ServerProblem:  # another rig has it
            continue
        except redis.RedisError:  # no such database, or none of ours
            return


def _about(
    options: SweepOptions, target: Target, seed: int, version: str, slots: int
) -> dict[str, Any]:
    return {
        "scenario": "sweep",
        "target": target.name,
        "chosen": _chosen(options),
        "seed": seed,
        "budget_s": options.budget_s,
        "command": options.command("sweep", seed),
        "about": [],
        "promises": sorted(target.promises),
        "offers": sorted(target.offers),
        "moments": {name: match.label for name, match in target.wire.moments.items()}
        if target.wire
        else {},
        "slots": slots,
        "burst": True,
        "settings": asdict(SETTINGS),
        "versions": versions(target, version),
        "timing": timing(
            target, SETTINGS, max(_SLACK_MS, round(1000 * (target.again_within_s or 0)))
        ),
    }


def _chosen(options: SweepOptions) -> dict[str, str]:
    """The options that repeat a cell."""
    usual = SweepOptions()
    chosen = {"target": options.target} if options.target != usual.target else {}
    return chosen | ({"redis": mask(options.redis)} if options.redis != usual.redis else {})


def _keep(judged: Sequence[Judged], about: dict[str, Any], *, everything: bool) -> None:
    """Keep the directories of cells that are worth a look; `check` reads them."""
    for each in judged:
        directory = each.run.directory
        done = {*each.run.fates.values()} <= {"done"}
        if everything or each.mark is not Mark.OK or not done:
            told = {**about, "scenario": f"sweep {each.run.cell}"}
            write_record(directory, told)
        else:
            shutil.rmtree(directory)
