"""A clean run: a few jobs, one at a time, on workers that nothing disturbs, seen on the wire."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from chaos.history.tail import Tail
from chaos.inference.moments import Attempt, Inferred, Observed, infer
from chaos.inference.preflight import why_not
from chaos.inference.steps import entries, ids_in, job_in, parts, texts
from chaos.rig.opening import opened
from chaos.rig.problem import RigProblem
from chaos.rig.progress import Progress
from chaos.rig.remains import Remains, remains_of
from chaos.rig.rig import Rig
from chaos.rig.setup import Setup
from chaos.servers import Server
from chaos.targets import Job
from chaos.targets.asking import Asking
from chaos.wire import Exchange

#: Work that outlives the leases that a target is asked to take, so that it is renewed.
_LONG_MS = 3_000
#: A job that has failed, and is not started again for so long, is not retried any more.
_STILL_S = 4.0
#: The longest that a dead worker's job is waited for.
AGAIN_S = 60.0
#: For a job to come to its end.
_PATIENCE_S = 20.0
#: What the jobs do, for each worker.
_PLANS: tuple[tuple[dict[str, object], ...], ...] = (
    (
        {"do": "ok", "ms": 20},
        {"do": "fail", "times": 1},
        {"do": "ok"},
        {"do": "ok", "ms": _LONG_MS},
    ),
    ({"do": "ok"}, {"do": "fail", "times": 100}, {"do": "fail", "times": 1}),
)


def watch(setup: Setup, progress: Progress) -> Inferred:
    """Play a clean run, and tell which commands make the transitions. Raises `RigProblem` when a
    job does not come to its end, and what `opened` raises."""
    asking = setup.target.asks
    if asking is None:
        raise RigProblem(
            f"the handlers of {setup.target.name} do not ask the rig, so nothing can be inferred"
        )
    with opened(setup, progress) as rig:
        observed, held = _observed(rig, asking)
        inferred = replace(infer(observed), leaves=_left(rig, asking) | {"held": held})
        if (again_s := setup.target.again_within_s) is not None:
            return replace(inferred, again_s=again_s)
        measured_s = _measured(rig)
        never = measured_s is None
        return replace(inferred, again_s=AGAIN_S if never else measured_s, never_again=never)


def _left(rig: Rig, asking: Asking) -> dict[str, Remains]:
    """What is left of the jobs that were done, and of those that have failed for good, where that
    is the same for all of them."""
    states = {job: "completed" if asking.succeeded(job) else "dead" for job in rig.seen.jobs}
    left = _remains(rig, asking, states)
    found = {
        state: {left[job] for job, its in states.items() if its == state}
        for state in ("completed", "dead")
    }
    return {state: sets.pop() for state, sets in found.items() if len(sets) == 1}


def _remains(rig: Rig, asking: Asking, jobs: Iterable[str]) -> dict[str, Remains]:
    with closing(rig.server.client()) as client:
        return remains_of(client, {job: asking.names_of(job) for job in jobs})


def _measured(rig: Rig) -> float | None:
    """The time until the job of a worker that is killed is started again, and half of it more;
    None where it does not come back."""
    victim, job = rig.workers.start(), rig.job({"do": "once", "ms": 600_000}, max_retries=5)
    rig.enqueue([job])
    rig.wait(f"{job.own_id} at work", victim.started, job.own_id)
    rig.workers.kill_all_of(victim)
    killed = time.monotonic()
    heir = rig.workers.start()
    back = rig.allow(AGAIN_S, heir.started, job.own_id)
    took_s = time.monotonic() - killed
    rig.progress.say(
        f"a dead worker's job came back after {took_s:.1f} s"
        if back
        else f"a dead worker's job did not come back within {AGAIN_S:g} s"
    )
    rig.workers.leave()
    return took_s * 1.5 + 1 if back else None


def _observed(rig: Rig, asking: Asking) -> tuple[Observed, Remains]:
    """What was seen, and what is in the store of a job while it runs."""
    held: Remains = frozenset()
    exchanges: list[Exchange] = []
    rig.wire.watcher = exchanges.append
    through = rig.wire.listener("producer")
    watched = _Handlers(rig.directory / "history")
    jobs: list[Job] = []
    # Two workers, so that what only one of them names is no part of a command.
    for plans in _PLANS:
        worker = rig.workers.start()
        for plan in plans:
            job = rig.job(dict(plan), max_retries=2)
            jobs.append(job)
            if (error := rig.enqueue([job], through=through)) is not None:
                raise RigProblem(f"nothing can be played: {error}")
            if plan.get("ms") == _LONG_MS and rig.allow(_PATIENCE_S, worker.started, job.own_id):
                held = _remains(rig, asking, [job.own_id])[job.own_id]
            if not _ends(rig, watched, job):
                raise RigProblem(why_not(rig, worker, exchanges, job))
        rig.workers.leave()
        rig.wire.still_busy([worker.name])
    _learn(exchanges, asking)
    observed = Observed(
        exchanges=sorted(exchanges, key=lambda exchange: exchange.t_reply),
        attempts=watched.attempts(),
        names={job.own_id: asking.names_of(job.own_id) for job in jobs},
        writing=writing_commands(rig.server),
    )
    return observed, held


def _learn(exchanges: list[Exchange], asking: Asking) -> None:
    """Find what else names a job: the id of its entry in a stream, and ids within its record that
    are in no other's."""
    also: dict[bytes, set[str]] = {}
    for exchange in exchanges:
        for entry, fields in entries(exchange.reply):
            if (stored := job_in(fields, asking.names)) is not None:
                asking.names[entry] = stored
        for argv, reply, _ in parts(exchange):
            for text in (*argv, *texts(reply)):
                job = job_in([text], asking.names)
                for name in ids_in(text) if job is not None else ():
                    also.setdefault(name, set()).add(job or "")
    for name, jobs in also.items():
        if len(jobs) == 1:
            asking.names.setdefault(name, jobs.pop())


class _Handlers:
    """The runs of handlers, as their history tells them."""

    def __init__(self, history: Path) -> None:
        self._tail = Tail(history, "worker-*.jsonl")
        self._starts: dict[tuple[str, str], int] = {}
        self._attempts: list[Attempt] = []
        self.moved_t = 0

    def attempts(self) -> list[Attempt]:
        """Those that have ended."""
        for event in map(json.loads, self._tail.read()):
            self.moved_t = max(self.moved_t, event["t"])
            place = event.get("job", ""), event["process"]
            if event["type"] == "start":
                self._starts[place] = event["t"]
            elif event["type"] == "end":
                self._attempts.append(
                    Attempt(
                        job=event["job"],
                        process=event["process"],
                        start_t=self._starts[place],
                        end_t=event["t"],
                        ok=event["outcome"] == "ok",
                    )
                )
        return self._attempts


def _ends(rig: Rig, handlers: _Handlers, job: Job) -> bool:
    """Wait until a job has succeeded, or has failed and is not tried again."""
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        mine = [attempt for attempt in handlers.attempts() if attempt.job == job.id]
        still_s = (time.monotonic_ns() - handlers.moved_t) / 1e9
        if any(attempt.ok for attempt in mine) or (mine and still_s > _STILL_S):
            rig.let_work(0.2)  # what settles it comes after the handler's end
            return True
        rig.let_work(0.01)
    return False


def writing_commands(server: Server) -> set[bytes]:
    """The names of the commands that write, by the server's own account."""
    with closing(server.client()) as client:
        return {
            str(name).upper().encode()
            for name, about in client.command().items()
            if "write" in {_word(flag) for flag in about["flags"]}
        }


def _word(flag: object) -> str:
    return flag.decode() if isinstance(flag, bytes) else str(flag)
