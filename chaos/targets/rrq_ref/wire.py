"""Reads the reference's scripts on the wire: which transition a command makes, and what it did.

A job that ends as cancelled is buried, in the rig's words: it has ended, and is not completed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import repeat
from typing import Any

from chaos.faults import Match
from chaos.history.events import Answer, Operation, Transition
from chaos.targets import Decode, WorkerSettings
from chaos.wire import Exchange, NoReply, RespError
from rrq_ref import scripts
from rrq_ref.scripts import Script

_NAMES = {script.sha.encode(): script.name for script in scripts.ALL}
_ANSWERS: Mapping[bytes, Answer] = {
    b"DONE": "ok",
    b"BURIED": "ok",
    b"STOP": "ok",
    b"STOPPED": "ok",
    b"REPEAT": "repeat",
}
#: Scripts that write what became of one attempt, but for `finish`, which takes many.
_ENDS: Mapping[str, Operation] = {"retry": "retry", "release": "release", "bury": "bury"}
_BARRIERS = (b"WAIT", b"WAITAOF")
#: Values per job in the reply of lock_and_pop, and in a call of enqueue, beside its own fields.
_CLAIM_WIDTH = 10
_ENQUEUE_WIDTH = 4


def _name(argv: list[bytes]) -> str | None:
    """The script that a command calls."""
    if len(argv) > 2 and argv[0].upper() == b"EVALSHA":
        return _NAMES.get(argv[1])
    return None


def _calls(script: Script, label: str) -> Match:
    return Match(label, lambda argv: _name(argv) == script.name)


MOMENTS = {
    "enqueue": _calls(scripts.ENQUEUE, "enqueue"),
    "claim": _calls(scripts.LOCK_AND_POP, "claim"),
    "refresh": _calls(scripts.REFRESH_LOCKS, "refresh"),
    "finish": _calls(scripts.FINISH, "finish"),
    "retry": _calls(scripts.RETRY, "retry"),
    "release": _calls(scripts.RELEASE, "release"),
    "bury": _calls(scripts.BURY, "bury"),
    "requeue": _calls(scripts.REQUEUE_DLQ, "requeue"),
    "cancel": _calls(scripts.CANCEL, "cancel"),
}
# Every other script has its own name, so that a sweep tells their boundaries apart.
_NAMED = {"lock_and_pop", "refresh_locks", "requeue_dlq", *MOMENTS}
MOMENTS |= {each.name: _calls(each, each.name) for each in scripts.ALL if each.name not in _NAMED}


def decoder(settings: WorkerSettings) -> Decode:
    """Reads the commands of one run."""
    return transitions if settings.acknowledge == "none" else Confirmations()


class Confirmations:
    """A decoder for outcomes that count only once a barrier (WAIT, WAITAOF) has confirmed them.

    Until then it is unknown: an outcome has no answer. A worker writes its outcomes one call after
    another, each with its barrier behind it.
    """

    def __init__(self) -> None:
        self._open: dict[str, list[Transition]] = {}

    def __call__(self, exchange: Exchange) -> Iterator[Transition]:
        """The same as `transitions`, but each outcome comes twice, the second time confirmed."""
        if exchange.argv[0].upper() in _BARRIERS:
            waiting = self._open.pop(exchange.process, [])
            yield from waiting if _reached(exchange) else ()
            return
        made = list(transitions(exchange))
        if _name(exchange.argv) not in ("finish", *_ENDS):
            yield from made
            return
        self._open[exchange.process] = [each for each in made if each.answer == "ok"]
        yield from (replace(each, answer=None) if each.answer == "ok" else each for each in made)


def _reached(exchange: Exchange) -> bool:
    """WAIT replicas ms, and WAITAOF disk replicas ms, answer with what there is of each."""
    reply: Any = exchange.reply
    if isinstance(reply, RespError | NoReply):
        return False
    there = reply if isinstance(reply, list) else [reply]
    return all(n >= int(word) for n, word in zip(there, exchange.argv[1:], strict=False))


def transitions(exchange: Exchange) -> Iterator[Transition]:
    """The effect of a command on each job that it named, or its possible one if it got no reply."""
    name = _name(exchange.argv)
    reply: Any = exchange.reply
    if name is None or isinstance(reply, RespError):
        return
    # EVALSHA sha n key… arg…
    count = int(exchange.argv[2])
    args = [arg.decode(errors="replace") for arg in exchange.argv[3 + count :]]
    match name:
        case "enqueue":
            yield from _stored(args, reply)
        case "lock_and_pop":
            if not isinstance(reply, NoReply):
                yield from _claim(args, reply)
        case "refresh_locks":
            yield from _batch("refresh", args[0], args[4:], 3, reply, ttl_ms=int(args[1]))
        case "finish":
            yield from _batch("finish", args[0], args[4:], 5, reply)
        case "requeue_dlq":
            yield Transition(op="requeue", job=args[0], answer=_answer(reply))
        case "cancel":
            if isinstance(reply, NoReply) or reply == b"DONE":
                yield Transition(op="bury", job=args[0], answer=_answer(reply))
        case "retry" | "release" | "bury":
            job, worker, token = args[:3]
            op = "bury" if reply in (b"BURIED", b"STOPPED") else _ENDS[name]
            yield Transition(
                op=op,
                job=job,
                token=int(token),
                worker=worker,
                answer=_answer(reply),
                delay_ms=int(args[5]) if op == "retry" else None,
            )


def _answer(word: Any) -> Answer | None:
    return None if isinstance(word, NoReply) else _ANSWERS.get(word, "refused")


def _stored(args: list[str], reply: Any) -> Iterator[Transition]:
    shared = 3 + int(args[2])
    own = int(args[shared])
    ids = args[shared + 1 + own :: _ENQUEUE_WIDTH + own]
    if isinstance(reply, NoReply):
        yield from (Transition(op="enqueue", job=job) for job in ids)
        return
    for job, standing in zip(ids, reply[1:], strict=True):
        if standing:
            yield Transition(op="enqueue", job=standing.decode(), answer="repeat")
        else:
            yield Transition(op="enqueue", job=job, answer="ok")


def _claim(args: list[str], reply: Any) -> Iterator[Transition]:
    worker, ttl_ms = args[0], int(args[4])
    _, _, jobs, taken_back, buried, _, returned, _ = reply
    ended: tuple[tuple[Operation, str | None, Any], ...] = (
        ("takeback", None, taken_back),
        ("bury", None, buried),
        ("release", worker, returned),
    )
    for op, who, flat in ended:
        for job, token in zip(flat[::2], flat[1::2], strict=True):
            token = None if token is None else int(token)
            yield Transition(op=op, job=job.decode(), token=token, worker=who, answer="ok")
    for start in range(0, len(jobs), _CLAIM_WIDTH):
        _, job, token = jobs[start : start + 3]
        yield Transition(
            op="claim",
            job=job.decode(),
            token=int(token),
            worker=worker,
            answer="ok",
            ttl_ms=ttl_ms,
        )


def _batch(
    op: Operation,
    worker: str,
    args: list[str],
    width: int,
    reply: Any,
    *,
    ttl_ms: int | None = None,
) -> Iterator[Transition]:
    answers = repeat(reply, len(args) // width) if isinstance(reply, NoReply) else reply
    for start, answer in zip(range(0, len(args), width), answers, strict=True):
        _, job, token = args[start : start + 3]
        yield Transition(
            op=op, job=job, token=int(token), worker=worker, answer=_answer(answer), ttl_ms=ttl_ms
        )
