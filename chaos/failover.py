"""A primary is killed under load, and Sentinel puts its replica in its place.

Before that, nothing that the primary does reaches the replica any more, as happens for a moment
before many a failover. So what the primary acknowledged alone is gone with it. It depends on what
an acknowledgement waits for (`--acknowledge`):

* `none`: for nothing. The verdict has to find what is lost, and count it: acknowledged jobs, and
  commits that are undone, so that their jobs are committed a second time.
* `replicated`: until the replica has it in memory (`WAIT`). Nothing that was acknowledged is lost;
  while the replica is away nothing is acknowledged, and producers are told that nobody knows.
* `fsynced`: until it is on the disk of both (`WAITAOF`).
* `both` (`none` and `replicated`) or `all`, from the command line: one after the other, and a
  table. That `none` loses jobs shows that this failover can; if it does not, the run proves nothing
  (exit code 3).

The replica takes over the address too, as the holder of a virtual address does.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from chaos.checks import Outcome
from chaos.cli import output
from chaos.cli.main import common_options, enter, guarded, report
from chaos.report import print_verdict
from chaos.rig.options import Options
from chaos.rig.playing import Played
from chaos.rig.playing import play as play_scenario
from chaos.rig.progress import Progress
from chaos.rig.rig import Rig
from chaos.rig.scenario import Parameter, Scenario
from chaos.rig.workers import RigProblem
from chaos.servers.binary import BinaryServer
from chaos.servers.replication import Replication
from chaos.targets.target import WorkerSettings

#: The first is the control.
MODES = ("none", "replicated", "fsynced")


def play(rig: Rig) -> None:
    if not isinstance(rig.server, BinaryServer):
        raise RigProblem("failover starts a replica of its server; use embedded or local")
    rig.settings = replace(rig.settings, acknowledge=rig.parameters["acknowledge"])
    pair = rig.stays(Replication(rig.server, rig.directory / "replication", "always"))
    for _ in range(rig.workers):
        rig.worker()
    with rig.load():
        rig.pause(0.6)
        pair.cut_off()
        rig.progress.say("the replica is cut off")
        rig.pause(0.6)
        rig.redis.replaced(pair.take_over)
        rig.pause(0.4)
    rig.everyone_works()


SCENARIO = Scenario(
    name="failover",
    story=__doc__,
    guarantees=("no-loss", "alive", "effects-once"),
    play=play,
    workers=2,
    settings=WorkerSettings(lock_ttl_ms=1_000),
    durability="always",
    owns_server=True,
    parameters=(
        Parameter(
            name="acknowledge",
            help="What an acknowledgement waits for.",
            default="replicated",
            choices=MODES,
        ),
    ),
)


def table(played: dict[str, Played]) -> Table:
    """What each mode acknowledged, and what of that was lost."""
    rows = Table(title="a failover after the replica was cut off", title_justify="left")
    rows.add_column("waits until")
    for name in ("acknowledged", "in doubt", "lost", "commits undone"):
        rows.add_column(name, justify="right")
    rows.add_column("verdict")
    for mode, one in played.items():
        counts = one.verdict.counts
        numbers = [counts["acknowledged"], counts["uncertain"]]
        numbers += [found(one, "lost"), found(one, "double-commit")]
        rows.add_row(mode, *(f"{number:,}" for number in numbers), one.verdict.outcome.upper())
    return rows


def found(played: Played, anomaly: str) -> int:
    """Cases of an anomaly."""
    return sum(check.broken for check in played.verdict.checks if check.anomaly == anomaly)


@click.command(help=__doc__)
@click.option(
    "--acknowledge",
    type=click.Choice([*MODES, "both", "all"]),
    default="both",
    show_default=True,
    help="What an acknowledgement waits for.",
)
@common_options
def command(
    acknowledge: str, json_path: Path | None, junit_path: Path | None, **chosen: Any
) -> None:
    def work() -> int:
        console = output.console()
        modes = {"both": MODES[:2], "all": MODES}.get(acknowledge, (acknowledge,))
        played = {}
        for mode in modes:
            out = chosen["out"] / mode if chosen["out"] and len(modes) > 1 else chosen["out"]
            options = Options(**chosen | {"out": out}, parameters={"acknowledge": mode})
            progress = Progress(console)
            progress.keep(f"acknowledging waits until: {mode}")
            played[mode] = play_scenario(SCENARIO, options, progress)
        for mode in modes[-1:] if len(modes) == 1 else _wrong(played):
            print_verdict(played[mode].verdict, console)
        console.print(table(played))
        for mode, one in played.items():
            where = f"{mode}: run directory: {one.directory} ({one.seconds:.1f} s)"
            console.print(where, soft_wrap=True)
        judged = [played[mode].verdict for mode in modes if len(modes) == 1 or mode != MODES[0]]
        code = report(judged, json_path, junit_path)
        if len(modes) > 1 and not found(played[MODES[0]], "lost"):
            console.print("UNKNOWN: nothing was lost without waiting, so this proves nothing")
            return code or Outcome.UNKNOWN.exit_code
        return code

    sys.exit(guarded(work))


def _wrong(played: dict[str, Played]) -> list[str]:
    """Modes whose verdict is not what it has to be."""
    right = {mode: Outcome.FAIL if mode == MODES[0] else Outcome.PASS for mode in MODES}
    return [mode for mode, one in played.items() if one.verdict.outcome is not right[mode]]


if __name__ == "__main__":
    enter(command, "python -m chaos.failover")
