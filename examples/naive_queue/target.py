"""The naive queue as a target: `--target examples.naive_queue.target:TARGET`."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence

from redis import RedisError

from chaos.faults import command
from chaos.history.events import FinalJob, Operation, Transition
from chaos.targets import Command, EnqueueInDoubt, Job, Target, Wire, WorkerSettings
from chaos.wire import Exchange, NoReply
from examples.naive_queue import queue


class Client(queue.Queue):
    """Enqueues, and looks into the store."""

    def __init__(self, url: str, settings: WorkerSettings) -> None:
        super().__init__(url, settings.queue)

    def enqueue(self, jobs: Sequence[Job]) -> list[str]:
        try:
            return [self.push("behave", {"plan": {**job.plan}}, id=job.id) for job in jobs]
        except RedisError as error:
            raise EnqueueInDoubt(str(error)) from error

    def backlog(self) -> int:
        return len(self.waiting())

    def final_state(self, jobs: Iterable[str]) -> Iterator[FinalJob]:
        waiting, results = {job.id for job in self.waiting()}, self.results()
        for job in jobs:
            if job in results:
                yield FinalJob(job=job, state="completed" if "ok" in results[job] else "dead")
            else:
                yield FinalJob(job=job, state="queued" if job in waiting else "missing")


def decode(exchange: Exchange) -> Iterator[Transition]:
    """A pop is a claim, and a result ends the job."""
    match exchange.argv, exchange.reply:
        case [b"BLPOP", *_], [_, bytes(job)]:
            yield Transition(op="claim", job=json.loads(job)["id"], answer="ok")
        case [b"HSET", _, job, result], reply:
            end: Operation = "finish" if result.startswith(b'{"ok"') else "bury"
            known = not isinstance(reply, NoReply)
            yield Transition(op=end, job=job.decode(), answer="ok" if known else None)


TARGET = Target(
    name="naive_queue",
    promises={"no-loss", "no-phantom", "one-commit", "alive"},
    worker=Command([sys.executable, "-m", "examples.naive_queue.tested_worker"]),
    producer=Client,
    inspector=Client,
    wire=Wire(
        moments={"claim": command("BLPOP"), "finish": command("HSET")}, decoder=lambda _: decode
    ),
)
