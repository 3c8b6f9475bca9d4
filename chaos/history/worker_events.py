"""The events that worker processes write.

They have a module of their own because a worker under test imports it: all the other events would
make its start slower.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from chaos.history.event import Event

Outcome = Literal["ok", "error", "cancelled", "lost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello(Event):
    """A worker is there. It says so before its first job, and so does each worker of a fleet."""

    type = "hello"
    worker: Annotated[str, "the id that the queue knows it by, as in its health key"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Start(Event):
    """A handler begins."""

    type = "start"
    job: Annotated[str, "id of the job"]
    token: Annotated[int | None, "fencing token, where the queue has one"] = None
    worker: Annotated[str | None, "as in `hello`"] = None
    arguments: Annotated[str | None, "digest of the arguments that the handler got"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class End(Event):
    """The handler that the same process started for this job and token is over."""

    type = "end"
    job: Annotated[str, "id of the job"]
    outcome: Annotated[
        Outcome, "`ok`; `error`: it raised; `cancelled`; `lost`: it stopped as its lock was lost"
    ]
    token: Annotated[int | None, "as in `start`"] = None
    result: Annotated[str | None, "of `ok`: digest of what the handler returned"] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals(Event):
    """What a worker in Python knows of itself: now and then, when a handler has ended."""

    type = "vitals"
    tasks: Annotated[int, "asyncio tasks that have not ended"]
    blocks: Annotated[int, "blocks of memory that Python has allocated"]
