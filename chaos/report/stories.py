"""The story of one job, event by event, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaos.report.words import plain

Event = Mapping[str, Any]
Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Story:
    """A job, and the lines that `tell` makes of its events."""

    job: str
    lines: Sequence[Line]


MAX_LINES = 80
"""The most events of one job that are told."""

_ID_LENGTH = 80
_TEXT_LENGTH = 400

# op of a transition -> what it means when the server applied it, and what was tried.
_OPS = {
    "enqueue": ("stored in the queue", "storing it"),
    "claim": ("claimed: taken off the queue and locked", "claim"),
    "refresh": ("lock renewed", "renewal of the lock"),
    "finish": ("completion accepted: the job is done", "completion"),
    "retry": ("failure recorded, put back into the queue for a retry", "retry"),
    "release": ("handed back unfinished, to be started by another worker", "release"),
    "bury": ("dead-lettered", "dead-lettering"),
    "takeback": ("lock had expired: taken back into the queue", "taking back"),
    "requeue": ("put back into the queue from the dead letters", "requeue"),
}
_ENDS = {
    "ok": ("the handler returned", "ok"),
    "error": ("the handler raised an error", "warn"),
    "cancelled": ("the handler was cancelled", "note"),
    "lost": ("the handler was cancelled: its lock was lost", "note"),
}
_FINALS = {
    "queue": "in the end it is still in the queue",
    "lock": "in the end it is still locked",
    "dlq": "in the end it is among the dead letters",
}


def tell(events: Sequence[Event], origin: int) -> list[Line]:
    """The lines of a job's story: `t` in ms since `origin` (ns), `who`, `text`, `tone`.

    Renewals in a row become one line; a story that is too long loses its middle.
    """
    lines = list(_merged(_line(event, origin) for event in events))
    if len(lines) <= MAX_LINES:
        return lines
    head, tail = MAX_LINES * 3 // 4, MAX_LINES // 4
    gap = {
        "t": lines[head]["t"],
        "who": "",
        "text": f"({len(lines) - head - tail:,} events left out)",
        "tone": "note",
    }
    return [*lines[:head], gap, *lines[-tail:]]


def _merged(lines: Iterable[Line]) -> Iterator[Line]:
    held: Line | None = None
    times = 1
    for line in lines:
        if held is not None and (held["text"], held["who"]) == (line["text"], line["who"]):
            held, times = line, times + 1
            continue
        if held is not None:
            yield _repeated(held, times)
        held, times = line, 1
    if held is not None:
        yield _repeated(held, times)


def _repeated(line: Line, times: int) -> Line:
    return line if times == 1 else line | {"text": f"{line['text']} ({times:,} times by now)"}


def _line(event: Event, origin: int) -> Line:
    text, tone = _WORDS[event["type"]](event)
    return {
        "t": round((event["t"] - origin) / 1e6, 3),
        "who": plain(event["process"], _ID_LENGTH),
        "text": plain(text, _TEXT_LENGTH),
        "tone": tone,
    }


def _enqueue(event: Event) -> tuple[str, str]:
    error = f": {event['error']}" if event["error"] else ""
    match event["phase"]:
        case "ok":
            other = event["answer_job"]
            same = other is None or other == event["job"]
            return ("enqueue acknowledged" + ("" if same else f" as the job {other}"), "ok")
        case "fail":
            return (f"enqueue refused, it definitely did not happen{error}", "bad")
        case "info":
            return (f"no answer to the enqueue, it may have happened{error}", "bad")
    about = [f"unique key {event['unique']}"] if event["unique"] else []
    about += ["not due yet"] if event["due_t"] and event["due_t"] > event["t"] else []
    return ("enqueue sent" + (f" ({', '.join(about)})" if about else ""), "note")


def _start(event: Event) -> tuple[str, str]:
    return (f"the handler starts{_token(event)}", "start")


def _end(event: Event) -> tuple[str, str]:
    text, tone = _ENDS[event["outcome"]]
    return (f"{text}{_token(event)}", tone)


def _transition(event: Event) -> tuple[str, str]:
    applied, tried = _OPS[event["op"]]
    if event["op"] == "claim" and event["token"] is None:
        applied = "claimed: taken off the queue"
    match event["answer"]:
        case "ok":
            return (applied + _token(event), "ok" if event["op"] in ("finish", "claim") else "note")
        case "repeat":
            return (f"{tried} sent again{_token(event)}: it had been applied before", "note")
        case "refused":
            return (f"{tried} REFUSED by the server{_token(event)}", "bad")
    return (f"{tried} sent{_token(event)}, no answer was seen: it may have been applied", "bad")


def _fault(event: Event) -> tuple[str, str]:
    at = f" at {event['phase']}" if event["phase"] else ""
    of = f" of {event['target']}" if event["target"] else ""
    if event["event"] == "healed":
        return (f"fault over: {event['kind']}{of}", "fault")
    return (f"FAULT: {event['kind']}{of}{at}", "fault")


def _expected(event: Event) -> tuple[str, str]:
    if event["after"]:
        return (f"it must not be started before the job {event['after']}", "note")
    return (f"in the end it must be {event['state']}", "note")


def _final(event: Event) -> tuple[str, str]:
    if event["what"] == "job":
        retries = f", retries counted: {event['retries']}" if event["retries"] else ""
        tone = "ok" if event["state"] == "completed" else "bad"
        return (f"in the end it is {event['state']}{retries}", tone)
    if event["what"] == "effect":
        return ("in the end an effect of it is found in the store" + _token(event), "note")
    return (_FINALS.get(event["what"], f"in the end: {event['what']}"), "bad")


def _token(event: Event) -> str:
    return "" if event["token"] is None else f" [token {event['token']}]"


_WORDS = {
    "enqueue": _enqueue,
    "start": _start,
    "end": _end,
    "transition": _transition,
    "fault": _fault,
    "expected": _expected,
    "final": _final,
}
