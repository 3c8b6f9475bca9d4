"""Producers are hit in the middle of an enqueue, and others ask for the same jobs again.

Each one enqueues a few jobs, or a few hundred, in one call, on several queues, with the sync or the
async client. It is killed, interrupted (SIGINT, which cancels the async client's call), cut off for
longer than it waits, or disconnected, at one of the call's commands; those that live ask again by
themselves, through the same client. Once the work that came of it is done, the rig asks
for all jobs again. Whatever was in doubt is settled then: there is one job of each id, with the
arguments that were given, and it runs once.

Others are told that the server is out of memory whenever they send one job of their call. Some send
only this one; its first try is stored, and the reply is lost. Whoever says that such a call was
refused must have stored none of it.
"""

import itertools

from chaos.faults import ERRORS
from chaos.jobs.making import draw
from chaos.rig.producers import ProducerProcess
from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.rig.wire import At
from chaos.targets import Job, WorkerSettings

#: Faults, each with the side of the command and its further fields. The reply to an enqueue that is
#: interrupted is held back, so that the signal comes in the middle of the call.
_FAULTS = (
    At("enqueue", "before-send", "kill"),
    At("enqueue", "before-reply", "kill"),
    At("enqueue", "before-reply", "int", more={"for_ms": 300}),
    At("enqueue", "before-send", "int", more={"for_ms": 300}),
    At("enqueue", "before-reply", "reset"),
    At("enqueue", "before-reply", "partition", more={"for_ms": 2_500}),
)
#: So often a command with the job is refused: more than a client tries by itself.
_REFUSALS = 5
#: Jobs in one call; more than the reference sends in one round trip, and what fits into it.
_FEW, _MANY = 6, 300


def play(rig: Rig) -> None:
    rig.workers.start_all()
    clients = rig.setup.target.clients
    hit = [
        rig.producers.start(_jobs(rig, client, place), client, fault)
        for place, (client, fault) in enumerate(itertools.product(clients, _FAULTS))
    ]
    refused = [
        _refused(rig, client, len(hit) + place, stored=stored)
        for place, (client, stored) in enumerate(itertools.product(clients, (False, True)))
    ]
    rig.landed(*hit)
    for producer in [*hit, *refused]:
        rig.wait(f"the end of {producer.name}", producer.over)
    rig.wire.call_off(*refused)  # who was refused once may have left
    rig.wait("the work that came of it", rig.seen.idle)
    for producer in hit:
        rig.enqueue(producer.jobs)


def _refused(rig: Rig, client: str, place: int, *, stored: bool) -> ProducerProcess:
    """One that cannot get the second of its jobs stored for a while; or that has one job, whose
    first try is `stored` without an answer, and each later one is refused."""
    jobs = _jobs(rig, client, place)[: 1 if stored else None]
    refused, full = jobs[0 if stored else 1].own_id, {"error": ERRORS["OOM"]}
    faults = [
        At("enqueue", "before-send", "error", nth, job=refused, more=full)
        for nth in range(1, _REFUSALS + 1)
    ]
    if stored:
        faults[0] = At("enqueue", "before-reply", "reset", job=refused)
    return rig.producers.start(jobs, client, *faults)


def _jobs(rig: Rig, client: str, place: int) -> list[Job]:
    """Jobs of all kinds that have ids: nobody can ask again for one whose id is not known."""
    takes = {*rig.setup.target.takes} - {"id", "crashes", "timeout"}
    size = _MANY if place % len(_FAULTS) == 1 and "batch" in takes else _FEW
    queues = rig.setup.settings.queues
    name = f"of-{place + 1}"
    return draw(rig.random, size, name=name, queues=queues, takes=takes, client=client)


SCENARIO = Scenario(
    name="producers",
    story=__doc__,
    guarantees=("no-loss", "no-phantom", "one-commit", "effects-once"),
    play=play,
    needs=("enqueue",),
    workers=2,
    jobs=0,
    # A dozen processes start at the same time, which keeps a machine busy.
    settings=WorkerSettings(
        queues=("chaos", "second"),
        concurrency=10,
        lock_ttl_ms=2_000,
        health_interval_ms=1_000,
        health_slack_ms=3_000,
    ),
)

if __name__ == "__main__":
    from chaos.cli import main

    main(SCENARIO)
