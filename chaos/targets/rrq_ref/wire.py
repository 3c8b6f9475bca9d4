"""Reads the reference's scripts on the wire: which transition a command makes, and what it did.

A job that ends as cancelled is buried, in the rig's words: it has ended, and is not completed.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import Any

from chaos.faults import Match
from chaos.targets import Decode, WorkerSettings
from chaos.wire import Exchange, NoReply, RespError
from rrq_ref import scripts
from rrq_ref.scripts import Script

_NAMES = {script.sha.encode(): script.name for script in scripts.ALL}
_ANSWERS = {b"DONE": "ok", b"BURIED": "ok", b"STOP": "ok", b"STOPPED": "ok", b"REPEAT": "repeat"}
#: Scripts that write what became of an attempt.
_OUTCOMES = ("finish", "retry", "release", "bury")
_BARRIERS = (b"WAIT", b"WAITAOF")
#: Values per job in the reply of lock_and_pop.
_CLAIM_WIDTH = 10


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
    return transitions if settings.durability == "none" else Confirmations()


class Confirmations:
    """Where an outcome counts only once a barrier (WAIT, WAITAOF) has confirmed it.

    Until then nobody knows: it has no answer. A worker writes its outcomes one call after the
    other, each with its barrier behind it.
    """

    def __init__(self) -> None:
        self._open: dict[str, list[dict[str, Any]]] = {}

    def __call__(self, exchange: Exchange) -> Iterator[dict[str, Any]]:
        """As `transitions`; of outcomes each twice, the second time confirmed."""
        if exchange.argv[0].upper() in _BARRIERS:
            waiting = self._open.pop(exchange.process, [])
            yield from waiting if _reached(exchange) else ()
            return
        events = list(transitions(exchange))
        if _name(exchange.argv) not in _OUTCOMES:
            yield from events
            return
        self._open[exchange.process] = [event for event in events if event["answer"] == "ok"]
        yield from (e | {"answer": None} if e["answer"] == "ok" else e for e in events)


def _reached(exchange: Exchange) -> bool:
    """WAIT replicas ms, and WAITAOF disk replicas ms, answer with what there is of each."""
    reply: Any = exchange.reply
    if isinstance(reply, RespError | NoReply):
        return False
    there = reply if isinstance(reply, list) else [reply]
    return all(n >= int(word) for n, word in zip(there, exchange.argv[1:], strict=False))


def transitions(exchange: Exchange) -> Iterator[dict[str, Any]]:
    """What a command did to each job that it named, or may have done if it got no reply."""
    name = _name(exchange.argv)
    reply: Any = exchange.reply
    if name is None or isinstance(reply, RespError):
        return
    # EVALSHA sha n key… arg…
    count = int(exchange.argv[2])
    args = [arg.decode(errors="replace") for arg in exchange.argv[3 + count :]]
    match name:
        case "enqueue":
            yield {"op": "enqueue", **_stored(args, reply)}
        case "lock_and_pop":
            if not isinstance(reply, NoReply):
                yield from _claim(args, reply)
        case "refresh_locks":
            yield from _batch("refresh", args[0], args[4:], 3, reply, ttl_ms=int(args[1]))
        case "finish":
            yield from _batch("finish", args[0], args[4:], 5, reply)
        case "requeue_dlq":
            yield {"op": "requeue", "job": args[0], "answer": _answer(reply)}
        case "cancel":
            if isinstance(reply, NoReply) or reply == b"DONE":
                yield {"op": "bury", "job": args[0], "answer": _answer(reply)}
        case "retry" | "release" | "bury":
            job, worker, token = args[:3]
            yield {
                "op": "bury" if reply in (b"BURIED", b"STOPPED") else name,
                "job": job,
                "token": int(token),
                "worker": worker,
                "answer": _answer(reply),
            }


def _answer(word: Any) -> str | None:
    return None if isinstance(word, NoReply) else _ANSWERS.get(word, "refused")


def _stored(args: list[str], reply: Any) -> dict[str, Any]:
    if isinstance(reply, NoReply):
        return {"job": args[0], "answer": None}
    return {"job": reply[1].decode(), "answer": "ok" if reply[0] == b"CREATED" else "repeat"}


def _claim(args: list[str], reply: Any) -> Iterator[dict[str, Any]]:
    worker, ttl_ms = args[0], int(args[4])
    _, _, jobs, taken_back, buried, _, returned, _ = reply
    for op, flat in (("takeback", taken_back), ("bury", buried), ("release", returned)):
        for job, token in zip(flat[::2], flat[1::2], strict=True):
            token = None if token is None else int(token)
            who = {"worker": worker} if op == "release" else {}
            yield {"op": op, "job": job.decode(), "token": token, **who, "answer": "ok"}
    for start in range(0, len(jobs), _CLAIM_WIDTH):
        _, job, token = jobs[start : start + 3]
        yield {
            "op": "claim",
            "job": job.decode(),
            "token": int(token),
            "worker": worker,
            "answer": "ok",
            "ttl_ms": ttl_ms,
        }


def _batch(
    op: str, worker: str, args: list[str], width: int, reply: Any, **more: Any
) -> Iterator[dict[str, Any]]:
    answers = repeat(reply, len(args) // width) if isinstance(reply, NoReply) else reply
    for start, answer in zip(range(0, len(args), width), answers, strict=True):
        _, job, token = args[start : start + 3]
        yield {
            "op": op,
            "job": job,
            "token": int(token),
            "worker": worker,
            "answer": _answer(answer),
            **more,
        }
