"""Why a clean job did not come to its end: the mistakes that are natural in a target."""

from __future__ import annotations

from collections.abc import Iterable

from chaos.inference.steps import mentions, parts, texts
from chaos.rig.rig import Rig
from chaos.rig.worker import Worker
from chaos.targets import Job
from chaos.wire import Exchange


def why_not(rig: Rig, worker: Worker, exchanges: Iterable[Exchange], job: Job) -> str:
    """One sentence on what is wrong, and what would be right."""
    asking = rig.setup.target.asks
    assert asking is not None
    names = asking.names_of(job.own_id)
    naming = {"producer": list[str](), worker.name: list[str]()}
    for exchange in exchanges:
        for argv, reply, _ in parts(exchange):
            if mentions([*argv, *texts(reply)], names):
                naming[exchange.process].append(argv[0].decode(errors="replace"))
    return f"{job.own_id}, without any fault, {_why(naming, worker, job, asking.complaint)}"


def _why(naming: dict[str, list[str]], worker: Worker, job: Job, complaint: str) -> str:
    if complaint:
        return f"could not be told what to do: {complaint}; {worker.last_words()}"
    if worker.started(job.own_id):
        return (
            "was begun, and its handler did not say how it ended: call `chaos_job.end` after"
            f" `chaos_job.start`, or only `chaos_job.run`; {worker.last_words()}"
        )
    if not worker.alive:
        return f"was not begun, and {worker.name} has left; {worker.last_words()}"
    if taken := naming[worker.name]:
        return (
            f"was taken by {worker.name} ({taken[0]}), and no handler asked what to do: call"
            f" `chaos_job.run(job)` in it; {worker.last_words()}"
        )
    if stored := naming["producer"]:
        return (
            f"was enqueued ({stored[0]}), and {worker.name} did not take it: does it serve the"
            f" queue that the enqueue program uses? {worker.last_words()}"
        )
    return (
        "was enqueued, as the program says, and no command to the server names it: does the program"
        " use the server's URL in CHAOS_URL, or REDIS_URL?"
    )
