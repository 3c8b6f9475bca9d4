"""A primary is killed under load, and Sentinel puts its replica in its place.

Before that, the primary's writes no longer reach the replica, as happens for a moment before many
a failover. So every write that only the primary acknowledged is lost with it. The outcome depends
on what an acknowledgement waits for (`--acknowledge`):

* `none`: for nothing. The verdict has to find and count the losses: acknowledged jobs, and commits
  that are undone, so that their jobs are committed a second time.
* `replicated`: until the replica has the write in memory (`WAIT`). Nothing that was acknowledged is
  lost. While the replica is away nothing is acknowledged, and producers hear that it is unknown.
* `fsynced`: until the write is on the disks of both (`WAITAOF`).
* `both` (`none` and `replicated`) or `all`, from the command line: one after another, and a table.
  The loss of jobs with `none` shows that this failover can lose jobs; without it the run proves
  nothing (exit code 3).

The replica also takes over the address, as the holder of a virtual address does. Where
acknowledgements wait for a replica, it is given one of its own a little later.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from chaos.rig.problem import RigProblem
from chaos.rig.rig import Rig
from chaos.rig.scenario import Parameter, Scenario
from chaos.rig.setup import Setup
from chaos.servers.binary import BinaryServer
from chaos.servers.replication import Replication
from chaos.targets import WorkerSettings

#: The first is the control.
MODES = ("none", "replicated", "fsynced")


def prepare(setup: Setup) -> Setup:
    acknowledge = setup.parameters["acknowledge"]
    return replace(setup, settings=replace(setup.settings, acknowledge=acknowledge))


def play(rig: Rig) -> None:
    if not isinstance(rig.server, BinaryServer):
        raise RigProblem("failover starts a replica of its server; use embedded or local")
    pair = rig.stays(Replication(rig.server, rig.directory / "replication", "always"))
    rig.workers.start_all()
    with rig.load():
        rig.let_work(0.6)
        with _alone(rig, pair):
            rig.let_work(0.6)
            rig.redis.once("server-failover", take_over=pair.take_over)
            rig.let_work(0.4)
    rig.everyone_works()


@contextmanager
def _alone(rig: Rig, pair: Replication) -> Iterator[None]:
    """The server is without its replica: a fault for whoever waits for one. Others must lose
    nothing by it alone."""
    if rig.setup.settings.acknowledge == "none":
        pair.cut_off()
        rig.progress.say("the replica is cut off")
        yield
    else:
        with rig.redis.during("server-alone", cut_off=pair.cut_off, join=pair.join):
            yield


SCENARIO = Scenario(
    name="failover",
    story=__doc__,
    guarantees=("no-loss", "alive", "effects-once"),
    play=play,
    prepare=prepare,
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


if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
